"""`text`: words of the named side, without quoted replies, newer than the last escalation."""

from datetime import timedelta

import pytest

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.kinds.text import Text
from sfdc_escalator.escalation.conditions.speech.own_words import own_words
from sfdc_escalator.escalation.conditions.speech.words import parse_phrase
from tests.builders import NOW, SCENE, case, comment, email

HOUR = timedelta(hours=1)
CALL = (parse_phrase("please call"),)
SAID = [
    comment("please call", speaker="customer", minutes_ago=180),
    comment("hello", speaker="agent", minutes_ago=120),
    email("Hi", speaker="customer", minutes_ago=60),
]


def test_words_are_looked_for_in_each_source_on_its_own() -> None:
    condition = Text(("Subject", "comments"), (parse_phrase("speak to a manager"),))
    assert condition.holds(case(comments=[comment("no"), comment("Speak to a manager!")]), SCENE)
    apart = case(fields={"Subject": "speak to"}, comments=[comment("a"), comment("manager")])
    assert not condition.holds(apart, SCENE)


@pytest.mark.parametrize(
    ("source", "found"),
    [("comments", True), ("comments.customer", True), ("comments.agent", False), ("emails", False), ("Subject", False)],
)
def test_a_source_holds_the_messages_of_its_side(source: str, found: bool) -> None:
    assert Text((source,), CALL).holds(case(comments=SAID), SCENE) is found


@pytest.mark.parametrize(
    "text",
    [
        "Thanks\n\n> please call",
        "Thanks\n\nOn Mon, 2 Mar 2026 at 10:00, Ann <ann@x.example> wrote:\nplease call",
        "Thanks\n\nOn Mon, 2 Mar 2026 at 10:00, Ann Agent\n<ann@x.example> wrote:\nplease call",
        "Danke\n\nAm 02.03.2026 um 10:00 schrieb Ann Agent:\nplease call",
        "Merci\n\nLe lun. 2 mars 2026 \u00e0 10:00, Ann a \u00e9crit :\nplease call",
        "Thanks\n-----Original Message-----\nplease call",
        "Thanks\n\nFrom: Ann\nSent: Monday\nTo: Bob\nSubject: Re\n\nplease call",
        "Danke\n\nVon: Ann\nGesendet: Montag\nAn: Bob\nBetreff: Re\n\nplease call",
        "Merci\n\nDe : Ann\nEnvoy\u00e9 : lundi\n\u00c0 : Bob\nObjet : Re\n\nplease call",
        "Thanks\n\nOn Mon, 2 Mar 2026, Ann wrote:\n\n> please call\n> please call\nBye",
        "Thanks\n-- \nplease call",
        "Thanks\nSent from my phone\nplease call",
    ],
)
def test_signatures_and_quoted_replies_are_left_out(text: str) -> None:
    assert not Text(("emails",), CALL).holds(case(comments=[email(text)]), SCENE)
    assert own_words(text).startswith(text.split("\n", 1)[0])


@pytest.mark.parametrize(
    "text",
    [
        "please call",
        "> earlier\nplease call",
        "From: the shop, please call",
        "-- please call",
        "Re: hello\nOn Mon, 2 Mar 2026, Ann wrote:\n> May we call?\n\nYes, please call",
        "Re: hello\nOn Mon, 2 Mar 2026 at 10:00, Ann Agent\n<ann@x.example> wrote:\n> When?\nplease call\n> How?\nSoon",
    ],
)
def test_the_writers_own_words_are_found(text: str) -> None:
    assert Text(("emails",), CALL).holds(case(comments=[email(text)]), SCENE)


@pytest.mark.parametrize(("hours_ago", "found"), [(4, True), (3, False), (2, False)])
def test_after_an_escalation_only_newer_words_count(hours_ago: int, found: bool) -> None:
    circumstances = Circumstances(NOW, escalated_at=NOW - hours_ago * HOUR, newer_messages=True)
    assert Text(("comments",), CALL).holds(case(comments=SAID), circumstances) is found


def test_a_field_is_as_old_as_its_case() -> None:
    one = case(created=NOW - 5 * HOUR, fields={"Subject": "please call"})
    text = Text(("Subject",), CALL)
    assert text.holds(one, Circumstances(NOW, escalated_at=NOW - 6 * HOUR, newer_messages=True))
    assert not text.holds(one, Circumstances(NOW, escalated_at=NOW - 5 * HOUR, newer_messages=True))
    assert text.holds(one, Circumstances(NOW, escalated_at=NOW - 5 * HOUR))


def test_ignored_phrases_are_removed_first() -> None:
    text = Text(("comments",), CALL, (parse_phrase("please call later"),))
    assert not text.holds(case(comments=[comment("please call later")]), SCENE)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("please call", True),
        ("please call, as the notice says", False),
        ("please call, as the notice says: please call", True),
        ("please call, as the notice says\n\n> please call", False),
        ("please call\n\n> as the notice says", True),
    ],
)
def test_an_ignored_phrase_stays_ignored_beside_quoted_text(text: str, found: bool) -> None:
    ignoring = (parse_phrase("please call as the notice says"),)
    assert Text(("emails",), CALL, ignoring).holds(case(comments=[email(text)]), SCENE) is found
