"""The cases that a second look reads: those that could still match."""

from dataclasses import replace
from datetime import timedelta

from sfdc_escalator.escalation.conditions.kinds.age import Age
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.text import Text
from sfdc_escalator.escalation.conditions.speech.words import parse_phrase
from sfdc_escalator.escalation.conditions.tree import All
from sfdc_escalator.escalation.policy.telling import Warn
from sfdc_escalator.escalation.world.needs import COMMENTS, Need
from sfdc_escalator.pipeline.polling.second_look import is_survivor
from tests.builders import NOW, case, in_org, policy, route

HOUR = timedelta(hours=1)
REFUND = Text(("comments",), (parse_phrase("refund"),))


def test_a_scope_that_was_not_read_leaves_out_no_case() -> None:
    of = policy(route("high", Field("Priority", "is", "High")), scope=[Field("Description", "contains_any", ("x",))])
    unread = frozenset[Need]({"Description"})
    assert is_survivor([in_org(of)], case(priority="High"), unread)
    assert not is_survivor([in_org(of)], case(priority="Low"), unread)


def test_a_case_is_read_in_full_for_its_warning_before_a_route_matches() -> None:
    old = route("old", All((Age("at_least", 4 * HOUR, path="CreatedDate"), REFUND)))
    warned, young = replace(old, warn=Warn(2 * HOUR, ())), case(created=NOW - 3 * HOUR)
    unread = frozenset[Need]({COMMENTS})
    assert is_survivor([in_org(policy(warned))], young, unread)
    assert not is_survivor([in_org(policy(old))], young, unread)
