"""Ladders of a policy file: they become values with every default filled in, and each mistake is one clear error."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from sfdc_escalator.escalation.conditions.clocks.stopped_clock import BusinessHours
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.owner import Owner
from sfdc_escalator.escalation.conditions.kinds.spoke import Spoke
from sfdc_escalator.escalation.conditions.tables import Row, Table
from sfdc_escalator.escalation.conditions.tree import All
from sfdc_escalator.escalation.policy.escalate import Escalate, NotePart
from sfdc_escalator.escalation.policy.ladder import (
    NO_LADDER,
    SOMEBODY_ACTED,
    After,
    AfterDue,
    BeforeDue,
    DueIn,
    EndOfDay,
    Repeat,
    Rung,
)
from sfdc_escalator.escalation.policy.policy import Policy, PolicyOwner, Route
from sfdc_escalator.escalation.policy.team import Team
from sfdc_escalator.escalation.policy.telling import NOBODY, Notify, Recipient
from sfdc_escalator.escalation.time.calendars import BusinessDays, Calendar
from sfdc_escalator.files.policies import check_policies, load_policies

HEAD = """\
policy: support
owner: {accountable: leads, review_every: 30d}
hold_while: {field: Status, is: Waiting on Legal}
calendars:
  office: {timezone: America/Chicago, open: {mon-fri: "08:00-18:00"}}
  night: {timezone: UTC, open: {mon-sun: "22:00-06:00"}}
priorities: [Low, High, Urgent]
channels: {mail: email}
teams:
  leads: {queue: Leads}
  agents: {queue: Agents}
tables:
  who: {by: Region__c, values: {x: leads}, else: agents}
  hours: {by: Region__c, values: {x: office}, else: night}
  time: {by: Level__c, values: {Gold: 1h}, else: 4h}
  gap: {by: Level__c, values: {Gold: 1h}}
defaults:
  status: Escalated
  note: {quick_text: "HIP {route}", parts: {why: {from: route.reason}, help: {from: route.help}}}
"""
ROUTE = """\
routes:
  - name: late
    reason: Late.
    when: {field: A, is: 1}
    escalate: {note: {help: Do it.}, queue: leads}
"""
NOTICE_ONLY = """\
routes:
  - name: quiet
    reason: Quiet.
    when: {field: A, is: 1}
    escalate: none
"""
DUE = "    due: 24h\n"


def policy_of(route: str, keys: str = "") -> str:
    """A policy of this route with further keys; no part of the note asks for a text that no route says."""
    head = HEAD if "help:" in route else HEAD.replace(", help: {from: route.help}", "")
    return f"{head}{route}{keys}"


def loaded(folder: Path, text: str) -> Policy:
    path = folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return load_policies([path]).policies[0]


def route_with(folder: Path, keys: str, route: str = ROUTE) -> Route:
    return loaded(folder, policy_of(route, f"    {keys}\n")).routes[0]


def rungs_of(folder: Path, ladder: str) -> tuple[Rung, ...]:
    return route_with(folder, f"due: 24h\n    ladder: {ladder}").ladder.rungs


def rung(folder: Path, keys: str) -> Rung:
    (found,) = rungs_of(folder, f"[{{{keys}, until: closed}}]")
    return found


def calendar(given: object) -> str:
    assert isinstance(given, Calendar)
    return given.name


# -- values ----------------------------------------------------------------------------------------------------------


def test_a_route_without_a_ladder_has_the_defaults(tmp_path: Path) -> None:
    route = route_with(tmp_path, "bypass_guards: true")
    assert (route.ladder, route.due, route.notify) == (NO_LADDER, None, NOBODY)


@pytest.mark.parametrize(
    ("keys", "id_", "when"),
    [
        ("after: 30m", "after-30m", After(timedelta(minutes=30))),
        ("after: 90m", "after-90m", After(timedelta(minutes=90))),
        ("after: 1w", "after-1w", After(timedelta(weeks=1))),
        ("before_due: 4h", "before-due-4h", BeforeDue(timedelta(hours=4))),
        ("before_due: 30h", "before-due-30h", BeforeDue(timedelta(hours=30))),
        ("after_due: 0m", "after-due-0m", AfterDue(timedelta())),
        ("after_due: 2d", "after-due-2d", AfterDue(timedelta(days=2))),
        ("name: late, after_due: 2d", "late", AfterDue(timedelta(days=2))),
        ("calendar: {business_hours: Default}, after: 4h", "after-4h",
         After(timedelta(hours=4), BusinessHours("Default"))),
    ],
)  # fmt: skip
def test_a_rung_is_called_by_its_name_or_by_its_time_as_written(
    tmp_path: Path, keys: str, id_: str, when: object
) -> None:
    """L20."""
    found = rung(tmp_path, keys)
    assert (found.id, found.when) == (id_, when)


def test_a_rung_in_business_days_is_called_by_them(tmp_path: Path) -> None:
    """L20."""
    found = rung(tmp_path, "after: 2 business days, calendar: office")
    assert isinstance(found.when, After)
    assert (found.id, found.when.time, calendar(found.when.calendar)) == (
        "after-2-business-days",
        BusinessDays(2),
        "office",
    )


TIMES = (Row(("Gold",), timedelta(hours=1)),)


@pytest.mark.parametrize(("key", "kind"), [("after", After), ("before_due", BeforeDue), ("after_due", AfterDue)])
def test_the_time_of_a_rung_with_a_name_may_come_out_of_a_table(
    tmp_path: Path, key: str, kind: type[After | BeforeDue | AfterDue]
) -> None:
    found = rung(tmp_path, f"name: first, {key}: {{table: time}}")
    assert found.when == kind(Table("time", ("Level__c",), TIMES, timedelta(hours=4)))
    assert "Level__c" in found.needs


def test_the_calendar_of_a_rung_may_come_out_of_a_table(tmp_path: Path) -> None:
    when = rung(tmp_path, "after: 4h, calendar: {table: hours}").when
    assert isinstance(when, After)
    assert isinstance(when.calendar, Table)
    assert [calendar(one) for one in when.calendar.values] == ["office", "night"]


def test_a_rung_without_steps_changes_nothing_and_is_carried_out_once(tmp_path: Path) -> None:
    found = rung(tmp_path, "after: 4h")
    assert found == Rung("after-4h", After(timedelta(hours=4)), "closed")
    assert found.turns == 1


def test_a_rung_is_repeated_at_most_so_often_after_its_first_turn(tmp_path: Path) -> None:
    """L5."""
    found = rung(tmp_path, "after: 4h, repeat: {every: 1h, at_most: 3}")
    assert (found.repeat, found.turns) == (Repeat(timedelta(hours=1), 3), 4)


def test_former_names_of_a_rung_are_kept(tmp_path: Path) -> None:
    """L20."""
    assert rung(tmp_path, "name: b, formerly: [a, after-4h], after: 5h").ids == {"a", "b", "after-4h"}


def steps_of(found: Rung) -> Escalate:
    assert found.escalate is not None
    return found.escalate


def test_a_rung_takes_the_defaults_of_the_note_and_never_the_status_of_the_defaults(tmp_path: Path) -> None:
    """L10."""
    steps = steps_of(rung(tmp_path, "after: 4h, escalate: {queue: {table: who}, priority: Urgent}"))
    who = Table("who", ("Region__c",), (Row(("x",), Team("leads", "Leads")),), Team("agents", "Agents"))
    assert steps.steps == {"queue": who, "priority": "Urgent"}
    assert steps.note.parts == (NotePart("why", ("route.reason",)), NotePart("help", ("route.help",)))
    assert steps.note.quick_texts == ("HIP late",)


def test_the_texts_of_a_rung_stand_over_those_of_its_route(tmp_path: Path) -> None:
    silent = steps_of(rung(tmp_path, "after: 4h, escalate: {priority: Urgent}"))
    assert silent.note.texts == {"help": "Do it."}
    own = "after: 4h, escalate: {note: {help: 'Call {Contact.Phone}.', quick_text: Other}, priority: Urgent}"
    speaking = steps_of(rung(tmp_path, own))
    assert speaking.note.texts == {"help": "Call {Contact.Phone}."}
    assert speaking.note.quick_texts == ("Other",)
    assert "Contact.Phone" in speaking.needs


@pytest.mark.parametrize(
    ("steps", "notes"), [("{priority: Urgent}", False), ("{note: {help: Now.}}", True), ("{}", False)]
)
def test_a_rung_that_names_a_note_writes_it_though_no_field_changes(tmp_path: Path, steps: str, notes: bool) -> None:
    """L10."""
    assert rung(tmp_path, f"after: 4h, escalate: {steps}").notes is notes


def test_the_note_of_a_rung_may_have_a_template_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "rung.j2").write_text("{{ route.more }}")
    keys = "after: 4h, escalate: {note: {template: rung.j2, more: Details., parts: {why: {from: Reason}}}}"
    steps = steps_of(rung(tmp_path, keys))
    assert (steps.note.template.text, steps.note.texts["more"]) == ("{{ route.more }}", "Details.")
    first = loaded(tmp_path, f"{HEAD}{ROUTE}    ladder: {{{keys}, until: closed}}\n").digest
    (tmp_path / "rung.j2").write_text("{{ route.more }}!")
    assert loaded(tmp_path, f"{HEAD}{ROUTE}    ladder: {{{keys}, until: closed}}\n").digest != first


def test_a_ladder_of_one_rung_needs_no_list(tmp_path: Path) -> None:
    assert [one.id for one in rungs_of(tmp_path, "{after: 1h, until: acknowledged}")] == ["after-1h"]


def test_the_rungs_keep_the_order_of_the_file(tmp_path: Path) -> None:
    found = rungs_of(
        tmp_path, "[{after: 2h, until: closed}, {before_due: 9h, until: closed}, {after: 5h, until: closed}]"
    )
    assert [one.id for one in found] == ["after-2h", "before-due-9h", "after-5h"]


RECIPIENTS: Mapping[str, Recipient] = {
    "leads": Recipient("team", "leads"),
    "{team: leads, urgent: true}": Recipient("team", "leads", urgent=True),
    "{person: Owner.Manager}": Recipient("person", "Owner.Manager"),
    "{channel: mail}": Recipient("channel", "mail"),
    "{table: who}": Recipient("table", Table("who", ("Region__c",), (Row(("x",), "leads"),), "agents")),
}


@pytest.mark.parametrize(("written", "recipient"), RECIPIENTS.items(), ids=RECIPIENTS)
def test_routes_and_rungs_keep_their_recipients(tmp_path: Path, written: str, recipient: Recipient) -> None:
    assert route_with(tmp_path, f"notify: {written}").notify == Notify((recipient,))
    assert route_with(tmp_path, f"notify: {{digest: [{written}]}}").notify == Notify((), (recipient,))
    found = rung(tmp_path, f"after: 4h, notify: {{now: [leads], digest: {written}}}, say: Hurry.")
    assert (found.notify, found.say) == (Notify((Recipient("team", "leads"),), (recipient,)), "Hurry.")


def test_an_escalation_is_due_after_a_time(tmp_path: Path) -> None:
    """L3."""
    assert route_with(tmp_path, "due: 24h").due == DueIn(timedelta(hours=24))
    assert route_with(tmp_path, "due: {table: time}").due == DueIn(
        Table("time", ("Level__c",), TIMES, timedelta(hours=4))
    )


def test_an_escalation_is_due_at_the_end_of_a_business_day(tmp_path: Path) -> None:
    """L3."""
    due = route_with(tmp_path, "due: {end_of: business_day, calendar: office}").due
    assert isinstance(due, EndOfDay)
    assert (calendar(due.calendar), due.at_least) == ("office", timedelta())
    due = route_with(tmp_path, "due: {end_of: business_day, calendar: {table: hours}, at_least: 90m}").due
    assert isinstance(due, EndOfDay)
    assert isinstance(due.calendar, Table)
    assert due.at_least == timedelta(minutes=90)


def test_an_escalation_is_acknowledged_by_an_owner_or_the_word_of_an_agent_unless_the_route_says_how(
    tmp_path: Path,
) -> None:
    """L13: a list under `acknowledged` means all."""
    assert rungs_of(tmp_path, "{after: 1h, until: acknowledged}")
    assert route_with(tmp_path, "ladder: {after: 1h, until: closed}").ladder.acknowledged == SOMEBODY_ACTED
    assert route_with(tmp_path, "acknowledged: {owner: user}").ladder.acknowledged == Owner("user")
    both = "acknowledged: [{owner: user}, {spoke: customer, since: escalation}]"
    assert route_with(tmp_path, both).ladder.acknowledged == All((Owner("user"), Spoke("customer", "escalation")))


def test_after_an_outage_one_rung_at_a_time_is_climbed_unless_the_route_says_highest(tmp_path: Path) -> None:
    """L8."""
    assert not route_with(tmp_path, "ladder: {after: 1h, until: closed}").ladder.highest_only
    assert route_with(tmp_path, "catch_up: highest").ladder.highest_only


@pytest.mark.parametrize(("at_most", "repeat"), [(3, Repeat(timedelta(days=3), 2)), (1, None)])
def test_the_repeat_of_a_route_that_only_notifies_is_a_rung_with_its_notice(
    tmp_path: Path, at_most: int, repeat: Repeat | None
) -> None:
    """L1: a rung at S + `every` with the route's `notify`, until the case is closed."""
    keys = f"notify: [leads]\n    say: Ask again.\n    repeat: {{every: 3d, at_most: {at_most}}}"
    route = route_with(tmp_path, keys, NOTICE_ONLY)
    notice = Notify((Recipient("team", "leads"),))
    assert route.ladder.rungs == (
        Rung("repeat", After(timedelta(days=3)), "closed", notify=notice, say="Ask again.", repeat=repeat),
    )
    assert (route.ladder.rungs[0].turns, route.escalate, route.opens) == (at_most, None, True)


def test_a_case_is_held_while_conditions_hold_and_their_fields_are_read(tmp_path: Path) -> None:
    """L19."""
    policy = loaded(tmp_path, f"{HEAD}{ROUTE}")
    assert policy.hold_while == (Field("Status", "is", "Waiting on Legal"),)
    assert "Status" in policy.needs()
    several = "hold_while: [{field: Legal__c, is: true}, {field: Stage__c, is: Open}]"
    text = f"{HEAD}{ROUTE}".replace("hold_while: {field: Status, is: Waiting on Legal}", several)
    assert len(loaded(tmp_path, text).hold_while) == 2
    assert loaded(tmp_path, "policy: a\n" + NOTICE_ONLY).hold_while == ()


def test_a_policy_has_an_owner_who_is_accountable_or_none(tmp_path: Path) -> None:
    """L16."""
    assert loaded(tmp_path, f"{HEAD}{ROUTE}").owner == PolicyOwner("leads", timedelta(days=30))
    assert loaded(tmp_path, f"policy: a\nteams: {{t: {{}}}}\nowner: {{accountable: t}}\n{NOTICE_ONLY}").owner == (
        PolicyOwner("t")
    )
    assert loaded(tmp_path, f"policy: a\n{NOTICE_ONLY}").owner == PolicyOwner("", None)


def test_a_team_shows_times_in_the_zone_of_its_calendar(tmp_path: Path) -> None:
    """L3"""
    hours = 'timezone: {}, open: {{mon-fri: "09:00-17:00"}}'
    calendars = f"{{here: {{{hours.format('UTC')}}}, east: {{{hours.format('America/New_York')}}}}}"
    teams = "{leads: {queue: Leads, calendar: east}, others: {queue: Others}}"
    found = loaded(tmp_path, f"policy: a\ncalendars: {calendars}\nteams: {teams}\n{NOTICE_ONLY}")
    assert (found.zone_of("leads").key, found.zone_of("others").key) == ("America/New_York", "UTC")


def test_due_times_are_shown_in_the_zone_of_the_first_calendar(tmp_path: Path) -> None:
    """L3."""
    assert loaded(tmp_path, f"{HEAD}{ROUTE}").zone.key == "America/Chicago"
    assert loaded(tmp_path, f"policy: a\n{NOTICE_ONLY}").zone.key == "UTC"


def test_a_ladder_is_carried_out_so_that_no_warning_says_that_it_is_not(tmp_path: Path) -> None:
    rung = "{after: 1h, escalate: {queue: leads}, until: closed}"
    keys = f"due: 4h\n    catch_up: highest\n    acknowledged: {{owner: user}}\n    ladder: {rung}\n"
    text = f"{HEAD}{ROUTE}    {keys}".replace("channels: {mail: email}\n", "").replace(
        "  gap: {by: Level__c, values: {Gold: 1h}}\n", ""
    )
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    assert check_policies([path]) == ()


# -- mistakes --------------------------------------------------------------------------------------------------------

Reported = tuple[int | None, int | None, str, str | None, str | None]


def mistakes(folder: Path, text: str, severity: str = "error") -> list[Reported]:
    path = folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    found = [one for one in check_policies([path]) if one.severity == severity]
    return [(one.line, one.column, one.message, one.found, one.expected) for one in found]


FIRST = HEAD.count("\n") + ROUTE.count("\n") + 2
"""The line of the first key after `due:`."""
NAME = "lower-case letters, digits and `-`, 63 at most"
OUT_OF_ORDER: list[tuple[str, str, Reported]] = [
    (
        "a rung due before the one above",
        "[{after: 4h, until: closed}, {after: 30m, until: closed}]",
        (FIRST, 50, "ladder rung 2 is due before rung 1, which stands above it", "30m",
         "the rungs in the order of their times; rung 1 says 4h"),
    ),
    (
        "another kind of rung between them",
        "[{after: 4h, until: closed}, {after_due: 1h, until: closed}, {after: 3h, until: closed}]",
        (FIRST, 82, "ladder rung 3 is due before rung 1, which stands above it", "3h",
         "the rungs in the order of their times; rung 1 says 4h"),
    ),
    (
        "business days of one calendar",
        "[{after: 2 business days, calendar: office, until: closed}, "
        "{after: 1 business day, calendar: office, until: closed}]",
        (FIRST, 81, "ladder rung 2 is due before rung 1, which stands above it", "1 business day",
         "the rungs in the order of their times; rung 1 says 2 business days"),
    ),
]  # fmt: skip
ALIKE: list[tuple[str, str, Reported]] = [
    (
        "two rungs of one time",
        "[{after: 4h, until: closed}, {after: 4h, until: acknowledged}]",
        (FIRST, 50, "two rungs of this route are called `after-4h`", "after-4h",
         f"another `name`; the first is on line {FIRST}"),
    ),
    (
        "two rungs of one name",
        "[{name: a, after: 4h, until: closed}, {name: a, after: 5h, until: closed}]",
        (FIRST, 58, "two rungs of this route are called `a`", "a", f"another `name`; the first is on line {FIRST}"),
    ),
    (
        "the time of another rung as a name",
        "[{after: 4h, until: closed}, {name: after-4h, after: 5h, until: closed}]",
        (FIRST, 49, "two rungs of this route are called `after-4h`", "after-4h",
         f"another `name`; the first is on line {FIRST}"),
    ),
    (
        "a time out of a table without a name",
        "[{after: {table: time}, until: closed}]",
        (FIRST, 22, "a rung whose time comes out of a table needs a name", "`after` from a table, no `name`",
         "`name: ...` in this rung"),
    ),
    (
        "a former name that another rung has",
        "[{after: 4h, until: closed}, {name: b, formerly: after-4h, after: 5h, until: closed}]",
        (FIRST, 62, "`after-4h` is another rung's name", "after-4h",
         f"a name that no rung has now; line {FIRST} has it"),
    ),
    (
        "a former name that two rungs claim",
        "[{formerly: [x], after: 4h, until: closed}, {formerly: [x], after: 5h, until: closed}]",
        (FIRST, 69, "two rungs claim the former name `x`", "x", f"each name once; the first is on line {FIRST}"),
    ),
]  # fmt: skip
SINGLE: list[tuple[str, str, Reported]] = [
    (
        "a rung without a time",
        "[{until: closed}]",
        (FIRST, 14, "a rung has one time", "none of them", "one of after, before_due, after_due"),
    ),
    (
        "a rung with two times",
        "[{after: 1h, after_due: 2h, until: closed}]",
        (FIRST, 14, "a rung has one time", "after, after_due", "one of after, before_due, after_due"),
    ),
    (
        "a rung without until",
        "[{after: 1h}]",
        (FIRST, 14, "`until` is missing", None, "`until:` in this mapping"),
    ),
    (
        "a calendar beside before_due",
        "[{before_due: 1h, calendar: office, until: closed}]",
        (FIRST, 31, "`calendar` cannot be used with `before_due`", "calendar",
         "`after` with a calendar, or no calendar"),
    ),
    (
        "a calendar beside after_due",
        "[{calendar: office, after_due: 1h, until: closed}]",
        (FIRST, 15, "`calendar` cannot be used with `after_due`", "calendar",
         "`after` with a calendar, or no calendar"),
    ),
    (
        "no time before the due time",
        "[{before_due: 0m, until: closed}]",
        (FIRST, 27, "`before_due` can never be due", "0m", "1m or more"),
    ),
    (
        "no time before the due time for some cases",
        "[{name: a, before_due: {by: A, values: {x: 0m}, else: 1h}, until: closed}]",
        (FIRST, 56, "a value of the table can never be due", "0m", "1m or more"),
    ),
    (
        "an unknown table of times",
        "[{name: a, after: {table: times}, until: closed}]",
        (FIRST, 31, "unknown table `times`", "times", "one of who, hours, time, gap"),
    ),
    (
        "a time in place of a rung",
        "[30m]",
        (FIRST, 14, "an entry of `ladder` must be a mapping", '"30m"', "a mapping"),
    ),
    (
        "a rung called start",
        "[{name: start, after: 1h, until: closed}]",
        (FIRST, 21, "no rung can be called `start`", "start", "another name: it has a meaning already"),
    ),
    (
        "a rung called undo",
        "[{name: undo, after: 1h, until: closed}]",
        (FIRST, 21, "no rung can be called `undo`", "undo", "another name: it has a meaning already"),
    ),
    (
        "a name that is not a name",
        "[{name: Rung_1, after: 1h, until: closed}]",
        (FIRST, 21, "`Rung_1` cannot be a name here", "Rung_1", NAME),
    ),
    (
        "a former name that is not a name",
        "[{formerly: start, after: 1h, until: closed}]",
        (FIRST, 25, "no rung can be called `start`", "start", "another name: it has a meaning already"),
    ),
    (
        "an unknown key of a rung",
        "[{after: 1h, untill: closed}]",
        (FIRST, 26, "unknown key `untill`", "untill",
         "one of name, formerly, calendar, after, before_due, after_due, escalate, notify, say, repeat, until"),
    ),
    (
        "a rung with the text none in place of steps",
        "[{after: 1h, escalate: none, until: closed}]",
        (FIRST, 36, "`escalate` must be a mapping", '"none"', "a mapping"),
    ),
    (
        "a part that is required and does not exist",
        "[{after: 1h, escalate: {note: {requires: wy}}, until: closed}]",
        (FIRST, 54, "`requires` names no part of the note", "wy", "one of why, help, or a field path"),
    ),
    (
        "days of open time",
        "[{after: 2d, calendar: office, until: closed}]",
        (FIRST, 22, "with a calendar a limit in days is not clear", "2d",
         "minutes or hours (`16h` of open time), or `2 business days`"),
    ),
]  # fmt: skip
MISTAKES = [*SINGLE, *ALIKE, *OUT_OF_ORDER]


@pytest.mark.parametrize(("ladder", "expected"), [one[1:] for one in MISTAKES], ids=[one[0] for one in MISTAKES])
def test_a_mistake_of_a_ladder_is_one_error_at_its_place(tmp_path: Path, ladder: str, expected: Reported) -> None:
    assert mistakes(tmp_path, f"{HEAD}{ROUTE}{DUE}    ladder: {ladder}\n") == [expected]


@pytest.mark.parametrize(
    "ladder",
    [
        "[{after: 4h, until: closed}, {after: 4h, calendar: office, name: open, until: closed}]",
        "[{after: 4h, until: closed}, {after: 1h, calendar: office, until: closed}]",
        "[{after: 4h, calendar: night, until: closed}, {after: 1h, calendar: office, until: closed}]",
        "[{after: 2 business days, calendar: office, until: closed}, {after: 1h, calendar: office, until: closed}]",
        "[{name: a, after: {table: time}, until: closed}, {after: 1m, until: closed}]",
        "[{after: 1h, until: closed}, {name: again, after: 60m, until: closed}]",
        "[{after_due: 2h, until: closed}, {after_due: 1h, until: closed}, {before_due: 100h, until: closed}]",
    ],
)
def test_times_that_different_clocks_measure_are_not_compared(tmp_path: Path, ladder: str) -> None:
    assert mistakes(tmp_path, f"{HEAD}{ROUTE}{DUE}    ladder: {ladder}\n") == []


def test_each_rung_that_is_out_of_order_is_reported(tmp_path: Path) -> None:
    ladder = "[{after: 4h, until: closed}, {after: 1h, until: closed}, {after: 2h, until: closed}]"
    found = mistakes(tmp_path, f"{HEAD}{ROUTE}    ladder: {ladder}\n")
    assert [one[2] for one in found] == [
        "ladder rung 2 is due before rung 1, which stands above it",
        "ladder rung 3 is due before rung 1, which stands above it",
    ]


def test_two_routes_may_have_rungs_of_the_same_names(tmp_path: Path) -> None:
    second = ROUTE.replace("routes:\n", "").replace("name: late", "name: later")
    ladder = "    ladder: [{name: a, formerly: b, after: 4h, until: closed}, {after: 5h, until: closed}]\n"
    assert mistakes(tmp_path, f"{HEAD}{ROUTE}{ladder}{second}{ladder}") == []


ROUTE_MISTAKES: list[tuple[str, str, str, Reported]] = [
    (
        "a rung by the due time without one",
        ROUTE, "ladder: {after_due: 0m, until: closed}",
        (FIRST - 1, 14, "`after_due` counts from `due`, which this route does not say", "after_due",
         "`due: ...` in the route"),
    ),
    (
        "a repeat of a route with steps",
        ROUTE, "repeat: {every: 1h, at_most: 2}",
        (FIRST - 1, 5, "only a route with `escalate: none` has a `repeat` of its own", "repeat", "`repeat` in a rung"),
    ),
    (
        "a repeat without a notice",
        NOTICE_ONLY, "repeat: {every: 1h, at_most: 2}",
        (FIRST - 1, 5, "`repeat` has no notice to repeat", "repeat", "`notify: ...` in the route"),
    ),
    (
        "a repeat that is never",
        NOTICE_ONLY, "repeat: {every: 1h, at_most: 0}",
        (FIRST - 1, 34, "`at_most` is too small", "0", "1 or more"),
    ),
    (
        "an unknown way to catch up",
        ROUTE, "catch_up: higest",
        (FIRST - 1, 15, "`catch_up` cannot be `higest`", "higest", "highest"),
    ),
    (
        "the end of something else",
        ROUTE, "due: {end_of: day, calendar: office}",
        (FIRST - 1, 19, "`end_of` cannot be `day`", "day", "business_day"),
    ),
    (
        "the end of a business day without a calendar",
        ROUTE, "due: {end_of: business_day}",
        (FIRST - 1, 10, "`calendar` is missing", None, "`calendar:` in this mapping"),
    ),
    (
        "a due time that is not a duration",
        ROUTE, "due: tomorrow",
        (FIRST - 1, 10, "`due` is not a duration", '"tomorrow"',
         "a whole number and a unit: 15m, 4h, 2d (48 hours), 2w"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("route", "keys", "expected"), [one[1:] for one in ROUTE_MISTAKES], ids=[one[0] for one in ROUTE_MISTAKES]
)
def test_a_mistake_of_a_route_about_its_ladder_is_one_error_at_its_place(
    tmp_path: Path, route: str, keys: str, expected: Reported
) -> None:
    assert mistakes(tmp_path, policy_of(route, f"    {keys}\n")) == [expected]


def test_a_rung_called_repeat_is_not_the_repeat_of_its_route(tmp_path: Path) -> None:
    keys = "    notify: [leads]\n    repeat: {every: 3d, at_most: 2}\n"
    keys += "    ladder: {name: repeat, after: 1h, until: closed}\n"
    ((line, _, message, *_),) = mistakes(tmp_path, policy_of(NOTICE_ONLY, keys))
    assert (line, message) == (FIRST + 1, "two rungs of this route are called `repeat`")


@pytest.mark.parametrize(
    ("keys", "line", "which"),
    [
        ("    ladder: {name: a, after: {table: gap}, until: closed}\n", FIRST - 1, "the table `gap`"),
        ("    ladder: {name: a, after: {by: Level__c, values: {Gold: 1h}}, until: closed}\n", FIRST - 1, "the table"),
        (
            "    due: {by: Level__c, values: {Gold: 1h}}\n    ladder: {after_due: 1h, until: closed}\n",
            FIRST - 1,
            "the table",
        ),
        ("    due: {table: gap}\n    ladder: {before_due: 1h, until: closed}\n", FIRST - 1, "the table `gap`"),
    ],
)
def test_a_table_that_gives_no_time_for_some_case_is_an_error_where_a_rung_needs_it(
    tmp_path: Path, keys: str, line: int, which: str
) -> None:
    """Else the rung would never come on such a case, and nobody would notice."""
    found = mistakes(tmp_path, f"{HEAD}{ROUTE}{keys}")
    assert [(one[0], one[2]) for one in found] == [(line, f"{which} gives no time when no row matches")]


@pytest.mark.parametrize(
    "keys",
    [
        "    due: {by: Level__c, values: {Gold: 1h}, else: 2h}\n    ladder: {after_due: 1h, until: closed}\n",
        "    due: {by: Level__c, values: {Gold: 1h}}\n    ladder: {after: 1h, until: closed}\n",
        '    ladder: {name: a, after: {by: Vip__c, values: {"true": 1h, "false": 2h}}, until: closed}\n',
    ],
)
def test_a_table_that_no_rung_needs_or_that_covers_every_case_is_valid(tmp_path: Path, keys: str) -> None:
    assert mistakes(tmp_path, f"{HEAD}{ROUTE}{keys}") == []


@pytest.mark.parametrize(
    ("hours", "message"),
    [
        ("{mon-fri: []}", "the opening hours are empty"),
        ("{mon-fri: '10:00-10:00'}", "'10:00-10:00' is not an opening time"),
        ("{}", "opening hours are a mapping"),
    ],
)
def test_a_calendar_without_an_open_hour_is_refused(tmp_path: Path, hours: str, message: str) -> None:
    text = f"{HEAD}{ROUTE}    ladder: {{after: 1h, calendar: office, until: closed}}\n"
    assert [one[2] for one in mistakes(tmp_path, text.replace('{mon-fri: "08:00-18:00"}', hours))] == [message]


def test_a_time_that_a_calendar_never_reaches_is_refused(tmp_path: Path) -> None:
    text = f"{HEAD}{ROUTE}    ladder: {{after: 9999h, calendar: office, until: closed}}\n"
    rare = "office: {timezone: UTC, open: {mon: '08:00-08:30'}}"
    head, _, rest = text.partition("  office: ")
    (found,) = mistakes(tmp_path, f"{head}  {rare}\n{rest.partition(chr(10))[2]}")
    assert found[2] == "by the calendar `office` this takes more than ten years"


def test_a_rung_that_would_hold_every_case_is_reported(tmp_path: Path) -> None:
    """L10: the note of a rung has the parts of the defaults, though its route has parts of its own."""
    head = HEAD.replace("help: {from: route.help}", "help: {from: route.help, if_missing: hold}")
    route = ROUTE.replace("{note: {help: Do it.}", "{note: {parts: {other: {from: Reason}}}")
    said = (
        route.replace("name: late", "name: said")
        .replace("{parts", "{help: Yes., quick_text: x, parts")
        .replace("routes:\n", "")
    )
    ladder = "    ladder: {after: 1h, escalate: {priority: Urgent}, until: closed}\n"
    (found,) = mistakes(tmp_path, f"{head}{route}{ladder}{said}")
    assert found[2] == "part `help` would hold every case: this route never says it"
    assert found[0] == FIRST - 1


def test_a_template_of_a_rung_that_does_not_exist_is_reported_in_the_rung(tmp_path: Path) -> None:
    ladder = "    ladder: {after: 1h, escalate: {note: {template: nowhere.j2}}, until: closed}\n"
    ((line, _, message, *_),) = mistakes(tmp_path, f"{HEAD}{ROUTE}{ladder}")
    assert (line, message) == (FIRST - 1, "the template does not exist")


def test_an_unknown_team_is_not_accountable_and_an_unknown_kind_holds_no_case(tmp_path: Path) -> None:
    text = f"{HEAD}{ROUTE}".replace("accountable: leads", "accountable: leeds").replace(
        "hold_while: {field", "hold_while: {feld"
    )
    assert [one[2] for one in mistakes(tmp_path, text)] == [
        "unknown team `leeds`",
        "unknown kind of condition `feld`",
    ]
