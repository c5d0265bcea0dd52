"""The log as a channel: one event for a message, with facts of ours."""

import logging

import pytest

from sfdc_escalator.channels.log import channel
from sfdc_escalator.pipeline.ports.channel import Delivered
from tests.channels.hostile import hostile

FACTS = {
    "policy": "member-support",
    "route": "supervisor-request",
    "rung": "late",
    "turn": 2,
    "recipient": "supervisors",
}


def test_a_message_is_one_event_with_its_facts(caplog: pytest.LogCaptureFixture) -> None:
    one = hostile("emoji", facts={**FACTS, "due": None, "text": "Dear all", "say": {"Subject": "Help"}})
    with caplog.at_level(logging.INFO, "sfdc_escalator"):
        assert channel({}).deliver(one) == Delivered()
    (record,) = caplog.records
    assert (record.msg, record.levelname) == ("notice", "INFO")
    assert vars(record).items() >= (FACTS | {"id": one.id, "kind": "start", "key": one.key, "title": one.title}).items()
    assert not {"due", "text", "say", "repeat", "urgent", "to"} & set(vars(record))
