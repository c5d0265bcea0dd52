"""A seeded simulator: real runs over real HTTP meet faults, kills, pauses, other runners and busy agents."""
