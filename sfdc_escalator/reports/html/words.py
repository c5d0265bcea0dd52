"""The words of a policy for people: names, recipients, steps, times of rungs."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from sfdc_escalator.escalation.conditions.clauses.wording import (
    by_table,
    calendar_words,
    label,
    listed,
    quoted,
    table_words,
    time_words,
)
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.policy.escalate import Escalate
from sfdc_escalator.escalation.policy.ladder import After, BeforeDue, DueIn, EndOfDay, Repeat, Rung
from sfdc_escalator.escalation.policy.policy import Route
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS
from sfdc_escalator.escalation.policy.team import Team
from sfdc_escalator.escalation.policy.telling import Notify, Recipient

PEOPLE = {
    "owner": "the owner",
    "createdby": "the person who made the case",
    "lastmodifiedby": "the person who changed the case last",
}
UNTIL = {"acknowledged": "somebody acts on the case", "closed": "the case is closed"}
ZERO = timedelta()
SHORT = 4


def title(name: str) -> str:
    """The name of a route or a team as a heading: `supervisor-request` -> Supervisor request."""
    words = " ".join(name.replace("-", " ").replace("_", " ").split())
    if len(words) < SHORT and words.isalpha():
        return words.upper()  # it -> IT
    return words[:1].upper() + words[1:] or name


def sentence(text: str) -> str:
    """The text as a sentence."""
    text = text.strip()
    ends = not text or text.rstrip("\u201d")[-1:] in (".", "!", "?", ":")
    return text[:1].upper() + text[1:] + ("" if ends else ".")


# -- people ------------------------------------------------------------------------------------------------------------


def recipient(one: Recipient) -> str:
    return who(one) + (" (urgent)" if one.urgent else "")


def who(one: Recipient) -> str:
    if isinstance(one.name, Table):
        return by_table(one.name.mapped(title), "team")
    if one.kind == "person":
        return person(one.name)
    return f"the channel {quoted(one.name)}" if one.kind == "channel" else title(one.name)


def person(path: str) -> str:
    """`Owner.Manager` -> the manager of the owner."""
    if "@" in path:
        return path
    first, *steps = path.split(".")
    words = PEOPLE.get(first.lower()) or f"the {label(first).lower()}"
    for step in steps:
        words = f"the {label(step).lower()} of {words}"
    return words


def notified(notify: Notify) -> str:
    """`Engineering (urgent) and Support at once; Leadership in the digest`; empty for nobody."""
    at_once = listed([recipient(one) for one in notify.now], "and") if notify.now else ""
    later = f"{listed([recipient(one) for one in notify.digest], 'and')} in the digest" if notify.digest else ""
    return "; ".join(filter(None, (f"{at_once} at once" if later and at_once else at_once, later)))


def recipients(some: Iterable[Recipient]) -> str:
    return listed([recipient(one) for one in some], "and")


# -- steps -------------------------------------------------------------------------------------------------------------


def steps(escalate: Escalate | None, *, note: bool = True) -> Iterator[str]:
    """The steps that are taken on the case, in order, behind "we"; without the note where none is written."""
    if escalate is None:
        return
    if note:
        asked = escalate.note.texts.get("help_needed", "").strip()
        yield "leave a hand-off note on the case" + (f" that asks: {quoted(asked)}" if asked else "")
    for step in FIELD_STEPS:
        value = escalate.steps.get(step.key)
        if value is not None:
            yield STEP_WORDS.get(step.key, f"set the {step.key} to {{}}").format(step_value(value))


STEP_WORDS = {
    "queue": "hand the case to {}",
    "status": "set the status to {}",
    "priority": "raise the priority to {}",
}


def step_value(value: Any) -> str:
    if isinstance(value, Table):
        noun = "team" if any(isinstance(one, Team) for one in value.values) else "value"
        return by_table(value.mapped(lambda one: team_words(one) if isinstance(one, Team) else one), noun)
    return team_words(value) if isinstance(value, Team) else quoted(value)


def team_words(team: Team) -> str:
    return f"{title(team.name)} (queue {label(team.queue)})"


# -- times -------------------------------------------------------------------------------------------------------------


def moment(rung: Rung) -> str:
    """`30 minutes after the start`, `4 hours before it is due`, `when it is due`"""
    when = rung.when
    if isinstance(when, After):
        calendar = calendar_words(when.calendar)
        return f"{given(when.time, days=when.calendar is None)} after the start{calendar}"
    if isinstance(when, BeforeDue):
        return f"{given(when.time)} before it is due"
    return "when it is due" if when.time == ZERO else f"{given(when.time)} after it was due"


def given(time: Any, *, days: bool = True) -> str:
    return f"the time by a table ({table_words(time)})" if isinstance(time, Table) else time_words(time, days=days)


def repeated(repeat: Repeat | None) -> str:
    if repeat is None:
        return ""
    times = "once more" if repeat.at_most == 1 else f"{repeat.at_most} more times"
    return (
        f"again every {time_words(repeat.every)}, {times}"
        if repeat.at_most > 1
        else "again after " + (f"{time_words(repeat.every)}, {times}")
    )


def due(route: Route) -> str:
    """`within 24 hours`; empty without a due time."""
    if isinstance(route.due, DueIn):
        return f"within {given(route.due.time)}"
    if isinstance(route.due, EndOfDay):
        hours = calendar_words(route.due.calendar).removeprefix(", ")
        least = route.due.at_least
        left = f", of the next one where less than {time_words(least)} is left" if least else ""
        return f"by the end of the business day{left} ({hours})"
    return ""
