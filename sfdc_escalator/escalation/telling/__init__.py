"""The notices that matches and ended escalations yield: to whom, and what they say."""
