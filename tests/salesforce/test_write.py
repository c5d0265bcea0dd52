"""A write is one request: guard, notes, owners, statuses, priorities, in this order, all or nothing."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest

from sfdc_escalator.escalation.decisions.order import Post
from sfdc_escalator.escalation.world.case import long_id
from sfdc_escalator.pipeline.ports.writing import Chunk, Write
from sfdc_escalator.salesforce.writing.write import composite
from tests.builders import ME, numbered

BASE = "/services/data/v67.0"
POLLED = datetime(2026, 3, 2, 15, 0, 1, 900_000, tzinfo=UTC)
QUEUE = long_id("00G000000000001")
ONE, TWO = numbered("500", 1), numbered("500", 2)
WHERE = f"SELECT Id FROM Case WHERE Id IN ('{ONE}','{TWO}') AND LastModifiedDate <= 2026-03-02T14:59:59Z"
COMMENTED = (
    f" AND Id NOT IN (SELECT ParentId FROM CaseComment WHERE CreatedById = '{ME}'"
    " AND CreatedDate >= 2026-03-02T14:59:59Z)"
)


def write(case_id: str, *, owner: str | None = None, status: str | None = None, priority: str | None = None) -> Write:
    found = {"OwnerId": owner, "Status": status, "Priority": priority}
    values = {name: value for name, value in found.items() if value is not None}
    return Write("ESC-0000-0000-0000", case_id, f"Note of {case_id}\u00e9", False, values)


def requests_of(chunk: Chunk, *, weak: bool = False) -> list[dict[str, Any]]:
    requests: list[dict[str, Any]] = composite(chunk, BASE, ME, weak=weak).body["compositeRequest"]
    return requests


BOTH = Chunk(
    (write(ONE, owner=QUEUE, status="Escalated", priority="High"), write(TWO, owner=QUEUE, priority="High")), POLLED
)


def collection(method: str, reference: str, *records: dict[str, Any]) -> dict[str, Any]:
    return {
        "method": method,
        "url": f"{BASE}/composite/sobjects",
        "referenceId": reference,
        "httpHeaders": {"Sforce-Auto-Assign": "FALSE"},
        "body": {"allOrNone": True, "records": list(records)},
    }


def test_the_whole_request_is_as_documented() -> None:
    def case(case_id: str, **fields: str) -> dict[str, Any]:
        return {"attributes": {"type": "Case"}, "id": case_id, **fields}

    def note(case_id: str) -> dict[str, Any]:
        comment = {"ParentId": case_id, "CommentBody": f"Note of {case_id}\u00e9", "IsPublished": False}
        return {"attributes": {"type": "CaseComment"}, **comment}

    made = composite(BOTH, BASE, ME, weak=False)
    fresh, *rest = made.body["compositeRequest"]
    assert unquote(fresh.pop("url")) == f"{BASE}/query?q={WHERE}{COMMENTED}"
    assert fresh == {"method": "GET", "referenceId": "fresh"}
    assert rest == [
        {"method": "GET", "url": f"{BASE}/sobjects/Case/@{{fresh.records[1].Id}}?fields=Id", "referenceId": "last"},
        collection("POST", "note", note(ONE), note(TWO)),
        collection("PATCH", "owner", case(ONE, OwnerId=QUEUE), case(TWO, OwnerId=QUEUE)),
        collection("PATCH", "status", case(ONE, Status="Escalated")),
        collection("PATCH", "priority", case(ONE, Priority="High"), case(TWO, Priority="High")),
    ]
    assert (made.body["allOrNone"], made.body["collateSubrequests"]) == (True, False)
    assert {part.reference: part.case_ids for part in made.parts} == {
        "fresh": (), "last": (), "note": (ONE, TWO), "owner": (ONE, TWO), "status": (ONE,), "priority": (ONE, TWO),
    }  # fmt: skip
    assert [part.reference for part in made.parts] == [one["referenceId"] for one in made.body["compositeRequest"]]


def test_a_url_in_the_request_is_encoded_except_for_its_reference() -> None:
    fresh, last, *_ = requests_of(BOTH)
    assert not set(fresh["url"]) & set(" '<>,()")
    assert "@{fresh.records[1].Id}" in last["url"]


def test_a_step_that_no_case_needs_sends_nothing() -> None:
    assert [part["referenceId"] for part in requests_of(Chunk((write(ONE),), POLLED))] == ["fresh", "last", "note"]


def test_together_saves_owner_status_and_priority_at_once_after_the_note() -> None:
    parts = requests_of(Chunk(BOTH.writes, POLLED, together=True))
    assert [part["referenceId"] for part in parts] == ["fresh", "last", "note", "fields"]
    first, second = parts[-1]["body"]["records"]
    assert (first["OwnerId"], first["Status"], first["Priority"]) == (QUEUE, "Escalated", "High")
    assert "Status" not in second


def test_a_published_note_is_written_as_published() -> None:
    one = Write("k", ONE, "n", True, {})
    assert requests_of(Chunk((one,), POLLED))[2]["body"]["records"][0]["IsPublished"] is True


def test_a_note_on_the_account_follows_the_notes_in_the_same_collection() -> None:
    account = long_id("001000000000001")
    posted = replace(write(ONE), post=Post("Account", account, "Case 1\n\nNote"))
    made = composite(Chunk((posted, write(TWO)), POLLED), BASE, ME, weak=False)
    records = made.body["compositeRequest"][2]["body"]["records"]
    assert [one["attributes"]["type"] for one in records] == ["CaseComment", "CaseComment", "FeedItem"]
    assert records[-1] == {
        "attributes": {"type": "FeedItem"}, "ParentId": account, "Type": "TextPost", "Body": "Case 1\n\nNote"
    }  # fmt: skip
    assert made.parts[2].case_ids == (ONE, TWO, ONE)


@pytest.mark.parametrize(("proved", "most"), [(False, 100), (True, 66)])
def test_a_chunk_with_notes_on_accounts_holds_fewer_cases(proved: bool, most: int) -> None:
    post = Post("Account", long_id("001000000000001"), "x" * 20_000)
    many = tuple(replace(write(numbered("500", n)), post=post) for n in range(1, most + 2))
    made = composite(Chunk(many[:-1], POLLED), BASE, ME, weak=False, proved=proved)
    records = made.body["compositeRequest"][2]["body"]["records"]
    assert len(records) <= 200
    assert len(records[-1]["Body"]) == 10_000
    with pytest.raises(ValueError, match="chunk"):
        composite(Chunk(many, POLLED), BASE, ME, weak=False, proved=proved)


def test_the_weak_guard_leaves_the_comments_out() -> None:
    assert unquote(requests_of(BOTH, weak=True)[0]["url"]).endswith(WHERE)


def test_short_ids_are_written_long() -> None:
    assert requests_of(Chunk((write(ONE[:15]),), POLLED))[2]["body"]["records"][0]["ParentId"] == ONE


def test_200_cases_need_five_queries_and_collections_at_most() -> None:
    many = tuple(write(numbered("500", n), owner=QUEUE, status="S", priority="P") for n in range(1, 201))
    parts = requests_of(Chunk(many, POLLED))
    assert sum("query?" in part["url"] or "composite/sobjects" in part["url"] for part in parts) == 5
    assert "records[199]" in parts[1]["url"]


@pytest.mark.parametrize(
    "writes",
    [
        (),
        (write(ONE), write(ONE)),
        (write(ONE), write(ONE[:15])),
        (write("500' OR Id != '"),),
        (write(ONE[:-1] + "B"),),
        (write(ONE, owner="nobody"),),
        tuple(write(numbered("500", n)) for n in range(1, 202)),
    ],
)
def test_an_invalid_chunk_is_refused(writes: tuple[Write, ...]) -> None:
    with pytest.raises(ValueError, match=r"chunk|record id"):
        composite(Chunk(writes, POLLED), BASE, ME, weak=False)
