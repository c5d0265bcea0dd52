"""Stories of ladders: a policy with one, an org whose clock only tests move, and the acts of people."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.embedded_org.basics import clock
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


def stop_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of an org moves only when a test moves it, so that minutes are exact."""
    monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=lambda: 0.0))


def run(world: World, *words: str, code: int = 0) -> dict[str, Any]:
    answer = world.run(*words)
    assert answer.code == code, answer.out + answer.err
    return answer.json


def later(world: World, minutes: int, *words: str, code: int = 0) -> list[tuple[str, int, str]]:
    """The rungs of a run some minutes later, each with its turn and state."""
    advance(world.orgs[0], f"{minutes}m")
    found = run(world, *words, code=code)["escalations"]
    return [(one["rung"], one["turn"], one["state"]) for one in found if one["rung"] != "start"]


def act(org: EmbeddedOrg, **what: Any) -> None:
    """An act of a person in the org."""
    answer = requests.post(f"{org.instance_url}/__embedded__/act", data=json.dumps(what), timeout=30)
    assert answer.status_code == 200, answer.text
