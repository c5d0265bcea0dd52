"""The form of a kind of condition in a policy file: its keys, the values that each takes, and examples.

`files/language` makes the checks, the editor's schema and the hover texts from it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, NamedTuple

from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.time.calendars import Calendar


class Takes(Enum):
    """The single values that keys take. `files/language/types` checks each of them."""

    FIELD = auto()
    TEXT_SOURCE = auto()
    VALUE = auto()
    VALUE_OR_TABLE = auto()
    BOUNDARY = auto()
    BOUNDARY_OR_TABLE = auto()
    BEGINNING = auto()
    CHOICE = auto()
    PATTERN = auto()
    FLAG = auto()
    COUNT = auto()
    NAME = auto()
    PHRASE = auto()
    QUEUE = auto()
    RELATION = auto()
    TABLE = auto()
    FRAGMENT = auto()
    DURATION = auto()
    LIMIT = auto()
    SIGNED_LIMIT = auto()
    CALENDAR = auto()


@dataclass(frozen=True, slots=True)
class OneOf:
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Several:
    """A list with one entry or more, or one entry without a list."""

    of: "Takes | OneOf"


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list with one entry or more."""

    of: "Takes | OneOf"


@dataclass(frozen=True, slots=True)
class Conditions:
    """A condition, or a list of conditions, of these kinds; of any kind when `kinds` is empty."""

    kinds: tuple[str, ...] = ()


Form = Takes | OneOf | Several | ListOf | Conditions


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a condition. `hover` is shown over it in an editor."""

    name: str
    takes: Form
    hover: str
    required: bool = False


class Refusal(NamedTuple):
    """The fault of a condition whose single values are valid. `key` is the key at fault, if there is one."""

    message: str
    expected: str
    found: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """The declarations of the policy that its conditions name. `queues` is the queue of each team that has one,
    `users` the user of each of the others that has one."""

    words: Mapping[str, Sequence[str]]
    calendars: Mapping[str, Calendar]
    queues: Mapping[str, str]
    users: Mapping[str, str] = field(default_factory=dict)


Given = Mapping[str, Any]
"""The keys that the file has, each with its checked value."""


def nothing(given: Given) -> Iterator[Refusal]:
    yield from ()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of condition. Its first key has its name and takes its subject. `examples` are conditions of this kind."""

    about: str
    keys: tuple[Key, ...]
    build: Callable[[Given, Terms], Condition]
    examples: tuple[str, ...]
    refusals: Callable[[Given], Iterable[Refusal]] = nothing

    @property
    def name(self) -> str:
        return self.keys[0].name
