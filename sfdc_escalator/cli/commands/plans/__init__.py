"""The commands about saved plans, and the options of `run` that save and compare one."""
