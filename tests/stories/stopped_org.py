"""An org whose clock moves only when a test moves it, the people who act in it, and what runs there carry out."""

import json
from typing import Any

import requests

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.stories.world import World, select


def run(world: World, *words: str, code: int = 0) -> dict[str, Any]:
    answer = world.run(*words)
    assert answer.code == code, answer.out + answer.err
    return answer.json


def at(world: World, time: str, *words: str) -> list[str]:
    """The steps of a run at this time, as texts: `1 urgent start applied`, `1 urgent late/2 applied 2026-03-02T19:00Z`.

    Cases that were escalated before, and have no rung now, are left out.
    """
    set_clock(world.orgs[0], time)
    return [text_of(one) for one in run(world, *words)["escalations"] if one["state"] != "already"]


def text_of(escalation: dict[str, Any]) -> str:
    number, route, state = (escalation[key] for key in ("case_number", "route", "state"))
    if escalation["rung"] == "start":
        return f"{number.lstrip('0')} {route} start {state}"
    moment = escalation["moment"].replace(":00Z", "Z")
    return f"{number.lstrip('0')} {route} {escalation['rung']}/{escalation['turn']} {state} {moment}"


def set_clock(org: EmbeddedOrg, time: str) -> None:
    body = json.dumps({"now": time.replace("Z", ":00Z")})
    answer = requests.post(f"{org.instance_url}/__embedded__/clock", data=body, timeout=30)
    assert answer.status_code == 200, answer.text


def act(org: EmbeddedOrg, **what: Any) -> None:
    answer = requests.post(f"{org.instance_url}/__embedded__/act", data=json.dumps(what), timeout=30)
    assert answer.status_code == 200, answer.text


def notes(org: EmbeddedOrg, number: int | None = None) -> list[str]:
    """The comments of one case, or of all, oldest first."""
    where = "" if number is None else f" WHERE Parent.CaseNumber = '{number:08}'"
    return [
        one["CommentBody"]
        for one in select(org, f"SELECT CommentBody FROM CaseComment{where} ORDER BY CreatedDate, Id")
    ]
