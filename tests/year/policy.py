"""The policies of the year: the five that are shipped, and one of its own with what those do not use."""

from collections.abc import Sequence
from pathlib import Path

from sfdc_escalator.files.first_hour.scaffold import files_of

OWN = """
policy: year
scope: [{field: IsClosed, is: false}, {field: Origin, is: year}]
calendars:
  office: {timezone: America/Chicago, open: {mon-fri: "08:00-18:00"}}
  shift: {timezone: Europe/Berlin, open: {mon-sat: "06:00-14:00"}}
priorities: [Low, Medium, High, Urgent]
teams:
  leads: {queue: Support}
  billing: {queue: Billing}
hold_while: [{field: Status, is: Waiting on Legal}]
routes:
  - name: outage
    reason: Something is down.
    when: [{field: Subject, starts_with: outage}]
    escalate: {note: {help_needed: Look at once.}, queue: leads, priority: High}
    due: 8h
    ladder:
      - {after: 15m, escalate: {priority: Urgent}, until: acknowledged}
      - {after: 1h, notify: [leads], until: acknowledged}
      - {name: still, after: 4h, escalate: {note: {help_needed: Still down.}}, until: closed}
      - {name: nag, after: 6h, notify: [leads], repeat: {every: 90m, at_most: 4}, until: closed}
    catch_up: highest
  - name: callback
    reason: Somebody waits for a call.
    when: [{field: Subject, starts_with: callback}]
    escalate: {note: {help_needed: Call back.}, queue: leads}
    due: {end_of: business_day, calendar: office, at_least: 1h}
    ladder:
      - {after: 30m, calendar: office, escalate: {priority: High}, until: acknowledged}
      - name: remind
        after: 2h
        calendar: office
        notify: [leads]
        repeat: {every: 2h, at_most: 3}
        until: acknowledged
      - {before_due: 1h, notify: [leads], until: acknowledged}
      - {name: overdue, after_due: 0m, escalate: {note: {help_needed: Overdue.}, priority: Urgent}, until: closed}
      - {name: nag, after_due: 1d, notify: [leads], repeat: {every: 1d, at_most: 2}, until: closed}
  - name: request
    reason: A request waits.
    when: [{field: Subject, starts_with: request}]
    escalate: {note: {help_needed: Answer.}}
    due: 3d
    ladder:
      - {after: 4h, escalate: {queue: leads}, until: acknowledged}
      - {name: again, after: 1d, notify: [billing], repeat: {every: 1d, at_most: 3}, until: closed}
      - {name: soon, before_due: 12h, notify: [leads], repeat: {every: 4h, at_most: 5}, until: acknowledged}
      - {name: late, after_due: 2h, escalate: {note: {help_needed: Late.}, queue: billing}, until: closed}
  - name: night
    reason: The shift in Berlin has to look.
    when: [{field: Subject, starts_with: night}]
    escalate: {note: {help_needed: Look.}, queue: billing}
    ladder:
      - {after: 1h, calendar: shift, escalate: {priority: Medium}, until: acknowledged}
      - {name: both, after: 3h, notify: [leads], until: closed}
      - {after: 8h, calendar: shift, escalate: {priority: High}, until: acknowledged}
      - {name: all-night, after: 16h, calendar: shift, notify: [leads], repeat: {every: 8h, at_most: 2}, until: closed}
guards: {max_cases: 5000, max_share_of_open: 100%}
"""
"""The kinds of rungs, clocks and holds that the shipped policies do not use."""

SHIPPED = ("member-support", "supervisor-callback", "tiered-support", "customer-success", "onboarding")
SHARED = ("member-support", "tiered-support", "customer-success")
"""Their scope is every open case. In one org with others the cases of each have an origin of their own."""
OPEN = "{field: IsClosed, is: false}"


def write_policies(folder: Path, names: Sequence[str]) -> list[Path]:
    """These policies as files. One that is shipped is written as `init` writes it."""
    paths = [folder / f"{name}.yaml" for name in names]
    for path in paths:
        text = text_of(path.stem)
        path.write_text(of_origin(path.stem, text) if len(names) > 1 else text, encoding="utf-8")
    return paths


def text_of(name: str) -> str:
    return files_of(name)[Path(f"config/policies/{name}.yaml")] if name in SHIPPED else OWN


def of_origin(name: str, text: str) -> str:
    """The policy with a narrower scope, where several share an org."""
    if name not in SHARED:
        return text
    here = f"{{field: Origin, is: {name}}}"
    flow, block = f"scope: [{OPEN}]", f"scope:\n  - {OPEN}\n"
    assert (flow in text) != (block in text)
    return text.replace(flow, f"scope: [{OPEN}, {here}]").replace(block, f"{block}  - {here}\n")
