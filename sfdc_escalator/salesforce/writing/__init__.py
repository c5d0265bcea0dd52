"""The composite request that carries an escalation, and the reading of its answer."""
