"""The key of an escalation, and the texts that count as one."""

import re

import pytest

from sfdc_escalator.escalation.world.keys import Identity, key_of
from tests.builders import ORG, case, identity, numbered

HERE = Identity(ORG, "support", "urgent", numbered("500", 1))


def test_a_key_is_always_the_same() -> None:
    assert Identity(ORG, "support", "urgent", numbered("500", 1)).key == HERE.key
    assert re.fullmatch(r"ESC(-[0-9A-HJKMNP-TV-Z]{4}){3}", HERE.key)


@pytest.mark.parametrize(
    "other",
    [
        Identity(numbered("00D", 2), "support", "urgent", numbered("500", 1)),
        Identity(ORG, "billing", "urgent", numbered("500", 1)),
        Identity(ORG, "support", "other", numbered("500", 1)),
        Identity(ORG, "support", "urgent", numbered("500", 2)),
        Identity(ORG, "support", "urgent", numbered("500", 1), rung="2"),
        Identity(ORG, "support", "urgent", numbered("500", 1), episode=2),
        Identity(ORG, "support", "urgent", numbered("500", 1), turn=2),
        Identity(ORG, "supporturgent", "", numbered("500", 1)),
    ],
)
def test_another_org_policy_route_case_rung_episode_or_turn_has_another_key(other: Identity) -> None:
    assert other.key != HERE.key


def test_the_last_line_holds_the_key_and_its_facts() -> None:
    assert HERE.line == f"{HERE.key} support/urgent/start/1/1"


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "  \n\n"])
def test_the_key_is_read_from_the_last_line(end: str) -> None:
    assert key_of(f"Hello\n\n{HERE.line}{end}") == HERE.key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        HERE.key,
        f"{HERE.line}\nThanks",
        f"see {HERE.line}",
        f"{HERE.line} please",
        HERE.line.lower(),
        HERE.line.replace("ESC-", "ESC "),
        "ESC-ILOU-0000-0000 support/urgent/start/1/1",
        "ESC-0000-0000 support/urgent/start/1/1",
    ],
)
def test_a_key_anywhere_else_or_in_another_form_is_somebodys_text(text: str) -> None:
    assert key_of(text) is None


def test_keys_of_many_cases_differ() -> None:
    assert len({identity(case(number)).key for number in range(2000)}) == 2000
