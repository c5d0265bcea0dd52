"""The ladder of a route in words: what happens when nobody acts."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from sfdc_escalator.escalation.conditions.clauses.wording import listed, quoted
from sfdc_escalator.escalation.policy.ladder import Rung
from sfdc_escalator.escalation.policy.policy import Route
from sfdc_escalator.reports.html.words import UNTIL, moment, notified, repeated, sentence, steps, title

WRITTEN = re.compile(r"(after|before-due|after-due)-\d")


class RungRow(NamedTuple):
    """One rung: its name and time, what is done, who is notified, and what ends it."""

    name: str
    when: str
    does: str
    notifies: str
    until: str


def rung_rows(route: Route) -> Iterator[RungRow]:
    """The rungs in the order of the file."""
    for rung in route.ladder.rungs:
        again = repeated(rung.repeat)
        when = sentence(moment(rung) + (f", {again}" if again else "")).removesuffix(".")
        yield RungRow(rung_name(rung.id), when, does(rung), notified(rung.notify), UNTIL[rung.until])


def rung_name(name: str) -> str:
    """The name of the rung; empty where it is only its time as written, such as `after-30m`."""
    return "" if WRITTEN.match(name) else title(name)


def does(rung: Rung) -> str:
    found = list(steps(rung.escalate, note=rung.notes))
    said = [f"say: {quoted(rung.say.strip())}"] if rung.say else []
    return sentence(listed([*found, *said], "and")) if found or said else ""
