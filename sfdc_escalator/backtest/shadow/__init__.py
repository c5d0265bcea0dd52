"""The acts of policies in the past of an org, had its own rules been switched off."""
