"""One message that a person sends to try a channel."""

from dataclasses import replace

import pytest

from sfdc_escalator.errors import Invalid
from sfdc_escalator.escalation.notices.pages import plain_text
from sfdc_escalator.escalation.outbox.posting import Sender
from sfdc_escalator.pipeline.notify.trial import Trial, try_channel
from sfdc_escalator.pipeline.ports.channel import Broken, Delayed, Delivered
from tests.pipeline.outboxes import FakeChannels

DESK = Trial("1" * 32, "desk", "webhook", "", is_addressed=False, person="ann")
MAIL = replace(DESK, channel="mail", kind="email")
KEYS = {
    "id", "kind", "repeat", "org", "organization_id", "sandbox", "policy", "route", "rung", "turn", "key", "case_id",
    "case_number", "case_url", "recipient", "instead_of", "urgent", "opens_with", "reason", "needed", "due", "late_by",
    "links", "say", "text",
}  # fmt: skip
"""The contract of a webhook."""


def test_the_message_says_who_tries_which_channel_of_which_org() -> None:
    channels = FakeChannels(sender=Sender("acme", "00D000000000001AAA", "acme"))
    tried = try_channel(DESK, channels)
    ((name, message),) = channels.got
    assert (name, tried.answer, tried.id, message.id) == ("desk", Delivered(), DESK.id, DESK.id)
    assert plain_text(message) == (
        "[SANDBOX acme] Test of the channel desk\nann sent this with `notices test`. Nobody needs to act."
    )
    assert message.facts.keys() == KEYS
    assert {name for name, value in message.facts.items() if value} == {
        "id", "kind", "org", "organization_id", "sandbox", "recipient", "text"
    }  # fmt: skip


@pytest.mark.parametrize("answer", [Delayed("HTTP 503"), Broken("HTTP 401")])
def test_an_answer_that_is_not_a_delivery_is_returned(answer: Delayed | Broken) -> None:
    assert try_channel(DESK, FakeChannels(lambda _name, _message: answer)).answer == answer


def test_a_channel_without_an_address_is_broken_and_gets_nothing() -> None:
    channels = FakeChannels(lacking=frozenset({"desk"}))
    assert try_channel(DESK, channels).answer == Broken("no address")
    assert channels.got == []


@pytest.mark.parametrize(
    ("trial", "expected"),
    [
        (MAIL, "an e-mail address"),
        (replace(MAIL, kind="salesforce"), "the id of a user, a queue or a group"),
        (replace(MAIL, kind="chatter"), "the id of a case"),
    ],
)
def test_a_channel_that_needs_a_recipient_asks_for_one(trial: Trial, expected: str) -> None:
    channels = FakeChannels()
    with pytest.raises(Invalid, match=f"the channel mail needs a recipient: name one with --to, {expected}"):
        try_channel(trial, channels)
    assert channels.got == []


def test_a_post_stands_on_the_case_that_was_named() -> None:
    channels = FakeChannels()
    try_channel(replace(DESK, kind="chatter", to="500000000000001AAA"), channels)
    assert channels.got[0][1].case_id == "500000000000001AAA"


def test_settings_may_name_the_recipient() -> None:
    assert try_channel(replace(MAIL, is_addressed=True), FakeChannels()).answer == Delivered()


def test_a_recipient_that_the_channel_cannot_take_is_refused() -> None:
    with pytest.raises(Invalid, match="the channel desk has an address of its own: leave out --to"):
        try_channel(replace(DESK, to="ann@example.com"), FakeChannels())
