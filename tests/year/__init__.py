"""A simulated year of ladders: cases, people who act, act late or do not act, and a judge with a clock of its own."""
