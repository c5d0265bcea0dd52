"""A route in words: when it is taken, what is done, who is notified, what happens when nobody acts."""

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from sfdc_escalator.escalation.conditions.clauses.wording import label, listed, quoted, time_words
from sfdc_escalator.escalation.policy.policy import Route
from sfdc_escalator.reports.html.procedure.conditions import Node, clauses
from sfdc_escalator.reports.html.procedure.ladder import RungRow, rung_rows
from sfdc_escalator.reports.html.words import due, notified, recipients, sentence, steps, title


class RouteText(NamedTuple):
    """A route as its section of the page says it. `acts` proves that somebody acted; empty without a ladder."""

    name: str
    heading: str
    reason: str
    when: tuple[Node, ...]
    we: tuple[str, ...]
    due: str
    notifies: str
    later: tuple[str, ...]
    ladder: tuple[RungRow, ...]
    acts: tuple[Node, ...]
    rules: tuple[str, ...]


def route_text(route: Route) -> RouteText:
    return RouteText(
        name=route.name,
        heading=title(route.name),
        reason=route.reason,
        when=clauses((route.when,)),
        we=tuple(steps(route.escalate)),
        due=due(route),
        notifies=notified(route.notify),
        later=tuple(later(route)),
        ladder=tuple(rung_rows(route)),
        acts=clauses((route.ladder.acknowledged,)) if route.ladder else (),
        rules=tuple(rules(route)),
    )


def later(route: Route) -> Iterator[str]:
    """Further messages, each a sentence."""
    if route.warn:
        before = time_words(route.warn.before)
        yield f"{before} before the case would be escalated, a warning goes to {recipients(route.warn.tell)}."
    if route.notify_when.acknowledged:
        yield f"When somebody acts, a message goes to {recipients(route.notify_when.acknowledged)}."
    if route.notify_when.closed:
        yield f"When the case is closed, a message goes to {recipients(route.notify_when.closed)}."
    if per := route.one_notice_per:
        fields = listed([label(path) for path in per.fields], "and")
        yield f"Cases with the same {fields} within {time_words(per.within)} share one message."


def rules(route: Route) -> Iterator[str]:
    """The other rules of the route, each a sentence."""
    if isinstance(route.rearm, timedelta):
        again = f"once the route has not matched for {time_words(route.rearm)}"
        yield f"The same case is escalated again {again}."
    elif route.rearm:
        yield "The same case is escalated again when a new record is there that this route counts."
    if route.bypass_guards:
        yield "No limit on the number of cases holds this route back."
    if route.ladder.highest_only:
        yield "After an outage only the highest of the missed steps is carried out."
    for key, values in route.never.items():
        named = listed([title(one) if key == "queue" else quoted(one) for one in values])
        yield sentence(f"the {key} is never {named}")
