"""Stories of ladders: a policy with one, and its rungs some minutes later."""

from tests.stories.stopped_org import run
from tests.stories.world import World, advance

POLICY = """
policy: support
priorities: [Low, Medium, High, Critical]
teams:
  leads: {queue: Leads}
  intake: {queue: Intake}
routes:
  - name: urgent
    reason: It is urgent.
    when: [{field: Subject, starts_with: urgent}]
    escalate: {note: {help_needed: Call back.}, queue: leads, priority: High}
    due: 4h
    ladder:
      - {after: 30m, escalate: {priority: Critical}, until: acknowledged}
      - {name: remind, after: 1h, notify: [leads], repeat: {every: 1h, at_most: 2}, until: acknowledged}
      - {name: late, after_due: 0m, escalate: {note: {help_needed: It is late.}, status: Escalated}, until: closed}
guards: {max_cases: 10, max_share_of_open: 100%}
"""


def later(world: World, minutes: int, *words: str, code: int = 0) -> list[tuple[str, int, str]]:
    """The rungs of a run some minutes later, each with its turn and state."""
    advance(world.orgs[0], f"{minutes}m")
    found = run(world, *words, code=code)["escalations"]
    return [(one["rung"], one["turn"], one["state"]) for one in found if one["rung"] != "start"]
