"""Does an org have what a policy requires? Requirements, gaps as data, and the one sentence of each kind of gap."""
