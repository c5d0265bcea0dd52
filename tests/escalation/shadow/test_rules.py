"""The acts of an org's rules, found in the history of a case."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from sfdc_escalator.escalation.shadow.rules import their_acts
from sfdc_escalator.escalation.world.case import FieldChange
from tests.builders import case
from tests.escalation.shadow.acts import ANN, CREATED, LEADS, NIGHT, change

History = Mapping[str, tuple[FieldChange, ...]]


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ({"OwnerId": (change(60, LEADS, rule=True),)}, [("OwnerId", LEADS, False)]),
        ({"OwnerId": (change(60, LEADS, ANN),)}, []),
        ({"OwnerId": (change(0, NIGHT, ANN),)}, [("OwnerId", NIGHT, True)]),
        ({"OwnerId": (change(0.1, NIGHT, ANN),)}, []),
        ({"Priority": (change(60, "High", rule=True),)}, [("Priority", "High", False)]),
        ({"Priority": (change(60, None, rule=True),)}, [("Priority", "", False)]),
        ({"Status": (change(60, "Working", rule=True),)}, []),
        ({"IsEscalated": (change(60, "true", rule=True),)}, [("IsEscalated", "true", False)]),
        ({"IsEscalated": (change(60, True, rule=True),)}, [("IsEscalated", "true", False)]),
        ({"IsEscalated": (change(60, "false", rule=True),)}, []),
        (
            {"IsEscalated": (change(60, True, rule=True),), "OwnerId": (change(60, LEADS, rule=True),)},
            [("OwnerId", LEADS, False)],
        ),
        (
            {"IsEscalated": (change(60, True, rule=True),), "OwnerId": (change(60.02, LEADS, rule=True),)},
            [("OwnerId", LEADS, False)],
        ),
        (  # the user for automated changes is a person to the history; the owner's row says that a rule acted
            {"IsEscalated": (change(60, True, ANN),), "Priority": (change(60, "High", ANN),),
             "OwnerId": (change(60, LEADS, ANN, rule=True),)},
            [("OwnerId", LEADS, False), ("Priority", "High", False)],
        ),
        (
            {"OwnerId": (change(60, LEADS, rule=True), change(20, NIGHT, rule=True))},
            [("OwnerId", NIGHT, False), ("OwnerId", LEADS, False)],
        ),
    ],
)  # fmt: skip
def test_rules_act_as_automation_or_at_creation(history: History, expected: list[tuple[str, str, bool]]) -> None:
    found = their_acts(replace(case(created=CREATED), field_changes=history))
    assert [(*one.effect[1:], one.at_creation) for one in found] == expected
