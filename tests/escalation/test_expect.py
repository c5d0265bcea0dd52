"""The wrong-org guard compares the expected org with the actual one."""

import pytest

from sfdc_escalator.escalation.world.expect import Expect, wrong_kind, wrong_organization

RIGHT, WRONG = "00D000000000001EAA", "00D000000000002EAA"


def test_an_empty_expectation_accepts_every_org() -> None:
    assert wrong_organization(Expect(), RIGHT) is None
    assert [wrong_kind(Expect(), is_sandbox) for is_sandbox in (True, False, None)] == [None] * 3


def test_another_organization_is_named_beside_the_expected_one() -> None:
    assert wrong_organization(Expect(RIGHT), RIGHT) is None
    assert wrong_organization(Expect(RIGHT), WRONG) == f"expected organization {RIGHT}, this is {WRONG}"


@pytest.mark.parametrize(
    ("expected", "seen", "why"),
    [
        (True, True, None),
        (False, False, None),
        (True, False, "expected a sandbox, this is a production org"),
        (False, True, "expected a production org, this is a sandbox"),
        (True, None, "expected a sandbox, this is an org that does not say whether it is a sandbox"),
        (False, None, "expected a production org, this is an org that does not say whether it is a sandbox"),
    ],
)
def test_a_guard_that_cannot_check_refuses(expected: bool, seen: bool | None, why: str | None) -> None:
    assert wrong_kind(Expect(sandbox=expected), seen) == why
