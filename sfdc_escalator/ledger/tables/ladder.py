"""The facts about a ladder, as the row of its start holds them."""

import json
from typing import Any

from sfdc_escalator.escalation.world.ladder_facts import LadderFacts
from sfdc_escalator.escalation.world.ladder_json import ladder_json, ladder_of
from sfdc_escalator.ledger.tables.chain import plain
from sfdc_escalator.ledger.tables.times import EARLIEST, LATEST, in_range


def ladder_row(facts: LadderFacts | None) -> Any:
    """The JSON values of the column `ladder`, every text as each database can hold it."""
    return None if facts is None else _plain(ladder_json(facts))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {plain(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return plain(value) if isinstance(value, str) else value


def ladder_facts_of(text: str | None) -> LadderFacts | None:
    """The facts in the column `ladder`. Raises ValueError for a text that no run can have written."""
    if text is None:
        return None
    facts = ladder_of(json.loads(text))
    acted = [facts.acknowledged.at] if facts.acknowledged else []
    for at in (facts.started, facts.due, facts.exhausted, *acted, *(one.base for one in facts.moved.values())):
        if at is not None:
            in_range(at)
    if any(abs(one.time) > LATEST - EARLIEST for one in facts.moved.values()):
        raise ValueError("the time of a moved rung is out of range")
    return facts
