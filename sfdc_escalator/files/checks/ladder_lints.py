"""Rungs of a valid policy without effect: they are never due, another one always wins, or they never end."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.owner import Owner
from sfdc_escalator.escalation.conditions.kinds.related import Related
from sfdc_escalator.escalation.conditions.kinds.spoke import Spoke
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.conditions.tree import All, AnyOf
from sfdc_escalator.escalation.policy.ladder import BeforeDue, DueIn, Rung
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.proof.implication import contradiction, implies
from sfdc_escalator.files.checks.cross_checks import Cross, RawRung, raw_routes, raw_rungs
from sfdc_escalator.files.checks.ladder_crosses import place_of_id
from sfdc_escalator.files.checks.lints import never_together
from sfdc_escalator.files.text.document import Document
from sfdc_escalator.files.text.fault import Fault

ZERO = timedelta()
Placed = tuple[RawRung, Rung]
"""A rung with its place in the file."""


def ladder_lints(policy: Policy, document: Document) -> Iterator[Cross]:
    for raw, route in zip(raw_routes(document), policy.routes, strict=True):
        condition = policy.condition(route)
        if not route.ladder or contradiction(condition) is not None:
            continue
        rungs: list[Placed] = list(zip(raw_rungs(raw), route.ladder.rungs, strict=False))
        never = {rung.id: why for _, rung in rungs if (why := never_due(rung, route))}
        for place, rung in rungs:
            if does_nothing(rung):
                expected = "`escalate` or `notify` in this rung"
                yield cross(place, rung, f"rung `{rung.id}` does nothing", expected)
            elif rung.id in never:
                yield cross(place, rung, f"rung `{rung.id}` can never be due: {never[rung.id]}")
            elif repeats_in_vain(rung, route):
                message = f"`repeat` of rung `{rung.id}` has no effect: its second turn would come when the case is due"
                yield cross(place, rung, message, expected="a shorter `every`, or an `after_due` rung")
        if route.ladder.highest_only:
            yield from beaten([one for one in rungs if one[1].id not in never], route, document)
        if any(rung.until == "acknowledged" for _, rung in rungs):
            yield from never_acknowledged((*raw.path, "acknowledged"), route.ladder.acknowledged, condition)


def cross(place: RawRung, rung: Rung, message: str, expected: str | None = None) -> Cross:
    fault = Fault(message, found=rung.id, expected=expected, severity="warning")
    return Cross(place_of_id(place), fault)


def does_nothing(rung: Rung) -> bool:
    moves = rung.escalate is not None and bool(rung.escalate.steps)
    return not (moves or rung.notes or rung.notify.now or rung.notify.digest)


# -- times -------------------------------------------------------------------------------------------------------------


def never_due(rung: Rung, route: Route) -> str | None:
    """The reason why the time of the rung never comes; None where it may come."""
    if isinstance(rung.when, BeforeDue) and isinstance(route.due, DueIn) and longest(route.due.time) == ZERO:
        return "`due` is at the start, and a `before_due` rung ends there"
    return None


def longest(time: timedelta | Table[timedelta]) -> timedelta:
    return max(time.values) if isinstance(time, Table) else time


def repeats_in_vain(rung: Rung, route: Route) -> bool:
    """True for a repeated `before_due` rung whose second turn lies at the due time or later."""
    if not isinstance(rung.when, BeforeDue) or not rung.repeat:
        return False
    ahead = longest(rung.when.time)
    if isinstance(route.due, DueIn):  # rounded up to a full minute
        ahead = min(ahead, longest(route.due.time) + timedelta(minutes=1))
    return rung.repeat.every >= ahead


# -- `catch_up: highest` -----------------------------------------------------------------------------------------------


def beaten(rungs: Sequence[Placed], route: Route, document: Document) -> Iterator[Cross]:
    """The rungs that are skipped whenever they are due: a rung below is due at the same moment, and wins."""
    for number, (place, rung) in enumerate(rungs):
        winner = next((one for one in rungs[number + 1 :] if always_wins(one[1], rung, route)), None)
        if winner and not rung.repeat:
            line = document.place(place_of_id(winner[0]))[0]
            message = (
                f"rung `{rung.id}` is never carried out: `{winner[1].id}` (line {line}) is due at the same time, and "
                "`catch_up: highest` carries out the last of them"
            )
            yield cross(place, rung, message, expected="one rung with both, or another time")


def always_wins(one: Rung, other: Rung, route: Route) -> bool:
    """True where the one is due whenever the other is: at the same moment, and it does not end before."""
    return moment_of(one, route) == moment_of(other, route) and (one.until == "closed" or one.until == other.until)


def moment_of(rung: Rung, route: Route) -> tuple[Any, ...]:
    """The time of the rung; a `before_due` rung comes at the start at the earliest."""
    time = rung.when.time
    if isinstance(rung.when, BeforeDue) and isinstance(route.due, DueIn):
        due = route.due.time
        if isinstance(time, timedelta) and isinstance(due, timedelta) and time > due + timedelta(minutes=1):
            return (BeforeDue, "start")
    return (type(rung.when), time, getattr(rung.when, "calendar", None))


# -- `until: acknowledged` ---------------------------------------------------------------------------------------------


def never_acknowledged(path: tuple[str | int, ...], proof: Condition, condition: Condition) -> Iterator[Cross]:
    """A proof that nobody can give: its conditions exclude each other, or hold for every case from the start."""
    goes_on = "a rung with `until: acknowledged` goes on until the case is closed"
    if (clash := contradiction(proof)) is not None:
        message = f"`acknowledged` can never hold: {never_together(clash)}; {goes_on}"
        yield Cross(path, Fault(message, severity="warning"))
    elif not provable(proof, condition):
        message = f"`acknowledged` proves nothing: it holds for every case that the route matches; {goes_on}"
        expected = "a condition that holds only after somebody acted"
        yield Cross(path, Fault(message, expected=expected, severity="warning"))


def provable(proof: Condition, condition: Condition) -> bool:
    """False where no act can give the proof: what held at the start proves nothing."""
    if isinstance(proof, AnyOf):
        return any(provable(part, condition) for part in proof.parts)
    if isinstance(proof, All):
        return all(provable(part, condition) for part in proof.parts)
    return isinstance(proof, (Owner, Spoke, Related)) or not implies(condition, proof)
