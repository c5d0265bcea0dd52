"""The messages that a replay of the past counts: by recipient as the policy names it, and by week."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sfdc_escalator.escalation.conditions.tables import Row, Table
from sfdc_escalator.escalation.policy.ladder import After, Ladder, Rung
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.policy.telling import NOBODY, DigestTime, NoticeRules, Notify, Recipient
from sfdc_escalator.escalation.telling.messages import Messages
from sfdc_escalator.escalation.world.keys import FIRST_RUNG
from tests.builders import policy, route

LEADS, BOSS = Recipient("team", "leads"), Recipient("person", "Owner.Manager")
BY_REGION = Table("region", ("Region__c",), (Row(("x",), "leads"),), "leads")
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)


def notifying(now: tuple[Recipient, ...] = (), digest: tuple[Recipient, ...] = (), rung: Notify = NOBODY) -> Policy:
    ladder = Ladder((Rung("late", After(timedelta(hours=1)), "closed", notify=rung),))
    one = replace(route("a"), notify=Notify(now, digest), ladder=ladder)
    rules = NoticeRules(digest=DigestTime(time(9), frozenset(range(5))))
    return replace(policy(one, route("b")), zone=ZoneInfo("America/Chicago"), notices=rules)


Happened = tuple[str, str, datetime]


def messages_by_week(policy: Policy, happened: Iterable[Happened]) -> Mapping[str, Mapping[str, int]]:
    counted = Messages(policy)
    for one in happened:
        counted.take(*one)
    return counted.by_week()


def happened(*hours: int, rung: str = FIRST_RUNG, of: str = "a") -> list[Happened]:
    return [(of, rung, MONDAY + timedelta(hours=one)) for one in hours]


def test_each_start_and_each_rung_is_a_message_to_each_of_its_recipients() -> None:
    of = notifying((LEADS, BOSS), rung=Notify((BOSS,)))
    found = messages_by_week(of, [*happened(0, 1), *happened(2, rung="late"), *happened(3, of="b")])
    assert found == {"leads": {"2026-W10": 2}, "Owner.Manager": {"2026-W10": 3}}


def test_two_cases_at_one_time_are_two_messages() -> None:
    assert messages_by_week(notifying((LEADS,)), happened(0, 0)) == {"leads": {"2026-W10": 2}}


def test_a_digest_is_one_message_on_its_day_and_not_for_who_is_notified_at_once() -> None:
    of = notifying((LEADS,), (LEADS, BOSS))
    found = messages_by_week(of, happened(0, 1, 2, 30, 5 * 24, 6 * 24))  # the last two on a weekend
    assert found == {"leads": {"2026-W10": 6}, "Owner.Manager": {"2026-W10": 2, "2026-W11": 1}}


def test_weeks_are_those_of_the_policys_zone() -> None:
    sunday_night = happened(-9)  # Sunday 21:00 in Chicago
    assert messages_by_week(notifying((LEADS,)), sunday_night) == {"leads": {"2026-W09": 1}}


def test_tables_and_channels_count_under_their_names() -> None:
    in_place = replace(BY_REGION, name="")
    told = (Recipient("table", BY_REGION), Recipient("table", in_place), Recipient("channel", "desk"))
    assert list(messages_by_week(notifying(told), happened(0))) == [
        "a table by Region__c",
        "channel desk",
        "table region",
    ]


def test_a_policy_that_notifies_nobody_sends_nothing() -> None:
    assert messages_by_week(notifying(), happened(0, 1)) == {}
