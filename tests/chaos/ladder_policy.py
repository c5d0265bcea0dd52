"""The policies of storms with ladders: one, and the same after each edit that people make."""

BASE = """
policy: support
priorities: [Low, Medium, High, Critical]
teams: {leads: {queue: Leads}}
defaults: {status: Escalated}
routes:
  - name: urgent
    reason: It is urgent.
    when: [{field: Subject, starts_with: urgent}]
    escalate: {note: {help_needed: Call back.}, queue: leads}
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
    ladder:
      - {name: first, after: 45m, escalate: {note: {help_needed: First.}}, until: acknowledged}
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
BELL = "bell"
"""The rung that writes nothing: the ledger alone remembers it."""

TURNS = {"bell": 3, "nag": 3}
UNTIL_ACKNOWLEDGED = {"raise", "bell", "soon", "first"}
DELAYS = {
    "raise": 30, "still": 60, "bell": 90, "soon": 210, "late": 240, "nag": 300, "more": 120, "first": 45, "second": 120,
}  # fmt: skip
"""Minutes after the start."""
