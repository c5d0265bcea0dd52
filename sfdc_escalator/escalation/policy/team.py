"""The part of a team that steps need."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Team:
    """`queue` is the queue's DeveloperName."""

    name: str
    queue: str
