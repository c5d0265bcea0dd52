"""The keys of ladders and notices: each mistake is one error at its place."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfdc_escalator.escalation.notices.channel_kinds import KINDS
from sfdc_escalator.files.policies import check_policies
from sfdc_escalator.files.text.yaml_document import parse
from sfdc_escalator.wiring.validation import check

POLICY = """\
policy: support
owner: {accountable: leads, review_every: 30d}
calendars: {office: {timezone: UTC, open: {mon-fri: "08:00-20:00"}}}
priorities: [Low, Medium, High, Urgent]
channels: {alarm: {kind: slack}, mail: {kind: email}}
teams:
  leads: {queue: Leads, tell: [alarm], calendar: office, person: a@b.example, list: l@b.example, facts: {dial: "1"}}
  others: {queue: Others, tell: mail}
  twins: {queue: leads}
  third: {queue: Third}
  readers: {tell: [mail], person: Account.Owner}
tables:
  level: {by: Rating__c, values: {x: High, y: Urgent}, else: Low}
  who: {by: Region__c, values: {x: leads, y: others}, else: leads}
  hours: {by: Region__c, values: {x: office}, else: office}
  time: {by: Region__c, values: {x: 1h}, else: 4h}
notices: {opens_with: ESCALATION, must_say: [Account.Name, reason], links: [Link__c]}
defaults: {status: Open, note: {parts: {help: {from: [route.help]}, phone: {from: [Phone__c]}}}}
routes:
  - name: first
    reason: One.
    when: [{field: Flag__c, is: true}]
    escalate: {note: {help: Do., requires: [phone], if_missing: tell_owner}, queue: {table: who}, priority: High}
    never: {queue: [third], status: [Closed]}
    notify: {now: [leads, {person: Owner.Manager}], digest: [readers]}
    notify_when: {acknowledged: [{person: CreatedBy}], closed: [readers]}
    one_notice_per: [Product__c]
    due: {end_of: business_day, calendar: {table: hours}}
    warn: {before: 30m, tell: [{person: Owner}]}
    acknowledged: [{owner: user}]
    ladder:
      - {before_due: 1h, notify: [{table: who, urgent: true}], until: acknowledged}
      - {after_due: 0m, escalate: {note: {help: Late.}, queue: leads, priority: Urgent}, until: acknowledged}
      - {after: 4h, calendar: office, notify: [{channel: mail}], repeat: {every: 1h, at_most: 3},
         say: Hi., until: closed}
  - {name: second, reason: Two., when: {idle: customer, at_least: 2w}, escalate: none, notify: [{person: Owner}],
     say: Do.}
"""
TEAMS = "one of leads, others, twins, third, readers"
USER = "a path to a user, such as Owner, Owner.Manager, Account.Owner or CreatedBy"
DURATION = "a whole number and a unit: 15m, 4h, 2d (48 hours), 2w"
VALUE = "a value, or no such key"
Reported = tuple[str, str | None, str | None, str | None]


def reported(tmp_path: Path, text: str) -> list[tuple[int | None, int | None, Reported]]:
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    found = [one for one in check_policies([path]) if one.severity == "error"]
    return [(one.line, one.column, (one.message, one.found, one.expected, one.nearest)) for one in found]


def test_every_key_of_the_language_may_be_said(tmp_path: Path) -> None:
    assert reported(tmp_path, POLICY) == []


CHANNELS = "one of " + ", ".join(sorted(KINDS))
MISTAKES: list[tuple[str, str, str, Reported]] = [
    ("accountable: leads", "accountable: leeds", "leeds", ("unknown team `leeds`", "leeds", TEAMS, "leads")),
    ("every: 30d", "every: monthly", "monthly", ("`review_every` is not a duration", '"monthly"', DURATION, None)),
    ("every: 30d", "every: ", "}", ("`review_every` has no value", "nothing", VALUE, None)),
    ("kind: slack", "kind: slak", "slak",
     ("unknown kind of channel `slak`", "slak", CHANNELS, "slack")),
    ("tell: mail}", "tell: male}", "male", ("unknown channel `male`", "male", "one of alarm, mail", "mail")),
    ("calendar: office, person", "calendar: ofice, person", "ofice",
     ("unknown calendar `ofice`", "ofice", "office", "office")),
    ("list: l@b.example", "list: leads", "leads, facts",
     ("`list` is not an e-mail address", "leads", "an address such as leads@example.com", None)),
    ("person: Account.Owner", "person: Account.Ownr", "Account.Ownr",
     ("`Account.Ownr` does not end at a user", "Account.Ownr", USER, "Account.Owner")),
    ("Owner.Manager", "Owner.Maneger", "Owner.Maneger",
     ("`Owner.Maneger` does not end at a user", "Owner.Maneger", USER, "Owner.Manager")),
    ("must_say: [Account.Name", "must_say: [Account Name", "Account Name",
     ("`Account Name` is not a field path", "Account Name",
      "API names with dots between them, such as Subject, Risk__c, Account.Type", None)),
    ("{channel: mail}", "mail", "mail], repeat", ("unknown team `mail`", "mail", TEAMS, "{channel: mail}")),
    ("tell: [{person: Owner}]", "tell: owner", "owner}\n    ack",
     ("unknown team `owner`", "owner", TEAMS, "{person: Owner}")),
    ("{table: who, urgent", "{table: whoo, urgent", "whoo",
     ("unknown table `whoo`", "whoo", "one of level, who, hours, time", "who")),
    ("{table: who, urgent", "{table: , urgent", ", urgent",
     ("`table` names a table", "nothing", "a table that `tables` declares", None)),
    ("{table: who, urgent", "{table: 5, urgent", "5, urgent",
     ("`table` names a table", "5", "a table that `tables` declares", None)),
    ("queue: {table: who}", "queue: {table: level}", "{table: level}",
     ("the table `level` gives a value that cannot be used here: unknown team `High`", "High", TEAMS, None)),
    ("{x: leads, y: others}", "{x: leads, y: ohters}", "ohters",
     ("unknown team `ohters`", "ohters", TEAMS, "others")),
    ("{x: leads, y: others}", "{x: leads, y: 5}", "5}, else",
     ("a value of the table `who` must be a text", "5", "a text: put it in quotes", None)),
    ("{x: leads, y: others}", "{x: leads, y: }", "}, else: leads",
     ("the table has an empty value here", "nothing", "a value, or no such entry", None)),
    ("due: {end_of: business_day, calendar: {table: hours}}", "due:", "\n    warn",
     ("`due` has no value", "nothing", VALUE, None)),
    ("{end_of: business_day", "{end_off: business_day", "end_off",
     ("unknown key `end_off`", "end_off", "one of end_of, calendar, at_least", "end_of")),
    ("warn: {before: 30m", "warn: {before: 30", "30, tell",
     ("`before` is not a duration", "30", DURATION, None)),
    ("repeat: {every: 1h", "repeat: {every: 0m", "0m, at_most",
     ("`every` is not a time", "0m", "1m or more", None)),
    ("{note: {help: Late.}", "{note: {hlp: Late.}", "hlp",
     ("`hlp` is not used by any part of the note, nor by its template", "hlp", "a part with `from: [route.hlp]`",
      "help")),
    ("{note: {help: Late.}", "{note: {visibility: nobody}", "nobody",
     ("`visibility` cannot be `nobody`", "nobody", "one of internal, published", None)),
    ("until: closed}", "until: close}", "close}",
     ("`until` cannot be `close`", "close", "one of acknowledged, closed", "closed")),
    ("reason: Two.,", "reason: Two, and a half,", "and a half",
     ("a comma inside `{...}` starts a new key", "and a half", "quotes around a text with a comma in it", None)),
    ("escalate: none", "escalate: ", ", notify: [{person: Owner}],\n",
     ("`escalate` has no value", "nothing", "the steps, `none`, or `{}` for a note alone", None)),
    ("never: {queue: [third]", "never: {queue: [others]", "{table: who}, priority: High",
     ("escalate breaks `never`: its queue may be others", "others", "a queue that `never` does not name", None)),
    ("status: [Closed]", "status: [open]", "[open]",
     ("the status of `defaults` breaks `never`: its status may be Open", "Open",
      "a status that `never` does not name", None)),
    ("{note: {help: Late.}, queue: leads", "{queue: third", "third, prio",
     ("ladder rung 2 breaks `never`: its queue may be third", "third", "a queue that `never` does not name", None)),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "at", "expected"), MISTAKES, ids=[f"{new}" for _, new, *_ in MISTAKES])
def test_a_mistake_is_reported_once_at_its_place(
    tmp_path: Path, old: str, new: str, at: str, expected: Reported
) -> None:
    assert old in POLICY
    text = POLICY.replace(old, new, 1)
    start = text.index(at)
    line, column = text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)
    assert reported(tmp_path, text) == [(line, column, expected)]


def test_two_teams_of_one_queue_are_one_to_never(tmp_path: Path) -> None:
    found = reported(tmp_path, POLICY.replace("never: {queue: [third]", "never: {queue: [twins]"))
    assert [one[2][0] for one in found] == [
        "escalate breaks `never`: its queue may be leads",
        "ladder rung 2 breaks `never`: its queue may be leads",
    ]


def test_a_channel_may_be_said_by_its_kind_alone(tmp_path: Path) -> None:
    assert reported(tmp_path, POLICY.replace("{kind: slack}", "slack")) == []
    ((line, column, (message, found, _, near)),) = reported(tmp_path, POLICY.replace("{kind: slack}", "slak"))
    assert (line, column, message, found, near) == (5, 19, "unknown kind of channel `slak`", "slak", "slack")


def test_a_rung_that_counts_from_a_due_time_needs_one(tmp_path: Path) -> None:
    line = "    due: {end_of: business_day, calendar: {table: hours}}\n"
    ((_, column, (message, *_)),) = reported(tmp_path, POLICY.replace(line, ""))
    assert (column, message) == (10, "`before_due` counts from `due`, which this route does not say")


@pytest.mark.parametrize("due", ["24h", "{table: time}", "{by: Region__c, values: {x: 1h}, else: 2h}"])
def test_a_due_time_may_come_out_of_a_table(tmp_path: Path, due: str) -> None:
    assert reported(tmp_path, POLICY.replace("{end_of: business_day, calendar: {table: hours}}", due)) == []


@pytest.mark.parametrize(
    ("key", "meant"),
    [("team", "teams"), ("calender", "calendars"), ("table", "tables"), ("chanels", "channels"), ("route", "routes"),
     ("priority", "priorities")],
)  # fmt: skip
def test_a_misspelt_declaration_is_one_mistake_and_not_one_for_each_name_in_it(
    tmp_path: Path, key: str, meant: str
) -> None:
    ((_, column, (message, *_, near)),) = reported(tmp_path, POLICY.replace(f"{meant}:", f"{key}:", 1))
    assert (column, message, near) == (1, f"unknown key `{key}`", meant)


def test_teams_that_are_left_out_are_reported_where_they_are_named(tmp_path: Path) -> None:
    text = "policy: a\nexamples: []\nroutes: [{name: r, reason: x, when: {owner: user}, escalate: {queue: leads}}]\n"
    assert [one[2][0] for one in reported(tmp_path, text)] == ["unknown team `leads`"]


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("{owner: member_of, in: [leeds]}", "unknown team `leeds`"),
        ("{owner: member_of, in: [readers]}", "team `readers` has no queue"),
        ("{owner: member_of, in: [Leads]}", None),
        ("{owner: in_queue, in: [Elsewhere]}", None),
    ],
)
def test_members_are_asked_for_of_a_team_and_owners_of_any_queue(
    tmp_path: Path, when: str, message: str | None
) -> None:
    found = reported(tmp_path, POLICY.replace("[{field: Flag__c, is: true}]", when))
    assert [one[2][0] for one in found] == ([message] if message else [])


def test_no_route_is_called_none(tmp_path: Path) -> None:
    found = reported(tmp_path, POLICY.replace("name: first", "name: none"))
    assert [one[2][0] for one in found] == ["no route can be called `none`"]


def test_a_misspelt_queue_of_a_team_is_one_mistake(tmp_path: Path) -> None:
    ((_, _, (message, *_)),) = reported(tmp_path, POLICY.replace("leads: {queue:", "leads: {quue:"))
    assert message == "unknown key `quue`"


def test_a_character_that_nobody_sees_is_shown(tmp_path: Path) -> None:
    ((_, _, (message, found, _, near)),) = reported(
        tmp_path, POLICY.replace("    reason: One.", "    \u00a0reason: One.")
    )
    assert (message, found, near) == (r"unknown key `\u00a0reason`", r"\u00a0reason", "reason")


SOUND: Any = parse("policy.yaml", POLICY).value
JUNK: list[Any] = [
    None, 5, -1, 1.5, True, "x", "", "none", "4h", "2 business days", "words.x", "leads", [], {}, [None], [[]], [5],
    ["x"], {"table": None}, {"table": "who"}, {"table": "level"}, {"table": []}, {"by": None}, {"by": "A", "rows": []},
    {"by": ["A", "B"], "rows": [["x"]]}, {"by": "A", "values": {"x": None}, "else": None}, {"by": [], "rows": [[5]]},
    {"by": "A", "values": {"x": {}}, "else": []}, {"field": None}, {"any": []},
    {"not": {"any": [{"field": "A", "is": 1}]}},
    {"business_hours": None}, {"end_of": "business_day", "calendar": None}, {"now": None}, {"team": {}}, {"person": 5},
    {"owner": "in_queue", "in": None}, {"country": "US", "dates": None}, {"country": None}, {"mon": [5]}, {"mon": None},
    {"x": {"x": {"x": {}}}}, {"a, b": None}, "a" * 5000,
]  # fmt: skip


def spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield (*path, key)
        yield from spots(inner, (*path, key))


@given(st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from(JUNK)), min_size=1, max_size=3))
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_stands_in_the_place_of_something_is_a_problem_or_sound_and_never_a_crash(
    tmp_path: Path, changes: list[tuple[int, Any]]
) -> None:
    policy = copy.deepcopy(SOUND)
    for number, junk in changes:
        places = list(spots(policy))
        *way, last = places[number % len(places)]
        holder = policy
        for step in way:
            holder = holder[step]
        holder[last] = copy.deepcopy(junk)
    path = tmp_path / "policy.yaml"
    path.write_text(json.dumps(policy), encoding="utf-8")  # JSON is YAML
    assert all(str(one) and (one.line or 1) >= 1 for one in check([path]).problems)
