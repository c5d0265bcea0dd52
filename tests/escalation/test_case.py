"""A case as one poll read it, and the ids of records."""

import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.escalation.world.case import Comment, long_id
from tests.builders import AGENT, case, values

IDS = st.text(string.ascii_letters + string.digits, min_size=15, max_size=15)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("500000000000001", "500000000000001AAA"),
        ("50130000000014c", "50130000000014cAAA"),
        ("A" * 15, "A" * 15 + "555"),
    ],
)
def test_the_last_three_characters_encode_the_upper_case_letters(short: str, long: str) -> None:
    assert long_id(short) == long == long_id(long)


@given(IDS)
@settings(max_examples=100, deadline=None)
def test_an_id_of_15_characters_and_its_long_form_are_the_same_record(short: str) -> None:
    long = long_id(short)
    assert len(long) == 18
    assert long[:15] == short
    assert long_id(long) == long_id(long[:15] + long[15:].lower()) == long


@given(IDS.filter(lambda text: any(map(str.isalpha, text))))
@settings(max_examples=50, deadline=None)
def test_an_id_with_wrong_letter_case_is_refused(short: str) -> None:
    with pytest.raises(ValueError, match="its last three characters should be"):
        long_id(short.swapcase() + long_id(short)[15:])


@pytest.mark.parametrize(
    "text", ["", "5" * 14, "5" * 16, "5" * 19, "50000000000000'", "50000000000000é", "5" * 14 + "\n"]
)
def test_a_text_that_is_not_an_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a record id"):
        long_id(text)


def test_a_case_with_a_time_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 3, 2)  # noqa: DTZ001
    with pytest.raises(ValueError, match="no time zone"):
        case(created=naive)
    with pytest.raises(ValueError, match="no time zone"):
        case(fields={"ClosedDate": naive})
    with pytest.raises(ValueError, match="no time zone"):
        Comment(AGENT, naive, "Hello", "agent")


def test_times_are_kept_in_utc() -> None:
    moment = datetime(2026, 3, 2, 12, tzinfo=timezone(timedelta(hours=2)))
    assert case(created=moment).created == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert case(created=moment).created.utcoffset() == timedelta(0)


def test_a_case_with_other_values_shows_them_wherever_a_policy_reads_them() -> None:
    seen = case(fields={"priority": "Medium", "Subject": "x"}).with_values(values("005X", "Escalated", "Urgent"))
    assert (seen.owner_id, seen.status, seen.priority) == ("005X", "Escalated", "Urgent")
    assert seen.fields["OwnerId"] == "005X"
    assert seen.fields["Status"] == "Escalated"
    assert seen.fields["Priority"] == seen.fields["priority"] == "Urgent"
    assert seen.fields["Subject"] == "x"


def test_the_text_of_a_field_is_found_by_its_name_whether_a_policy_reads_it_or_not() -> None:
    bare = case(owner="005X", status="New", priority=None)
    seen = replace(bare, fields={"type": "Return"})
    names = ("OwnerId", "Status", "Priority", "Type", "Origin")
    assert [seen.text_of(name) for name in names] == ["005X", "New", None, "Return", None]
