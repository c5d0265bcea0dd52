"""A requirement of a policy that is not met, as data. Its sentence is made in `sentences`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum, auto
from functools import cache

from sfdc_escalator.errors import Severity

GIVEN_BY_TABLES = ("values", "rows", "else")
"""The keys under which a table holds the values that it gives."""


@cache
def field_keys() -> tuple[str, ...]:
    """The keys of a policy that name fields. All kinds of conditions are loaded for them."""
    from sfdc_escalator.escalation.conditions.registry import FIELD_KEYS

    return (*FIELD_KEYS, "from", "requires", "by", "one_notice_per", "must_say", "links")


class GapKind(StrEnum):
    """One kind for each sentence."""

    FIELD = auto()
    COMPOUND_FIELD = auto()
    RELATION = auto()
    RELATED_FIELD = auto()
    RELATED_FILTER = auto()
    STANDARD_FIELD = auto()
    MISFIT = auto()
    COMPARED_VALUE = auto()
    COMPARED_INACTIVE = auto()
    QUEUE = auto()
    QUEUE_OBJECTS = auto()
    USER = auto()
    USER_INACTIVE = auto()
    USER_NO_OWNER = auto()
    HOURS = auto()
    HOURS_INACTIVE = auto()
    PERSON = auto()
    NOT_A_USER = auto()
    QUICK_TEXT = auto()
    QUICK_TEXT_FIELD = auto()
    QUICK_TEXT_COMPOUND = auto()
    PLACEHOLDER = auto()
    HISTORY_TRACKING = auto()
    UNSEEN_ACTS = auto()
    UNCOUNTABLE = auto()
    VALUE = auto()
    VALUE_INACTIVE = auto()
    VALUE_OF_RECORD_TYPE = auto()
    FIELD_HIDDEN = auto()
    FIELD_READ_ONLY = auto()
    NOTES = auto()
    POSTS = auto()
    BELL_TYPE = auto()
    BELL_RIGHT = auto()
    QUEUE_MAIL = auto()
    RIGHT_LOST = auto()
    RIGHT_AT_RISK = auto()
    READS_ALL = auto()
    READS_ALL_HERE = auto()
    READS_APART = auto()
    READS_MORE = auto()
    ROUTE_REFUSED = auto()
    POLL_REFUSED = auto()
    POLL_SLOW = auto()
    STEPS_REFUSED = auto()
    STEPS_REFUSED_AFTER_MOVE = auto()
    STEPS_NOT_TRIED = auto()
    STEP_UNDONE = auto()
    NOTE_LOST = auto()
    NO_MARKED_CASE = auto()
    NO_DELETE = auto()
    ROLLBACK = auto()
    CASES_LEFT = auto()
    CASES_LEFT_BEFORE = auto()
    HISTORY_CONDITION = auto()
    HISTORY_HOURS = auto()
    HISTORY_FIELD = auto()


@dataclass(frozen=True, slots=True)
class Gap:
    """`subject` is the text of the policy that it is about, and `keys` are the keys that may hold it there. Where none
    does, the keys `instead` or the names of the `routes` mark the place. Without a subject the keys mark it.

    `values` fill the sentence. `allowed` are the names that the org has in place of the subject. `blocks`: a run
    rejects the cases of the routes. `file` is that of the policy, None for a gap of the org as a whole.
    """

    kind: GapKind
    subject: str = ""
    keys: tuple[str, ...] = ()
    values: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    nearest: str | None = None
    allowed: tuple[str, ...] = ()
    severity: Severity = "error"
    instead: tuple[str, ...] = ()
    blocks: bool = False
    routes: tuple[str, ...] = ()
    file: str | None = None

    @property
    def identity(self) -> tuple[object, ...]:
        """Equal for the same gap of several routes."""
        return self.file, self.kind, self.subject, self.keys, tuple(sorted(self.values.items()))


def once_each(gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    """Each gap once, with every route that has it; an error where it is one for any of them."""
    found: dict[tuple[object, ...], Gap] = {}
    for gap in gaps:
        first = found.setdefault(gap.identity, gap)
        routes = tuple(dict.fromkeys((*first.routes, *gap.routes)))
        worst = gap if gap.severity == "error" and first.severity != "error" else first
        found[gap.identity] = replace(worst, routes=routes)
    return tuple(found.values())
