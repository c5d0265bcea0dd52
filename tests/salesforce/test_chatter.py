"""Chatter: a post on the case, for people inside, in which no text of a customer is a link, a hashtag or a mention."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.escalation.notices.message import Line, Link, Message
from sfdc_escalator.escalation.notices.pages import REPEAT, SIREN
from sfdc_escalator.pipeline.ports.channel import Broken, Delivered, Refused
from sfdc_escalator.salesforce.telling.chatter import broken_up
from sfdc_escalator.salesforce.telling.delivering import units
from tests.channels.hostile import TEXTS, hostile
from tests.salesforce.channels import CASE, an_org, channel_in, message, requests_to, scripted
from tests.salesforce.conftest import Stage, error
from tests.salesforce.test_channels import DONE, PATHS

POST = PATHS["chatter"]
LINK = re.compile(r"\w+://\S+|\bwww\.\S+|\b[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}(?:/\S*)?")
"""The texts that a reader of plain text takes for a link: a scheme, www, or a name that ends like a domain."""
TAG = re.compile(r"#\[[^\]]+\]|#\w+")
MENTION = re.compile(r"@\[[^\]]+\]")


@pytest.fixture
def org(tmp_path: Path) -> Iterator[EmbeddedOrg]:
    with an_org(tmp_path / "org") as made:
        yield made


def posted(org: EmbeddedOrg, *messages: Message) -> list[dict[str, Any]]:
    """The posts that the org got for these messages, all of which are delivered."""
    with channel_in(org, "chatter") as chatter:
        for one in messages:
            assert isinstance(chatter.deliver(one), Delivered)
    return requests_to(org, POST)


def test_a_post_stands_on_the_case_for_people_inside(org: EmbeddedOrg) -> None:
    assert posted(org, message()) == [
        {
            "ParentId": CASE,
            "Type": "TextPost",
            "Body": "ESCALATION 00001042: supervisor-request\n"
            "Account: Acme\n"
            "Reason: The customer lost 4711 euros.\n"
            "Case: https://acme.my.salesforce.com/lightning/r/Case/500000000000001AAA/view\n"
            "ESC-7Q4M-2K9D-X3TR",
            "Visibility": "InternalUsers",
        }
    ]
    stored = org._database.query("SELECT ParentId, Visibility, IsRichText FROM FeedItem")
    assert stored == [(CASE, "InternalUsers", 0)]


def test_the_reference_is_the_id_of_the_post(org: EmbeddedOrg) -> None:
    with channel_in(org, "chatter") as chatter:
        answer = chatter.deliver(message())
    assert answer == Delivered(str(org._database.query("SELECT Id FROM FeedItem")[0][0]))


def test_an_urgent_message_and_a_repeat_say_so(org: EmbeddedOrg) -> None:
    (one,) = posted(org, message(urgent=True, is_repeat=True))
    assert one["Body"].startswith(f"{SIREN} ESCALATION 00001042: supervisor-request\n{REPEAT}\n")


@pytest.mark.parametrize("name", TEXTS)
def test_no_text_of_a_customer_is_a_link_a_hashtag_or_a_mention(tmp_path: Path, name: str) -> None:
    of = hostile(name)
    with an_org(tmp_path / "org") as org:
        posts = posted(org, of)
    bodies = "\n".join(one["Body"] for one in posts)
    assert LINK.findall(bodies) == [of.links[0].url]
    assert TAG.findall(bodies) + MENTION.findall(bodies) == []
    assert all(units(one["Body"]) <= 10_000 and "IsRichText" not in one for one in posts)
    assert (of.title in bodies, of.key in bodies, "The customer asks for a supervisor." in bodies) == (True,) * 3


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://evil.example/pay?a=1", "https[:]//evil[.]example/pay?a=1"),
        ("see www.evil.example, now", "see www[.]evil[.]example, now"),
        ("kim@example.com", "kim@example[.]com"),
        ("#urgent #[two words] # head #", "# urgent # [two words] # head #"),
        ("@[Ann Ash] @ann", "@ [Ann Ash] @ann"),
        ("3.14, v2.0, e.g. this. End.", "3.14, v2.0, e.g. this. End."),
        ("bücher.example", "bücher[.]example"),
        ("12:30 a: b", "12:30 a: b"),
    ],
)
def test_an_address_is_readable_and_not_a_link(text: str, shown: str) -> None:
    assert broken_up(text) == shown
    assert broken_up(shown) == shown


def test_our_own_links_stay_links(org: EmbeddedOrg) -> None:
    links = (Link("Case", "https://acme.my.salesforce.com/x"), Link("Project", "https://projects.example.com/#7"))
    (one,) = posted(org, message(links=links))
    assert LINK.findall(one["Body"]) == [link.url for link in links]


def test_a_post_of_the_most_characters_is_sent_after_its_links_are_broken_up(org: EmbeddedOrg) -> None:
    (one,) = posted(org, message(lines=(Line("Text", "see www.evil.example " * 2000),)))
    assert 9_900 < units(one["Body"]) <= 10_000
    assert one["Body"].endswith("ESC-7Q4M-2K9D-X3TR")


def test_what_must_be_said_is_spread_over_several_posts(org: EmbeddedOrg) -> None:
    kept = tuple(Line(f"Part {number}", "www.evil.example " * 400, kept=True) for number in range(3))
    posts = posted(org, message(lines=kept))
    assert len(posts) > 1
    assert sum(one["Body"].count("www[.]evil[.]example") for one in posts) == 1200
    assert all(units(one["Body"]) <= 10_000 for one in posts)


def test_an_org_without_digital_experiences_has_no_visibility_and_gets_the_post_without_it(stage: Stage) -> None:
    chatter = scripted(stage, "chatter")
    stage.answers("POST", POST, error("INVALID_FIELD", "No such column 'Visibility' on sobject of type FeedItem"), 400)
    stage.answers("POST", POST, DONE["chatter"], 201)
    assert isinstance(chatter.deliver(message()), Delivered)
    assert "Visibility" not in stage.sent()
    assert isinstance(chatter.deliver(message()), Delivered)
    assert len(stage.mock.calls) == 3


@pytest.mark.parametrize(
    ("status", "code", "advice"),
    [
        (400, "FEED_NOT_ENABLED_FOR_OBJECT", "turn on feed tracking of Case (Setup, Feed Tracking)"),
        (404, "NOT_FOUND", "turn on Chatter (Setup, Chatter Settings)"),
        (400, "INVALID_FIELD", "turn on Chatter"),
    ],
)
def test_an_org_without_feeds_is_a_broken_channel_with_advice(
    stage: Stage, status: int, code: str, advice: str
) -> None:
    chatter = scripted(stage, "chatter")
    stage.answers("POST", POST, error(code), status)
    answer = chatter.deliver(message())
    assert isinstance(answer, Broken)
    assert advice in answer.reason


@pytest.mark.parametrize("code", ["INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "INSUFFICIENT_ACCESS_OR_READONLY"])
def test_a_case_without_access_is_refused(stage: Stage, code: str) -> None:
    chatter = scripted(stage, "chatter")
    stage.answers("POST", POST, error(code), 400)
    assert isinstance(chatter.deliver(message()), Refused)


def test_a_deleted_case_is_refused(org: EmbeddedOrg) -> None:
    org.act("delete", case=CASE)
    with channel_in(org, "chatter") as chatter:
        assert isinstance(chatter.deliver(message()), Refused)


def test_a_message_about_several_cases_is_refused(org: EmbeddedOrg) -> None:
    with channel_in(org, "chatter") as chatter:
        assert isinstance(chatter.deliver(message(case_id="", key="")), Refused)
    assert org.requests() == []
