"""The policy of the year: every kind of rung; and the same rungs as plain values, for the judge."""

from typing import NamedTuple

MINUTE, HOUR, DAY = 2, 120, 2880
"""In ticks of half a minute."""

POLICY = """
policy: year
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


class Rung(NamedTuple):
    """`kind` is after, before or due; times in ticks."""

    name: str
    kind: str
    time: int
    until: str
    calendar: str = ""
    every: int = 0
    more: int = 0


class Route(NamedTuple):
    """`due` is a number of ticks, 0 for none, -1 for the end of the office's day."""

    rungs: tuple[Rung, ...]
    due: int = 0
    highest: bool = False


ACK, CLOSED = "acknowledged", "closed"
ROUTES = {
    "outage": Route(
        (
            Rung("after-15m", "after", 15 * MINUTE, ACK),
            Rung("after-1h", "after", HOUR, ACK),
            Rung("still", "after", 4 * HOUR, CLOSED),
            Rung("nag", "after", 6 * HOUR, CLOSED, "", 90 * MINUTE, 4),
        ),
        8 * HOUR,
        highest=True,
    ),
    "callback": Route(
        (
            Rung("after-30m", "after", 30 * MINUTE, ACK, "office"),
            Rung("remind", "after", 2 * HOUR, ACK, "office", 2 * HOUR, 3),
            Rung("before-due-1h", "before", HOUR, ACK),
            Rung("overdue", "due", 0, CLOSED),
            Rung("nag", "due", DAY, CLOSED, "", DAY, 2),
        ),
        -1,
    ),
    "request": Route(
        (
            Rung("after-4h", "after", 4 * HOUR, ACK),
            Rung("again", "after", DAY, CLOSED, "", DAY, 3),
            Rung("soon", "before", 12 * HOUR, ACK, "", 4 * HOUR, 5),
            Rung("late", "due", 2 * HOUR, CLOSED),
        ),
        3 * DAY,
    ),
    "night": Route(
        (
            Rung("after-1h", "after", HOUR, ACK, "shift"),
            Rung("both", "after", 3 * HOUR, CLOSED),
            Rung("after-8h", "after", 8 * HOUR, ACK, "shift"),
            Rung("all-night", "after", 16 * HOUR, CLOSED, "shift", 8 * HOUR, 2),
        )
    ),
}
