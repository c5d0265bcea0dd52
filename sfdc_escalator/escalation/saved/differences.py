"""The differences between an order of a saved plan and its case now. An order with one is not carried out.

Compared are owner, status and priority; whether the case is closed, deleted or merged; comments since the poll that
carry no key of ours; holds; and the key, if anything else than this plan applied it. Nothing else is: another field may
change, and so may the policy.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, NamedTuple

from sfdc_escalator.escalation.decisions.order import Order
from sfdc_escalator.escalation.decisions.order_json import NAMES
from sfdc_escalator.escalation.saved.since import CaseSince, ChangeSince, CommentSince
from sfdc_escalator.escalation.world.escalation import Escalation
from sfdc_escalator.escalation.world.ladder_facts import Hold

What = Literal["owner", "status", "priority", "closed", "deleted", "merged", "comment", "hold", "key", "guard"]
FIELD_OF: Mapping[str, str] = {name: field for field, name in NAMES.items()} | {"closed": "Status"}
"""The field whose history says who made a difference, and when."""
UNSEEN = "deleted, or out of sight for this user"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: the value of the plan, the value now, and by whom (id or name of a person) and when, where that
    is known."""

    what: What
    before: str | None
    now: str | None
    by: str | None = None
    at: datetime | None = None
    by_name: str = ""


class Known(NamedTuple):
    """The facts beside the case. `us` are our users; `escalation` is that of the order's key in the ledger, `start`
    that of the start to which a rung belongs. `bypasses`: no hold keeps a start of its route back."""

    us: frozenset[str]
    now: datetime
    escalation: Escalation | None = None
    start: Escalation | None = None
    holds: Sequence[Hold] = ()
    bypasses: bool = False


def differences(order: Order, case: CaseSince | None, known: Known) -> tuple[Difference, ...]:
    """All differences of one order. `case` is None where the org does not show it."""
    found = [*of_fate(case), *of_key(order, case, known)]
    if case is not None and not case.is_deleted:
        found += [*of_values(order, case), *of_comments(case, known.us)]
    return (*found, *of_holds(order, known))


def of_fate(case: CaseSince | None) -> Iterator[Difference]:
    if case is None:
        yield Difference("deleted", "open", UNSEEN)
    elif case.master_id:
        yield Difference("merged", "open", f"merged into {case.master_id}")
    elif case.is_deleted:
        yield Difference("deleted", "open", "deleted")
    elif case.is_closed:
        yield Difference("closed", "open", "closed")


def of_values(order: Order, case: CaseSince) -> Iterator[Difference]:
    """An empty text is an empty value. A value that came back is not a difference."""
    for field, what in NAMES.items():
        before, now = order.before.get(field), case.values.get(field)
        if (before or None) != (now or None):
            yield Difference(what, before, now)  # type: ignore[arg-type]


def of_comments(case: CaseSince, us: frozenset[str]) -> Iterator[Difference]:
    """The comments without a key of ours: a key counts only in a comment of one of our users."""
    for one in case.comments:
        if not one.is_deleted and not (one.key and one.author in us):
            yield Difference("comment", None, "a new comment", one.author, one.at, one.author_name)


def of_key(order: Order, case: CaseSince | None, known: Known) -> Iterator[Difference]:
    """The key in the ledger or in the org, where it was not applied by this plan; and of a rung the end of its
    escalation."""
    note = note_of(order.key, case, known.us)
    escalation, start = known.escalation, known.start
    if note:
        yield Difference("key", None, "applied", note.author, note.at, note.author_name)
    elif escalation and escalation.was_sent:
        yield Difference("key", None, escalation.state.value, at=escalation.tried_at)
    if order.start_key and start is None:
        yield Difference("key", "applied", f"{order.start_key}, to which the rung belongs, is not in this ledger")
    elif order.start_key and start is not None and not start.is_open:
        yield Difference("key", "applied", f"{start.key} is {start.state.value}")


def note_of(key: str, case: CaseSince | None, us: frozenset[str]) -> CommentSince | None:
    """The note with this key. A deleted one counts: it was written."""
    return next((one for one in (case.comments if case else ()) if one.key == key and one.author in us), None)


def of_holds(order: Order, known: Known) -> Iterator[Difference]:
    if known.bypasses and not order.start_key:
        return
    for one in known.holds:
        if one.lasts(known.now) and one.covers(order.identity.policy, order.identity.route):
            until = f" until {one.until:%Y-%m-%d %H:%M} UTC" if one.until else ""
            yield Difference("hold", None, f"held{until}: {one.why}", one.by, one.begin, one.by)


def by_whom(found: Iterable[Difference], changes: Mapping[str, ChangeSince]) -> tuple[Difference, ...]:
    """The same differences with who made them and when, where the history of the case says it."""
    result = []
    for one in found:
        change = changes.get(FIELD_OF.get(one.what, ""))
        known = one.at is not None or change is None
        result.append(one if known or change is None else with_change(one, change))
    return tuple(result)


def with_change(one: Difference, change: ChangeSince) -> Difference:
    return replace(one, by=change.by or None, at=change.at, by_name=change.by_name)


def sentence(one: Difference) -> str:
    """The difference in words, without who made it; ids stay ids."""
    if one.what in ("owner", "status", "priority"):
        return f"{one.what} was {one.before or 'empty'}, is {one.now or 'empty'}"
    if one.what == "key":
        return f"its key is {one.now} by something else than this plan" if one.before is None else str(one.now)
    return f"{one.what}: {one.now}" if one.what in ("guard", "hold") else str(one.now)
