"""The facts about a ladder as JSON values, and back."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from sfdc_escalator.escalation.world.ladder_facts import Acknowledged, LadderFacts, Moved

Json = dict[str, Any]


def ladder_json(facts: LadderFacts) -> Json:
    """JSON values: times in UTC, the time of a moved rung in seconds."""
    acted = facts.acknowledged
    return {
        "started": _text(facts.started),
        "due": _text(facts.due),
        "acknowledged": {"at": _text(acted.at), "by": acted.by, "how": acted.how} if acted else None,
        "moved": {rung: _moved_json(one) for rung, one in facts.moved.items()},
        "proved": list(facts.proved),
        "exhausted": _text(facts.exhausted),
        "origin": facts.origin or None,
    }


def _moved_json(one: Moved) -> Json:
    seconds = one.time.total_seconds()
    whole = int(seconds)
    return {"base": _text(one.base), "time": whole if whole == seconds else seconds, "written": one.written}


def _text(at: datetime | None) -> str | None:
    if at is None:
        return None
    if at.tzinfo is None:
        raise ValueError(f"the time {at} has no zone")
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def ladder_of(found: Any) -> LadderFacts:
    """The facts from their JSON values. Raises ValueError for anything else."""
    if not isinstance(found, dict):
        raise ValueError("the facts of a ladder are not an object")
    acted = found["acknowledged"]
    return LadderFacts(
        started=_time(found["started"]) if found["started"] is not None else None,
        due=_time(found["due"]) if found["due"] is not None else None,
        acknowledged=None if acted is None else _acknowledged(acted),
        moved=MappingProxyType({rung: _moved(one) for rung, one in found["moved"].items()}),
        proved=tuple(_name(one) for one in found["proved"]),
        exhausted=_time(found["exhausted"]) if found["exhausted"] is not None else None,
        origin=_name(found["origin"]) if found["origin"] is not None else "",
    )


def _acknowledged(found: Mapping[str, Any]) -> Acknowledged:
    by = found["by"]
    return Acknowledged(_time(found["at"]), None if by is None else _name(by), _name(found["how"]))


def _moved(found: Mapping[str, Any]) -> Moved:
    seconds = found["time"]
    if type(seconds) not in (int, float):
        raise ValueError(f"{seconds!r:.60} is not a number of seconds")
    return Moved(_time(found["base"]), timedelta(seconds=seconds), _name(found["written"]))


def _time(text: Any) -> datetime:
    at = datetime.fromisoformat(_name(text))
    if at.tzinfo is None:
        raise ValueError(f"the time {text:.60} has no zone")
    return at


def _name(text: Any) -> str:
    if not isinstance(text, str):
        raise ValueError(f"{text!r:.60} is not a text")
    return text
