"""The notices of a policy are checked before the night: somebody gets each of them, and it says what it must."""

from pathlib import Path

import pytest

from sfdc_escalator.escalation.notices.channel_kinds import KINDS
from sfdc_escalator.files.policies import check_policies

POLICY = """\
policy: support
owner: {accountable: heads}
channels: {alarm: slack, mail: email, bell: salesforce}
teams:
  leads: {queue: Leads, tell: [alarm]}
  heads: {queue: Heads, tell: [bell]}
  others: {tell: [mail], list: others@example.com}
tables: {who: {by: Type, values: {x: leads}, else: others}}
notices: {must_say: [Account.Name, reason, phone], links: [Link__c], people: mail}
defaults: {note: {parts: {help: {from: [route.help]}, phone: {from: [Contact.Phone]}}}}
routes:
  - name: first
    reason: One.
    when: {age: CreatedDate, at_least: 4h}
    escalate: {note: {help: Do.}, queue: leads}
    notify: [leads, {table: who}, {person: Owner}]
    one_notice_per: {fields: [Type], within: 1h}
    warn: {before: 30m, tell: [{person: Owner}]}
    ladder: [{after: 1h, notify: [others], until: closed}]
"""
Reported = list[tuple[int | None, int | None, str, str | None, str | None, str | None]]


def reported(folder: Path, text: str, severity: str = "error") -> Reported:
    path = folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    found = [one for one in check_policies([path]) if one.severity == severity]
    return [(one.line, one.column, one.message, one.found, one.expected, one.nearest) for one in found]


def changed(old: str, new: str, text: str = POLICY) -> str:
    assert old in text
    return text.replace(old, new, 1)


def test_notices_that_reach_somebody_and_say_what_they_must_are_valid(tmp_path: Path) -> None:
    assert reported(tmp_path, POLICY) == []
    assert reported(tmp_path, POLICY, "warning") == []


# -- who is reached ----------------------------------------------------------------------------------------------------

NO_TELL = "{queue: Leads}"
UNREACHED = [
    ("a queue, and no channel that reaches it", "{alarm: slack}", NO_TELL,
     (5, 3, "the team `leads` is notified (line 16), and no channel reaches it", None, "`tell: ...` with alarm", None)),
    ("a list, and no channel for mail", "{alarm: slack}", "{list: leads@example.com}",
     (5, 3, "the team `leads` is notified (line 16), and no channel reaches it", None, "`tell: ...` with alarm", None)),
    ("a list, and the bell, which takes none", "{alarm: slack, bell: salesforce}", "{list: leads@example.com}",
     (5, 3, "the team `leads` is notified (line 16), and no channel reaches it", None, "`tell: ...` with alarm", None)),
    ("nothing at all, and the bell", "{bell: salesforce}", "{calendar: office}",
     (5, 3, "the team `leads` is notified (line 16), and no channel reaches it", None,
      "`tell: ...` in the team, or a channel of kind salesforce or email", None)),
    ("the bell for a mail address", "{bell: salesforce}", "{person: ann@example.com, tell: [bell]}",
     (5, 43, "the channel `bell` has no address of the team `leads`", "bell",
      "`queue: ...` in the team, or a `person` by a path such as Owner.Manager", None)),
    ("mail without an address", "{mail: email}", "{tell: mail}",
     (5, 17, "the channel `mail` has no address of the team `leads`", "mail",
      "`list`, `person` or `queue` in the team", None)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("channels", "team", "fault"), [row[1:] for row in UNREACHED], ids=[row[0] for row in UNREACHED]
)
def test_a_team_that_is_notified_is_reached_by_some_channel(
    tmp_path: Path, channels: str, team: str, fault: tuple[object, ...]
) -> None:
    text = f"""\
policy: support
calendars: {{office: {{timezone: UTC, open: {{mon-fri: "08:00-20:00"}}}}}}
channels: {channels}
teams:
  leads: {team}
  spare: {{queue: Spare}}


routes:
  - name: first


    reason: One.
    when: {{field: Flag__c, is: true}}
    escalate: {{}}
    notify: [leads]
"""
    assert reported(tmp_path, text) == [fault]


REACHED = [
    "{queue: Leads}",
    "{person: Owner.Manager}",
    "{person: ann@example.com, tell: mail}",
    "{list: l@example.com, tell: mail}",
]


@pytest.mark.parametrize("team", REACHED)
def test_a_team_needs_no_tell_where_the_channel_for_persons_reaches_it(tmp_path: Path, team: str) -> None:
    text = changed("{queue: Leads, tell: [alarm]}", team, changed(", people: mail", ", people: bell"))
    assert reported(tmp_path, changed("queue: leads}", "priority: High}", text)) == []


def test_without_channels_everybody_is_reached_by_the_log(tmp_path: Path) -> None:
    text = changed("channels: {alarm: slack, mail: email, bell: salesforce}\n", "")
    for tell in (", tell: [alarm]", ", tell: [bell]", "tell: [mail], ", ", people: mail"):
        text = changed(tell, "", text)
    assert reported(tmp_path, text) == []


@pytest.mark.parametrize(
    ("told", "line"),
    [
        ("notify: {digest: [quiet]}", 16),
        ("notify: [{table: {by: Type, values: {x: leads}, else: quiet}}]", 16),
        ("notify_when: {closed: quiet}", 16),
        ("warn: {before: 1h, tell: quiet}", 16),
        ("ladder: {after: 1h, notify: quiet, until: closed}", 16),
    ],
)
def test_a_team_is_found_wherever_it_is_notified(tmp_path: Path, told: str, line: int) -> None:
    head, _, _ = POLICY.partition("    notify: [leads")
    text = changed(", people: mail", "", changed(", mail: email, bell: salesforce", "", head))
    text = changed("heads: {queue: Heads, tell: [bell]}", "heads: {tell: [alarm]}", text)
    text = changed("others: {tell: [mail], list: others@example.com}", "quiet: {queue: Quiet}", text)
    text = changed("else: others", "else: leads", text)
    ((_, _, message, *_),) = reported(tmp_path, f"{text}    {told}\n")
    assert message == f"the team `quiet` is notified (line {line}), and no channel reaches it"


def test_the_accountable_team_is_notified_too(tmp_path: Path) -> None:
    text = changed("heads: {queue: Heads, tell: [bell]}", "heads: {queue: Heads, list: heads@example.com}")
    text = changed(", people: mail", "", changed(", mail: email, bell: salesforce", "", text))
    found = reported(tmp_path, changed("tell: [mail], ", "tell: alarm, ", text))
    assert [one[2] for one in found] == ["the team `heads` is notified (line 2), and no channel reaches it"]


def test_a_misspelt_key_of_a_team_is_one_mistake(tmp_path: Path) -> None:
    text = changed("leads: {queue: Leads, tell: [alarm]}", "leads: {queue: Leads, tel: [alarm]}")
    text = changed("bell: salesforce}", "bell: slack}", changed(", mail: email", "", text))
    found = reported(tmp_path, changed(", people: mail", "", changed("[mail]", "[alarm]", text)))
    assert [(one[2], one[5]) for one in found] == [("unknown key `tel`", "tell")]


def test_persons_are_notified_by_a_channel_that_has_many_addresses(tmp_path: Path) -> None:
    assert reported(tmp_path, changed("people: mail", "people: alarm")) == [
        (9, 78, "the channel `alarm` cannot be sent to a person", "the kind slack", "one of mail, bell", "mail"),
    ]
    assert [one[2:] for one in reported(tmp_path, changed("people: mail", "people: male"))] == [
        ("unknown channel `male`", "male", "one of alarm, bell, mail", "mail"),
    ]


PLACES = "channels: {alarm: slack}\nteams: {leads: {queue: Leads, tell: [alarm]}}\n"
PERSON = f"""\
policy: support
{PLACES}routes:
  - name: first
    reason: One.
    when: {{field: Flag__c, is: true}}
    escalate: {{queue: leads}}
    notify: [{{person: Owner.Manager}}]
"""


def test_a_person_whom_no_channel_reaches_is_an_error_where_no_team_is_accountable(tmp_path: Path) -> None:
    channel = "a channel of kind salesforce or email"
    assert reported(tmp_path, PERSON) == [
        (9, 23, "no channel reaches Owner.Manager, and no team is accountable in place of a person", "Owner.Manager",
         f"{channel}, or `owner: {{accountable: TEAM}}`", None)
    ]  # fmt: skip
    accountable = PERSON + "owner: {accountable: leads}\n"
    message = "no channel reaches persons: the team `leads` is notified in place of Owner.Manager"
    assert reported(tmp_path, accountable) == []
    assert reported(tmp_path, accountable, "warning") == [(9, 23, message, "Owner.Manager", channel, None)]
    assert reported(tmp_path, changed("alarm: slack", "alarm: slack, mail: email", PERSON)) == []


def test_the_owner_of_an_incomplete_note_is_a_person_too(tmp_path: Path) -> None:
    text = PERSON + "defaults: {note: {parts: {why: {from: findings, if_missing: tell_owner}}}}\n"
    found = reported(tmp_path, changed("[{person: Owner.Manager}]", "[leads]", text))
    assert [one[:3] for one in found] == [
        (10, 61, "no channel reaches the owner, and no team is accountable in place of a person"),
    ]


def test_a_channel_with_many_addresses_needs_a_recipient(tmp_path: Path) -> None:
    found = reported(tmp_path, changed("{person: Owner}]", "{channel: bell}]"))
    message = "the channel `bell` notifies users and queues, and none is named"
    assert found == [(16, 45, message, "bell", "a team, or a person", None)]


# -- addresses belong to an org ----------------------------------------------------------------------------------------

SECRET = "https://hooks.slack.example/services/T0/B0/geheim"
ORGS = "in config/orgs.yaml, below the org: `channels: {NAME: {url: ...}}`"
NO_URL = "`url` of a channel does not belong in a policy"
NOT_A_NAME = "an address is not the name of a channel"
NAME = f"a channel that `channels` declares; the address {ORGS}"
ADDRESSES = [
    ("alarm: slack", f"alarm: {SECRET}", "an address is not a kind of channel",
     f"one of {', '.join(sorted(KINDS))}; the address {ORGS}"),
    ("alarm: slack", f"alarm: {{kind: slack, url: '{SECRET}'}}", NO_URL, ORGS),
    ("alarm: slack", f"alarm: {{url: '{SECRET}'}}", NO_URL, ORGS),
    ("alarm: slack", "alarm: env:ALARM_URL", "an address is not a kind of channel",
     f"one of {', '.join(sorted(KINDS))}; the address {ORGS}"),
    ("tell: [alarm]", f"tell: ['{SECRET}']", NOT_A_NAME, NAME),
    ("tell: [alarm]", "tell: leads@example.com", NOT_A_NAME, NAME),
    ("people: mail", "people: desk@example.com", NOT_A_NAME, NAME),
    ("{person: Owner}]\n    one", f"{{channel: '{SECRET}'}}]\n    one", NOT_A_NAME, NAME),
    ("notify: [leads,", "notify: [leads@example.com,", "an address is not a team",
     "a team that `teams` declares; the e-mail address is its `list` or `person`"),
    ("{person: Owner}]\n    one", "{person: ann@example.com}]\n    one", "an e-mail address is not a path to a user",
     "a path such as Owner; or a team with `person: ann@example.com`"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message", "expected"), ADDRESSES, ids=[new for _, new, *_ in ADDRESSES])
def test_an_address_in_the_policy_is_reported_with_the_place_where_it_belongs_and_never_shown(
    tmp_path: Path, old: str, new: str, message: str, expected: str
) -> None:
    ((_, _, *found, near),) = reported(tmp_path, changed(old, new))
    assert (found[0], found[2], near) == (message, expected, None)
    assert "geheim" not in str(found)


# -- what is said ------------------------------------------------------------------------------------------------------


def test_a_name_in_must_say_is_a_part_of_a_note_of_a_route_that_notifies(tmp_path: Path) -> None:
    found = reported(tmp_path, changed("reason, phone", "reason, fone"))
    expected = "one of help, phone, reason, or a field path"
    assert found == [(9, 44, "`must_say` names no part of the note", "fone", expected, "phone")]


def test_a_part_that_only_some_routes_have_is_warned_of(tmp_path: Path) -> None:
    text = (
        POLICY
        + """\
  - name: second
    reason: Two.
    when: {field: Flag__c, is: true}
    escalate: none
    notify: [leads]
  - name: silent
    reason: Three.
    when: {field: Other__c, is: true}
    escalate: none
"""
    )
    message = "the note of route second has no part `phone`: notices say that it is not recorded"
    assert reported(tmp_path, text) == []
    assert reported(tmp_path, text, "warning") == [(9, 44, message, "phone", None, None)]


def test_a_route_that_only_notifies_needs_no_text_for_a_note(tmp_path: Path) -> None:
    only = "  - {name: second, reason: Two., when: {field: Flag__c, is: true}, escalate: none, notify: [leads]}\n"
    text = changed("help: {from: [route.help]}", "help: {from: [route.help], if_missing: hold}") + only
    assert reported(tmp_path, text) == []
    (fault,) = reported(tmp_path, text.replace("escalate: none", "escalate: {queue: leads}"))
    assert "help" in fault[2]


@pytest.mark.parametrize("note", ["{requires: [Serial_No__c]}", "{help: Do., serial_no: x}"])
def test_required_fields_and_texts_of_a_route_are_parts_of_its_note(tmp_path: Path, note: str) -> None:
    defaults = "defaults: {note: {parts: {help: {from: [route.help]}, phone: {from: [Contact.Phone]}}}}\n"
    text = changed("{help: Do.}", note, changed(defaults, "", changed("reason, phone", "serial_no, findings")))
    assert reported(tmp_path, text) == []


@pytest.mark.parametrize(
    ("old", "new", "near"),
    [
        ("Account.Name", "Account.Indstry", "Account.Industry"),
        ("links: [Link__c]", "links: [Subjct]", "Subject"),
        ("fields: [Type]", "fields: [Priorty]", "Priority"),
        ("{fields: [Type], within: 1h}", "[Priorty]", "Priority"),
    ],
)
def test_fields_of_notices_are_compared_with_the_standard_fields(tmp_path: Path, old: str, new: str, near: str) -> None:
    from sfdc_escalator.wiring.validation import check

    path = tmp_path / "policy.yaml"
    path.write_text(changed(old, new), encoding="utf-8")
    (found,) = check([path]).problems
    assert (found.message.startswith("no standard field is called"), found.nearest) == (True, near)


def template(folder: Path, text: str) -> str:
    (folder / "notice.j2").write_text(text, encoding="utf-8")
    return changed("people: mail", "people: mail, template: notice.j2")


def test_the_template_of_notices_is_checked_like_that_of_a_note(tmp_path: Path) -> None:
    text = template(tmp_path, "{{ case.Subject }}\n{{ cas.Subject }}\n{{ parts | frist }}\n")
    (problem,) = [one for one in check_policies([written(tmp_path, text)]) if "filter" in one.message]
    assert (problem.file, problem.line, problem.nearest) == (str(tmp_path / "notice.j2"), 3, "first")
    text = template(tmp_path, "{{ case.Subject }}\n{{ cas.Subject }}\n")
    (problem,) = check_policies([written(tmp_path, text)])
    assert (problem.line, problem.message, problem.nearest) == (2, "unknown name `cas`", "case")
    text = changed("notice.j2", "notes.j2", template(tmp_path, ""))
    (problem,) = check_policies([written(tmp_path, text)])
    assert (problem.line, problem.message, problem.nearest) == (9, "the template does not exist", "notice.j2")


def written(folder: Path, text: str) -> Path:
    path = folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_text_that_the_template_of_notices_needs_is_said_by_each_route_that_notifies(tmp_path: Path) -> None:
    assert reported(tmp_path, template(tmp_path, "{{ route.help }} {{ route.why | default('') }}")) == []
    assert reported(tmp_path, template(tmp_path, "{{ route.hlp }}")) == [
        (15, 22, "the template reads `route.hlp`, which this route does not say", None,
         "`hlp: ...` in the route's note", "help"),
    ]  # fmt: skip


def test_words_that_have_no_room_in_the_smallest_message_are_warned_of(tmp_path: Path) -> None:
    long = "Escalation of the members' desk. " * 30
    found = reported(tmp_path, changed("notices: {", f"notices: {{opens_with: {long}, "), "warning")
    ((line, column, message, kind, expected, _),) = found
    assert (line, column, kind) == (9, 23, "salesforce")
    assert message == "what every notice says has no room in one message of the channel `bell`: each comes in parts"
    assert expected == "at most 1,000 characters with the title; these are 1,073 at least"
    many = ", ".join(f"Field_{number}__c" for number in range(60))
    found = reported(tmp_path, changed("must_say: [", f"must_say: [{many}, "), "warning")
    assert [one[1] for one in found] == [21]


# -- warnings before a match -------------------------------------------------------------------------------------------

NO_CLOCK = [
    "{field: Flag__c, is: true}", "{age: CreatedDate, at_most: 4h}", "{left: SlaExitDate, at_least: 1h}",
    "{related: Cases, at_least: 2}", "{not: {idle: customer, at_least: 2h}}",
]  # fmt: skip
CLOCKS = [
    "{left: SlaExitDate, at_most: 1h}", "{milestone: due, within: 1h}", "{in_state: Status, at_least: 1h}",
    "{related: Cases, at_most: 2, within: 1d}", "{not: {age: CreatedDate, at_most: 4h}}",
    "{any: [{field: Flag__c, is: true}, {idle: agent, more_than: 2h}]}",
    "{related: Cases, where: {age: CreatedDate, at_least: 5d}}",
]  # fmt: skip


@pytest.mark.parametrize("when", NO_CLOCK)
def test_a_warning_before_a_match_that_no_time_brings_has_no_effect(tmp_path: Path, when: str) -> None:
    found = reported(tmp_path, changed("{age: CreatedDate, at_least: 4h}", when), "warning")
    assert [one[:3] for one in found] == [
        (18, 5, "`warn` has no effect: no time makes a case match route `first`"),
    ]


@pytest.mark.parametrize("when", CLOCKS)
def test_a_warning_has_effect_where_time_alone_may_bring_a_match(tmp_path: Path, when: str) -> None:
    assert reported(tmp_path, changed("{age: CreatedDate, at_least: 4h}", when), "warning") == []


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    text = changed("reason, phone", "reason, fone", changed("people: mail", "people: alarm"))
    text = changed("tell: [mail], list: others@example.com", "tell: [mail]", text)
    assert [one[0] for one in reported(tmp_path, changed("at_least: 4h", "at_least: 4x", text))] == [7, 9, 9, 14]
