"""The policies of storms with ladders: one, and the same after each edit that people make. The judge reads them."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

BASE = """
policy: support
priorities: [Low, Medium, High, Critical]
channels: {desk: webhook}
notices: {cap: {most: 3, within: 1h}}
teams: {leads: {queue: Leads, tell: [desk]}}
defaults: {status: Escalated}
hold_while: [{field: Status, is: Waiting}]
routes:
  - name: urgent
    reason: It is urgent.
    when: [{field: Subject, starts_with: urgent}]
    escalate: {note: {help_needed: Call back.}, queue: leads}
    notify: [{team: leads, urgent: true}]
    due: 4h
    ladder:
      - {name: raise, after: 30m, escalate: {priority: High}, until: acknowledged}
      - {name: still, formerly: [still-open], after: 1h, escalate: {note: {help_needed: Still.}}, until: closed}
      - {name: bell, after: 90m, notify: [leads], repeat: {every: 1h, at_most: 2}, until: acknowledged}
      - {name: soon, before_due: 30m, escalate: {note: {help_needed: Soon.}}, until: acknowledged}
      - {name: late, after_due: 0m, escalate: {note: {help_needed: Late.}, priority: Critical}, until: closed}
      - {name: nag, after_due: 1h, escalate: {note: {help_needed: Go.}}, repeat: {every: 1h, at_most: 2}, until: closed}
  - name: old
    reason: It is old.
    when: [{age: CreatedDate, at_least: 2d}]
    escalate: {note: {help_needed: Have a look.}, queue: leads}
    notify: [leads]
    ladder:
      - {name: first, after: 45m, escalate: {note: {help_needed: First.}}, notify: [leads], until: acknowledged}
      - {name: second, after: 2h, escalate: {note: {help_needed: Second.}}, until: closed}
    catch_up: highest
guards: {max_cases: 1000, max_share_of_open: 100%}
"""
ADDED = "      - {name: more, after: 2h, escalate: {note: {help_needed: More.}}, until: closed}\n"
SECOND = "      - {name: second, after: 2h, escalate: {note: {help_needed: Second.}}, until: closed}\n"
EDITS = {
    "as it was": BASE,
    "a rung added": BASE.replace("      - {name: soon", f"{ADDED}      - {{name: soon"),
    "a rung renamed": BASE.replace("{name: still, formerly: [still-open]", "{name: still-open, formerly: [still]"),
    "a rung removed": BASE.replace(SECOND, ""),
    "another delay": BASE.replace(
        "{name: still, formerly: [still-open], after: 1h", "{name: still, formerly: [still-open], after: 80m"
    ),
}
FORMER = {"still-open": "still"}
WAITING = "Waiting"
"""The status of a case that is left as it is."""


@dataclass(frozen=True, slots=True)
class OwnRung:
    """A rung as the judge reads it, times in minutes: after the start, or with `of_due` after (or before) the due time.
    One that is not `noted` writes only if its priority moves, one without `raises` never."""

    minutes: int
    of_due: bool
    turns: int
    every: int
    until_acknowledged: bool
    noted: bool
    raises: str
    notifies: bool

    @property
    def before_due(self) -> bool:
        return self.of_due and self.minutes < 0


@dataclass(frozen=True, slots=True)
class OwnRoute:
    """A route as the judge reads it. The rungs are under their first names."""

    rungs: dict[str, OwnRung]
    due: int
    highest_only: bool


@cache
def routes_of(policy: str) -> dict[str, OwnRoute]:
    return {
        route["name"]: OwnRoute(
            {first_name(rung["name"]): own_rung(rung) for rung in route["ladder"]},
            minutes(route.get("due", "0m")),
            route.get("catch_up") == "highest",
        )
        for route in yaml.safe_load(policy)["routes"]
    }


def own_rung(rung: dict[str, Any]) -> OwnRung:
    delays = {"after": 1, "after_due": 1, "before_due": -1}
    name = next(one for one in delays if one in rung)
    steps, repeat = rung.get("escalate", {}), rung.get("repeat", {})
    return OwnRung(
        minutes(rung[name]) * delays[name],
        name != "after",
        1 + repeat.get("at_most", 0),
        minutes(repeat.get("every", "0m")),
        rung["until"] == "acknowledged",
        "note" in steps,
        steps.get("priority", ""),
        "notify" in rung,
    )


def minutes(text: str) -> int:
    return int(text[:-1]) * {"m": 1, "h": 60}[text[-1]]


def first_name(rung: str) -> str:
    return FORMER.get(rung, rung)
