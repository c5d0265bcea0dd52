"""`never:` proved: no step of the route and no rung of its ladder breaks it."""

from collections.abc import Iterator
from typing import Any

from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS, FieldStep
from sfdc_escalator.files.language.declared_names import Names
from sfdc_escalator.files.text.fault import Fault

Place = tuple[str | int, ...]


def keep_never(route: Any, known: Names) -> None:
    """Raises a Fault for each step and each rung that may do what `never` rules out."""
    found = list(breaches(route, known))
    if found:
        raise found[0].but(more=tuple(found[1:]))


def breaches(route: Any, known: Names) -> Iterator[Fault]:
    for step in FIELD_STEPS:
        barred = {meant(step, one, known) for one in getattr(route.never, step.key)}
        for where, place, value in steps_of(route, step.key, known):
            if meant(step, value, known) in barred:
                message = f"{where} breaks `never`: its {step.key} may be {value}"
                yield Fault(message, found=value, expected=f"a {step.key} that `never` does not name", inside=place)


def meant(step: FieldStep, value: str, known: Names) -> str:
    """Two teams may have one queue, or one user."""
    queue = (known.teams or {}).get(value) if step.names_team else None
    if queue and queue != "?":
        return f"queue {queue}".casefold()
    user = known.users.get(value) if step.names_team else None
    return f"user {user}".casefold() if user else value.casefold()


def steps_of(route: Any, key: str, known: Names) -> Iterator[tuple[str, Place, str]]:
    """Every value that the step may have: who takes it, and where it is said."""
    if route.escalate:
        given = getattr(route.escalate, key)
        yield from (("escalate", ("escalate", key), value) for value in values_of(given))
        if key == "status" and not given and known.status:
            yield "the status of `defaults`", ("never", "status"), known.status
    for number, rung in enumerate(route.ladder):
        if rung.escalate:
            place = ("ladder", number, "escalate", key)
            yield from ((f"ladder rung {number + 1}", place, value) for value in values_of(getattr(rung.escalate, key)))


def values_of(step: Any) -> tuple[str, ...]:
    return step.values if isinstance(step, Table) else (step,) if step else ()
