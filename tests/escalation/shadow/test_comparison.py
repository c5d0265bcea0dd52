"""The pairs of both sides' acts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfdc_escalator.escalation.shadow.acts import OurAct, TheirAct
from sfdc_escalator.escalation.shadow.comparison import paired
from tests.escalation.shadow.acts import LEADS, NIGHT, ours, theirs

MINUTES = st.lists(st.integers(0, 300), max_size=5)


@pytest.mark.parametrize(
    ("here", "there", "kinds"),
    [
        ([ours(60)], [theirs(60)], ["equal"]),
        ([ours(60)], [theirs(75)], ["equal"]),
        ([ours(75)], [theirs(60)], ["equal"]),
        ([ours(60)], [theirs(76)], ["earlier"]),
        ([ours(76)], [theirs(60)], ["later"]),
        ([ours(60)], [], ["only ours"]),
        ([], [theirs(60)], ["only theirs"]),
        ([ours(60, LEADS)], [theirs(60, NIGHT)], ["only ours", "only theirs"]),
        ([ours(60, "High", "Priority")], [theirs(60, "HIGH", "Priority")], ["equal"]),
        ([ours(60, "High", "Priority")], [theirs(60)], ["only theirs", "only ours"]),
        ([ours(0), ours(120)], [theirs(118)], ["only ours", "equal"]),
        ([ours(60)], [theirs(0), theirs(58), theirs(200)], ["only theirs", "equal", "only theirs"]),
        ([ours(60, "true", "IsEscalated", faint=True)], [], []),
        ([ours(60, "true", "IsEscalated", faint=True)], [theirs(61, "true", "IsEscalated")], ["equal"]),
    ],
)
def test_the_same_effects_are_paired_by_the_nearest_time(
    here: list[OurAct], there: list[TheirAct], kinds: list[str]
) -> None:
    assert [one.kind for one in paired(here, there)] == kinds


@given(MINUTES, MINUTES)
def test_every_act_is_in_one_pair(here: list[int], there: list[int]) -> None:
    found = paired([ours(one) for one in here], [theirs(one) for one in there])
    assert sorted(one.ours.at for one in found if one.ours) == sorted(ours(one).at for one in here)
    assert sorted(one.theirs.at for one in found if one.theirs) == sorted(theirs(one).at for one in there)
    assert sum(1 for one in found if one.ours and one.theirs) == min(len(here), len(there))
