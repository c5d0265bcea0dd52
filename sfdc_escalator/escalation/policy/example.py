"""An example of a policy as a value: a made-up case, and what its author expects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from sfdc_escalator.escalation.world.case import Value


class ExpectedLater(NamedTuple):
    """The values that a case is expected to have this long after the start of its escalation, when nobody acts."""

    after: timedelta
    steps: Mapping[str, str]
    place: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Example:
    """A case that the policy's author made up, and what they expect of it.

    `fields` by path, times as written; `age` since the case was made; who spoke how long ago; `related` counts by
    relation, as written (`Contact.ReturnOrders`); `expect` is a route's name, or None; `steps` are the values that its
    steps are expected to give, by key, and `later` those that its ladder is. `place` is (line, column).
    """

    fields: Mapping[str, Value]
    expect: str | None
    age: timedelta | None = None
    customer_spoke: timedelta | None = None
    agent_spoke: timedelta | None = None
    related: Mapping[str, int] = field(default_factory=dict)
    steps: Mapping[str, str] = field(default_factory=dict)
    later: tuple[ExpectedLater, ...] = ()
    place: tuple[int, int] = (0, 0)
