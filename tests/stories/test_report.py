"""`report` counts what happened in a period, from the ledger: three days of org time, with people who act."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sfdc_escalator.ledger.store import open_ledger, open_trail
from sfdc_escalator.ledger.tables.schema import events
from tests.ledger.sample import start as start_of_run
from tests.stories.stopped_org import act, at, run, set_clock
from tests.stories.test_main_job import QUEUES, USERS, case
from tests.stories.world import Row, World, select

POLICY = """
policy: support
priorities: [Low, Medium, High, Critical]
calendars: {office: {timezone: America/Chicago, open: {mon-fri: "09:00-17:00"}}}
channels: {desk: webhook}
teams:
  leads: {queue: Leads, tell: [desk], calendar: office}
  intake: {queue: Intake, tell: [desk]}
review: {by: [Product__c, Reason, Vip__c]}
routes:
  - name: urgent
    reason: It is urgent.
    when: [{field: Subject, starts_with: urgent}]
    escalate: {note: {help_needed: Call back.}, queue: leads, priority: High}
    notify: [leads]
    due: 4h
    ladder:
      - {after: 30m, escalate: {priority: Critical}, notify: [leads], until: acknowledged}
      - {name: late, after_due: 0m, notify: [leads], until: closed}
  - name: new
    reason: It came in.
    when: [{field: Subject, starts_with: new}]
    escalate: {note: {help_needed: Look at it.}, queue: intake}
    counts_as: routing
  - name: old
    reason: It is old.
    when: [{age: CreatedDate, at_least: 2d}]
    warn: {before: 1h, tell: [intake]}
    escalate: {note: {help_needed: Have a look.}, queue: intake}
guards: {max_cases: 10, max_share_of_open: 100%}
"""
BOB, OLD = "bob@support.example", "2026-03-01T16:10:00Z"
PERIOD = ("--from", "2026-03-02", "--to", "2026-03-04")
ZONE = ZoneInfo("America/Chicago")
PAGE = Path(__file__).parents[2] / "config" / "report" / "README.md"


def report(world: World, *words: str, code: int = 0) -> dict[str, Any]:
    answer = world.type("report", "--json", *words)
    assert answer.code == code, answer.out + answer.err
    return answer.json


def rows(found: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    return next(one["rows"] for one in found["figures"] if one["name"] == name)


def values(found: Mapping[str, Any], name: str, *by: str) -> dict[Any, Any]:
    """The values of a figure by these keys of its rows."""
    return {tuple(row[one] for one in by): row["value"] for row in rows(found, name)}


def reviewed(number: int, subject: str, created: str, product: str, reason: str, vip: str) -> Row:
    more = {"Product__c:picklist": product, "Reason": reason, "Vip__c:checkbox": vip}
    return case(number, subject, created, **more)


def three_days(world: World) -> None:
    """Bob takes case 1 after 10 minutes and closes it after 80, and takes case 2 after 50; nobody takes case 3. Case 4
    is routed. Of two old cases, of which the team was warned, case 6 is closed in time. Another one comes at night."""
    young = "2026-03-02T09:00:00Z"
    org = world.org(
        Case=[
            reviewed(1, "urgent: no heat", young, "Boiler", "Breakdown", "true"),
            reviewed(2, "urgent: no water", young, "Boiler", "Breakdown", "false"),
            reviewed(3, "urgent: noise", young, "Pump", "", "false"),
            reviewed(4, "new: hello", young, "", "", "false"),
            reviewed(5, "a question", OLD, "Boiler", "", "false"),
            reviewed(6, "another one", OLD, "Pump", "", "false"),
        ],
        Group=QUEUES,
        User=USERS,
    )
    ids = {int(row["CaseNumber"]): row["Id"] for row in select(org, "SELECT Id, CaseNumber FROM Case")}
    run(world, "--backlog", "escalate")
    set_clock(org, "2026-03-02T15:10Z")
    act(org, act="edit", case=ids[1], fields={"OwnerId": BOB}, by=BOB)
    at(world, "2026-03-02T15:35Z")
    set_clock(org, "2026-03-02T15:50Z")
    act(org, act="edit", case=ids[2], fields={"OwnerId": BOB}, by=BOB)
    set_clock(org, "2026-03-02T16:20Z")
    act(org, act="close", case=ids[1], by=BOB)
    at(world, "2026-03-02T19:05Z")
    assert world.type("hold", "3", "--until", "3d", "--why", "she is away").code == 0
    at(world, "2026-03-03T15:30Z")
    act(org, act="close", case=ids[6], by=BOB)
    at(world, "2026-03-03T16:15Z")
    set_clock(org, "2026-03-04T06:00Z")
    act(org, act="create", object="Case", fields={"Subject": "urgent: smoke", "Status": "New", "Priority": "Low"})
    assert at(world, "2026-03-04T06:30Z") == ["1001 urgent start applied"]


def test_the_figures_of_three_days_are_those_of_what_people_and_runs_did(stopped: World) -> None:
    stopped.policy(POLICY)
    three_days(stopped)
    found = report(stopped, *PERIOD, "--org", "env", "--expect-every", "1h")
    assert (found["zone"], found["from"], found["to"]) == (
        "America/Chicago",
        "2026-03-02T06:00:00Z",
        "2026-03-04T06:00:00Z",
    )
    assert values(found, "escalations", "day", "route") == {("2026-03-02", "urgent"): 3, ("2026-03-03", "old"): 1}
    assert values(found, "counted_as", "day", "as", "route") == {("2026-03-02", "routing", "new"): 1}
    leads, intake = ("urgent", "leads"), ("old", "intake")
    assert values(found, "first_act_median", "route", "team") == {leads: 600}
    assert values(found, "first_act_p90", "route", "team") == {leads: 3000}
    assert values(found, "acted_on", "route", "team") == {leads: 2}
    assert values(found, "still_waiting", "route", "team") == {leads: 1, intake: 1}
    assert values(found, "waiting_unwatched", "route", "team") == {intake: 1}
    within = {(row["route"], row["value"], row["of"]) for row in rows(found, "closed_within_due")}
    assert within == {("urgent", 1, 3)}
    within = {(row["route"], row["value"], row["of"]) for row in rows(found, "closed_within_30_days")}
    assert within == {("urgent", 1, 3), ("old", 0, 1)}
    assert values(found, "rungs_climbed", "route", "rung") == {("urgent", "after-30m"): 2, ("urgent", "late"): 2}
    assert values(found, "rungs_per_escalation", "route") == {("urgent",): 1.33}
    followed = {(row["rung"], row["value"], row["of"]) for row in rows(found, "rungs_followed_by_an_act")}
    assert followed == {("after-30m", 1, 2), ("late", 0, 1)}
    assert values(found, "rungs_that_moved_nobody", "route", "rung") == {("urgent", "late"): 1}
    assert values(found, "warned", "route") == {("old",): 2}
    assert {(row["value"], row["of"]) for row in rows(found, "avoided")} == {(1, 2)}
    assert values(found, "held", "route", "by") == {(None, "hold"): 1}
    for name in ("repeated", "rejected", "withheld", "unknown"):
        assert rows(found, name) == []
    assert values(found, "messages", "recipient", "channel")["leads", "desk"] == 3 + 2 + 2
    assert values(found, "runs", "day") == {("2026-03-02",): 3, ("2026-03-03",): 2}
    # 15:35 to 19:05 misses 16:35, 17:35 and 18:35; then 20:05 of the 2nd to 14:05, and 17:15 to 05:15.
    assert sum(values(found, "runs_missed", "day").values()) == 3 + 19 + 13
    shares = ((row["field"], row["item"], row["value"], row["of"], row["against"]) for row in rows(found, "in_common"))
    common = {(field, item): part for field, item, *part in shares}
    assert common["Product__c", "Boiler"] == [3, 4, {"value": 2, "of": 5}]
    assert common["Reason", "(empty)"] == [2, 4, {"value": 4, "of": 5}]
    assert common["Vip__c", "true"] == [1, 4, {"value": 0, "of": 5}]
    assert found["remarks"] == []
    assert [one["name"] for one in found["figures"] if f"`{one['name']}`" not in PAGE.read_text(encoding="utf-8")] == []
    recomputed(stopped, found)
    at_the_bounds(stopped)
    in_words(stopped)


def at_the_bounds(world: World) -> None:
    """The start at 06:30 is in a period that begins then, and not in one that ends then."""
    moment = "2026-03-04T06:30:00Z"
    assert values(report(world, "--from", "2026-03-03T18:00:00Z", "--to", moment), "escalations", "day") == {}
    found = report(world, "--from", moment, "--to", "2026-03-04T06:30:01Z")
    assert values(found, "escalations", "day") == {("2026-03-04",): 1}
    assert values(found, "runs", "day") == {("2026-03-04",): 1}
    later = report(world, "--from", "2026-03-04T06:30:01Z", "--to", "2026-03-06")
    assert [one["name"] for one in later["figures"] if one["rows"]] == ["longest_gap"]


def in_words(world: World) -> None:
    """Every line has at most 80 characters, or what COLUMNS says; every figure with rows has its definition."""
    for columns in (None, "48"):
        world.environ |= {"COLUMNS": columns} if columns else {}
        text = world.type("report", *PERIOD).out
        assert max(map(len, text.splitlines())) <= int(columns or 80), text
        assert "Time to the first act, median" in text
        assert "90th percentile" in text
        assert "50 min" in text
        flat = " ".join(text.split())
        assert "not compared with those of all open cases: the org is asked for them only where --org is typed" in flat
        assert "None in this period: Escalated again" in flat
        for one in report(world, *PERIOD)["figures"]:
            assert (" ".join(one["definition"].split()) in flat) == bool(one["rows"]), one["name"]


# -- the same from the events alone ------------------------------------------------------------------------------------


def bodies_of(world: World) -> list[dict[str, Any]]:
    (ledger,) = (world.folder / "state").rglob("*.db")
    with open_trail(str(ledger)) as trail, trail.reading() as connection:
        return [json.loads(body) for body in connection.scalars(events.select().with_only_columns(events.c.body))]


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def recomputed(world: World, found: Mapping[str, Any]) -> None:
    """Computes figures once more from the bodies of the events, in another way than the program does."""
    bodies = bodies_of(world)
    begin, end = instant(found["from"]), instant(found["to"])
    keys: dict[str, dict[str, Any]] = {}
    for body in bodies:
        if "escalation" in body:
            mine = keys.setdefault(body["about"]["key"], {"events": []})
            mine["events"].append(body["about"]["event"])
            mine |= {"now": body["escalation"], "counted": body["facts"].get("counted") or mine.get("counted")}
            mine["closed"] = body["facts"].get("closed_at") or mine.get("closed")
    starts: dict[str, dict[str, Any]] = {}
    for key, one in keys.items():
        ladder = one["now"]["ladder"] or {}
        begun = instant(ladder.get("started") or one["now"]["tried_at"])
        if one["now"]["rung"] != "start" or "applied" not in one["events"] or one["counted"]["counts_as"]:
            continue
        if begin <= begun < end:
            acts = [(ladder.get("acknowledged") or {}).get("at"), one["closed"]]
            first = min((instant(act) for act in acts if act), default=None)
            starts[key] = {**one, "ladder": ladder, "begun": begun, "act": first}
    days = Counter((f"{one['begun'].astimezone(ZONE):%Y-%m-%d}", one["now"]["route"]) for one in starts.values())
    assert values(found, "escalations", "day", "route") == days
    for name, rank in (("first_act_median", 0.5), ("first_act_p90", 0.9)):
        expected = {}
        for place in {(one["now"]["route"], one["counted"]["team"]) for one in starts.values() if one["act"]}:
            here = [one for one in starts.values() if (one["now"]["route"], one["counted"]["team"]) == place]
            times = sorted((one["act"] - one["begun"]) // timedelta(seconds=1) for one in here if one["act"])
            expected[place] = next(time for count, time in enumerate(times, 1) if count >= rank * len(times))
        assert values(found, name, "route", "team") == expected
    waiting = Counter(
        (one["now"]["route"], one["counted"]["team"])
        for one in starts.values()
        if not one["act"] and one["now"]["state"] == "applied"
    )
    assert values(found, "still_waiting", "route", "team") == waiting
    in_time = Counter(
        one["now"]["route"]
        for one in starts.values()
        if one["closed"] and one["ladder"].get("due") and one["closed"] <= one["ladder"]["due"]
    )
    assert {route: n for (route,), n in values(found, "closed_within_due", "route").items()} == in_time
    rungs = Counter(
        (one["now"]["route"], one["now"]["rung"])
        for one in keys.values()
        if one["now"]["start_key"] in starts and one["now"]["state"] == "applied"
    )
    assert values(found, "rungs_climbed", "route", "rung") == rungs
    sent = {
        (body["facts"]["recipient"], body["facts"]["channel"], body["facts"]["bundle"])
        for body in bodies
        if body["about"]["event"] == "notice_sent" and found["from"] <= body["facts"]["sent_at"] < found["to"]
    }
    assert values(found, "messages", "recipient", "channel") == Counter((to, by) for to, by, _ in sent)
    common = Counter((path, value) for one in starts.values() for path, value in one["counted"]["values"].items())
    assert values(found, "in_common", "field", "item") == {
        (path, value or "(empty)"): count for (path, value), count in common.items()
    }
    times = [body["org_time"] for body in bodies if body["about"]["event"] == "run_finished"]
    assert sum(values(found, "runs", "day").values()) == sum(found["from"] <= one < found["to"] for one in times)


# -- periods that make no sense ----------------------------------------------------------------------------------------


@pytest.fixture
def empty(world: World) -> World:
    """A ledger with one run, without an escalation."""
    world.environ["SFDC_ESCALATOR_LEDGER"] = str(world.folder / "ours.db")
    with (
        open_ledger(world.environ["SFDC_ESCALATOR_LEDGER"], create=True) as ledger,
        ledger.lease(start_of_run()) as one,
    ):
        one.finish({"exit": 0})
    return world


@pytest.mark.parametrize(
    ("begin", "end", "message"),
    [
        ("2026-03-08", "2026-03-01", "from 2026-03-08 to 2026-03-01 is the wrong way round"),
        ("2026-03-01", "2026-03-01", "is empty: --to is not part of it"),
        ("2026-03-01", "2026-03-01T00:00:00Z", "is empty"),
        ("2899-01-01", "2900-01-01", "begins in the future: --from 2899-01-01 is after"),
        ("yesterday", "2026-03-01", "'yesterday' is not a day such as 2026-03-02 or an instant such as"),
        ("2026-02-30", "2026-03-01", "'2026-02-30' is not a day of the calendar"),
        ("2026-03-01T08:00:00", "2026-03-02", "has no time zone"),
        ("2026-03-01T08:00:00.5Z", "2026-03-02", "has a part of a second"),
        ("0001-01-01", "2026-03-02", "is not between the years"),
        ("20260301", "2026-03-02", "'20260301' is not a day"),
    ],
)
def test_a_period_that_makes_no_sense_is_refused(empty: World, begin: str, end: str, message: str) -> None:
    answer = empty.type("report", "--from", begin, "--to", end)
    assert (answer.code, answer.out) == (2, "")
    assert message in " ".join(answer.err.split())


def test_a_period_in_which_nothing_happened_is_said_plainly(empty: World) -> None:
    answer = empty.type("report", "--from", "2026-03-01", "--to", "2026-03-02T00:00:00Z")
    assert answer.code == 0, answer.err
    assert "Nothing happened in this period" in answer.out
    assert "days of UTC" in answer.out
    assert "no run yet that recorded the org's time" in answer.out
    found = report(empty, "--from", "2026-03-01", "--to", "2026-03-02")
    assert all(one["rows"] == [] for one in found["figures"] if one["name"] != "runs_not_dated")
    assert [one["value"] for one in rows(found, "runs_not_dated")] == [1]


def test_a_ledger_that_is_not_there_is_exit_2_and_is_not_made(world: World) -> None:
    place = world.folder / "none.db"
    answer = world.type("report", "--from", "2026-03-01", "--to", "2026-03-02", "--ledger", str(place))
    assert (answer.code, place.exists()) == (2, False)
    assert "does not exist" in answer.err


def test_runs_cannot_be_expected_every_second(empty: World) -> None:
    answer = empty.type("report", "--from", "2026-03-01", "--to", "2026-03-02", "--expect-every", "1s")
    assert answer.code == 2
    assert "more often than once in 1m" in answer.err
