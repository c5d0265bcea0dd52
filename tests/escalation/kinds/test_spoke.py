"""`spoke`: one side wrote a message, ever or since a time."""

from datetime import timedelta

import pytest

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.kinds.spoke import Spoke
from tests.builders import NOW, SCENE, case, comment, email

SAID = [
    comment("please call", speaker="customer", minutes_ago=180),
    comment("hello", speaker="agent", minutes_ago=120),
    email("Hi", speaker="customer", minutes_ago=60),
]


@pytest.mark.parametrize(
    ("spoke", "holds"),
    [
        (Spoke("customer"), True),
        (Spoke("customer", "word_of.agent"), True),
        (Spoke("agent", "word_of.customer"), False),
        (Spoke("customer", "escalation"), False),
    ],
)
def test_spoke_holds_for_the_named_side_since_the_named_time(spoke: Spoke, holds: bool) -> None:
    assert spoke.holds(case(comments=SAID), SCENE) is holds


@pytest.mark.parametrize(("minutes", "holds"), [(61, True), (60, False)])
def test_since_the_escalation_means_after_it(minutes: int, holds: bool) -> None:
    circumstances = Circumstances(NOW, escalated_at=NOW - timedelta(minutes=minutes))
    assert Spoke("customer", "escalation").holds(case(comments=SAID), circumstances) is holds
