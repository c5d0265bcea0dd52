"""The progress of long work, for the person who waits for it."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Sees how much of a stage is done: its name, the part that is done, and the whole; 0 while the whole is not known. A
stage ends when all of it is done."""


def unseen(_stage: str, _done: int, _total: int) -> None:
    """Shows no progress."""
