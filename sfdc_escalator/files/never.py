"""`never:` proved: no step of the route and no rung of its ladder breaks it."""

from collections.abc import Iterator
from typing import Any

from sfdc_escalator.escalation.tables import Table
from sfdc_escalator.files.wrong import Wrong


def keep_never(route: Any) -> None:
    """Wrong at the first step or rung that may do what `never` rules out."""
    for key in ("queue", "status", "priority"):
        barred = [one.casefold() for one in getattr(route.never, key)]
        for where, steps in steps_of(route):
            for value in values_of(getattr(steps, key)):
                if value.casefold() in barred:
                    message = f"{where} breaks `never`: its {key} may be {value}"
                    raise Wrong(
                        message, found=value, expected=f"a {key} that `never` does not name", key=where.split()[0]
                    )


def steps_of(route: Any) -> Iterator[tuple[str, Any]]:
    if route.escalate:
        yield "escalate", route.escalate
    for number, rung in enumerate(route.ladder, 1):
        if rung.escalate:
            yield f"ladder rung {number}", rung.escalate


def values_of(step: Any) -> tuple[str, ...]:
    return step.values if isinstance(step, Table) else (step,) if step else ()
