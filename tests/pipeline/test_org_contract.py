"""The rules of an org, tested with the org in memory and Salesforce's port over real HTTP."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest

from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.notices.people import People, Person
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.case import Case, FieldValues, long_id
from sfdc_escalator.escalation.world.needs import COMMENTS, EMAILS, Answered, FieldChanges, Lookup, Records
from sfdc_escalator.escalation.world.org import Caller, OrgFacts
from sfdc_escalator.pipeline.ports.org import KeyedNote, Org
from sfdc_escalator.pipeline.ports.writing import (
    Answer,
    Chunk,
    Committed,
    ErrorKind,
    Moved,
    NotExecuted,
    RolledBack,
    Unknown,
    Write,
)
from tests.builders import AGENT, NOW, case, identity, policy, route, values
from tests.pipeline.org_kinds import (
    BILLING,
    BOSS,
    CHIEFS,
    FORBIDDEN,
    GROUPS,
    KINDS,
    LEADS,
    LONG_TEXT,
    SUPPORT,
    TASKS,
    UNKNOWN_FIELD,
    Stage,
    cases_of,
)
from tests.polls import WholePoll, whole

NEW = policy(route("urgent", Field("Status", "is", "New")))
LONG = policy(route("urgent", Field("Description", "contains_any", ("broke",))))
ONE, TWO, THREE = (case(number) for number in (1, 2, 3))
NOBODY = frozenset[str]()
WRITTEN = ("OwnerId", "Status", "Priority")


@dataclass
class Site:
    """An org with its first answer, its facts and a poll."""

    stage: Stage
    caller: Caller
    facts: OrgFacts
    poll: WholePoll

    @property
    def org(self) -> Org:
        return self.stage.org

    @property
    def us(self) -> frozenset[str]:
        return frozenset({self.caller.user_id})

    def polled(self, of: Policy = NEW, only: str | None = None) -> list[str]:
        return [one.number for one in whole(self.org.poll([of], self.facts, only)).cases]

    def write(self, *writes: Write, at: datetime | None = None, together: bool = False) -> Answer:
        return self.org.write(Chunk(writes, at or self.poll.at, together))

    def read_back(self, *cases: Case, fields: Sequence[str] = WRITTEN) -> Mapping[str, FieldValues]:
        return self.org.read_back([one.id for one in cases], fields)

    def poll_again(self) -> "Site":
        """The same org a little later."""
        self.stage.wait(1)
        return replace(self, poll=whole(self.org.poll([NEW], self.facts, None)))

    def notes(self, *cases: Case) -> tuple[KeyedNote, ...]:
        return self.org.keyed_notes([one.id for one in cases], self.us)


class Open(Protocol):
    def __call__(self, cases: Sequence[Case], *, proved: bool = False, patience: int = 60) -> Site: ...


@pytest.fixture(params=KINDS)
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens an org of each kind."""
    entered: list[AbstractContextManager[Stage]] = []

    def opened(cases: Sequence[Case], *, proved: bool = False, patience: int = 60) -> Site:
        context = KINDS[request.param].open(tmp_path / "org", cases, proved=proved, patience=patience)
        stage = context.__enter__()
        entered.append(context)
        caller = stage.org.identify()
        facts = stage.org.facts(caller, [NEW, LONG])
        return Site(stage, caller, facts, whole(stage.org.poll([NEW], facts, None)))

    yield opened
    for context in entered:
        context.__exit__(None, None, None)


@pytest.fixture
def site(start: Open) -> Site:
    """Three open cases."""
    return start(cases_of(3))


def write(
    of: Case, route_name: str = "urgent", *, owner: str | None = None, status: str | None = None, text: str = "Please"
) -> Write:
    key = identity(of, route_name)
    sent = {"OwnerId": owner, "Status": status}
    values = {name: value for name, value in sent.items() if value is not None}
    return Write(key.key, of.id, f"{text}\n\n{key.line}", False, values)


def escalated(of: Case) -> Write:
    return write(of, owner=SUPPORT.id, status="Escalated")


# -- identify, facts -------------------------------------------------------------------------------------------------


def test_the_first_answer_has_long_ids_and_a_time_with_a_zone(site: Site) -> None:
    assert (site.caller.organization_id[:3], len(site.caller.organization_id)) == ("00D", 18)
    assert (site.caller.user_id[:3], len(site.caller.user_id)) == ("005", 18)
    assert site.caller.now.utcoffset() == timedelta(0)
    assert timedelta(0) <= site.caller.now - NOW < timedelta(minutes=1)


def test_the_facts_hold_the_queues_by_name_with_their_members(site: Site) -> None:
    assert site.facts.queues["Support"] == SUPPORT
    assert site.facts.queues["Billing"] == BILLING


def test_the_facts_count_the_open_cases_and_describe_the_written_fields(site: Site) -> None:
    assert site.facts.open_cases == 3
    assert site.facts.describe.field_at("Status") is not None
    assert site.facts.describe.field_at("Priority") is not None


@pytest.mark.parametrize(("proved", "level"), [(False, "guarded"), (True, "proved")])
def test_the_level_is_proved_where_the_org_refuses_a_second_key(start: Open, proved: bool, level: str) -> None:
    assert start(cases_of(1), proved=proved).facts.level == level


def test_the_guard_is_full_unless_the_org_refuses_its_query(site: Site) -> None:
    site.write(escalated(ONE))
    assert site.org.guard == "full"


def test_every_write_counts_as_an_api_call(site: Site) -> None:
    before = site.org.api_calls
    site.write(escalated(ONE))
    assert site.org.api_calls > before


# -- poll ------------------------------------------------------------------------------------------------------------


def test_a_poll_reads_the_open_cases_by_id(site: Site) -> None:
    assert [one.id for one in site.poll.cases] == [ONE.id, TWO.id, THREE.id]
    assert [(one.owner_id, one.status, one.priority) for one in site.poll.cases] == [(AGENT, "New", "Medium")] * 3
    assert site.poll.broken == {}


def test_the_time_of_a_poll_is_the_time_of_the_org(site: Site) -> None:
    later = site.poll_again().poll.at - site.poll.at
    assert timedelta(minutes=1) <= later < timedelta(minutes=2)
    assert site.poll.at.utcoffset() == timedelta(0)


def test_a_poll_leaves_closed_deleted_and_merged_cases_out(start: Open) -> None:
    site = start(cases_of(5))
    site.stage.close(ONE.id)
    site.stage.delete(TWO.id)
    site.stage.merge(THREE.id, case(4).id)
    assert site.polled() == ["00000004", "00000005"]


@pytest.mark.parametrize("name", [TWO.id, TWO.number])
def test_a_poll_for_one_case_reads_that_case_by_id_or_number(site: Site, name: str) -> None:
    assert site.polled(only=name) == [TWO.number]


def test_a_poll_for_one_case_ignores_the_criteria(site: Site) -> None:
    site.stage.edit(TWO.id, "Working")
    site.stage.close(THREE.id)
    assert [site.polled(only=one.id) for one in (TWO, THREE)] == [[TWO.number], [THREE.number]]


def test_a_poll_leaves_long_text_and_comments_out(site: Site) -> None:
    site.stage.comment(ONE.id, "Any news?")
    first = whole(site.org.poll([LONG], site.facts, None)).cases[0]
    assert "Description" not in first.fields
    assert first.comments == ()


def test_a_poll_reads_the_subject_of_every_case(site: Site) -> None:
    assert {one.subject for one in whole(site.org.poll([NEW], site.facts, None)).cases} == {"It broke"}


def test_a_route_that_reads_an_unknown_field_is_broken_and_the_others_are_polled(start: Open) -> None:
    lost = route("lost", Field(UNKNOWN_FIELD, "is", "x"))
    site = start(cases_of(2))
    found = whole(site.org.poll([policy(lost, route("urgent", Field("Status", "is", "New")))], site.facts, None))
    assert [one.number for one in found.cases] == [ONE.number, TWO.number]
    assert found.broken.keys() == {("support", "lost")}
    assert UNKNOWN_FIELD in found.broken["support", "lost"]


def test_the_longest_waiting_cases_come_oldest_first(start: Open) -> None:
    old = replace(case(2, {"Subject": "old"}), created=NOW - timedelta(days=9))
    site = start([*cases_of(1), old])
    assert [one.id for one in site.org.longest_waiting([NEW], site.facts, 5)] == [TWO.id, ONE.id]
    assert [one.id for one in site.org.longest_waiting([NEW], site.facts, 1)] == [TWO.id]


# -- complete --------------------------------------------------------------------------------------------------------


def test_completing_adds_the_long_text_that_is_needed(site: Site) -> None:
    cases = whole(site.org.poll([LONG], site.facts, None)).cases
    complete = site.org.complete(cases[:2], frozenset({"Description"}), site.us)
    assert [(one.id, one.fields["Description"]) for one in complete] == [(ONE.id, LONG_TEXT), (TWO.id, LONG_TEXT)]


def test_completing_keeps_the_values_of_the_poll(site: Site) -> None:
    site.stage.edit(ONE.id, "Working")
    [one] = site.org.complete(site.poll.cases[:1], frozenset({"Status", "Description"}), site.us)
    assert (one.fields["Status"], one.fields["Description"]) == ("New", LONG_TEXT)


def test_completing_adds_the_comments_of_others_oldest_first(site: Site) -> None:
    for text in ("first", "second"):
        site.stage.wait(1)
        site.stage.comment(ONE.id, text)
    [one, two] = site.org.complete(site.poll.cases[:2], frozenset({COMMENTS}), site.us)
    assert [said.body for said in one.comments] == ["first", "second"]
    assert {said.at.utcoffset() for said in one.comments} == {timedelta(0)}
    assert two.comments == ()


def test_our_own_notes_are_not_among_the_comments(site: Site) -> None:
    site.write(escalated(ONE))
    site.stage.comment(ONE.id, f"somebody copied it\n\n{identity(ONE).line}")
    [one] = site.org.complete(site.poll.cases[:1], frozenset({COMMENTS}), site.us)
    assert one.comments == ()


def test_a_change_of_a_field_names_who_made_it_and_whether_that_is_a_person(site: Site) -> None:
    """L14."""
    site.write(write(ONE, status="Escalated"))
    site.poll_again()
    site.stage.edit(ONE.id, "Working")
    [one] = site.org.complete(site.poll.cases[:1], frozenset({FieldChanges("Status")}), site.us)
    changes = [(change.after, change.by, change.by_person) for change in one.field_changes["Status"]]
    assert changes == [("Escalated", site.caller.user_id, False), ("Working", AGENT, True)]


def test_a_message_says_whether_a_person_wrote_it(site: Site) -> None:
    """L14."""
    site.stage.comment(ONE.id, "I look at it")
    site.stage.mail(ONE.id, "We look at it")
    [one] = site.org.complete(site.poll.cases[:1], frozenset({COMMENTS, EMAILS}), site.us)
    assert [(said.author, said.by_person) for said in one.comments] == [(AGENT, True)] * 2
    [one] = site.org.complete(site.poll.cases[:1], frozenset({EMAILS}), frozenset({AGENT}))
    assert [said.by_person for said in one.comments] == [False]


# -- cases on which something happened -------------------------------------------------------------------------------


def owner_changed(site: Site) -> None:
    site.stage.give(TWO.id, BILLING.id)


def commented(site: Site) -> None:
    site.stage.comment(TWO.id, "I look at it")


def mailed(site: Site) -> None:
    site.stage.mail(TWO.id, "We look at it")


def called(site: Site) -> None:
    site.stage.call(TWO.id)


ACTS: Mapping[str, tuple[Callable[[Site], None], Lookup]] = {
    "owner": (owner_changed, FieldChanges("OwnerId")),
    "comment": (commented, COMMENTS),
    "e-mail": (mailed, EMAILS),
    "task": (called, TASKS),
}
EVERY_ACT = frozenset(need for _, need in ACTS.values())


@pytest.mark.parametrize("name", ACTS)
def test_a_case_is_touched_by_what_people_do_on_it(site: Site, name: str) -> None:
    """L15."""
    act, need = ACTS[name]
    site.stage.wait(1)
    act(site)
    assert site.org.touched(site.poll.at, frozenset({need})) == frozenset({TWO.id})
    assert site.org.touched(site.poll.at, EVERY_ACT) == frozenset({TWO.id})


@pytest.mark.parametrize("name", ACTS)
def test_an_act_of_another_kind_or_of_an_earlier_time_does_not_touch_a_case(site: Site, name: str) -> None:
    act, need = ACTS[name]
    act(site)
    assert site.org.touched(site.poll.at, EVERY_ACT - {need}) == frozenset()
    later = site.poll_again()
    assert later.org.touched(later.poll.at, EVERY_ACT) == frozenset()


def test_an_act_counts_from_the_second_asked_for(site: Site) -> None:
    """Times of records have whole seconds."""
    site.stage.comment(TWO.id, "I look at it")
    [said] = site.org.complete(site.poll.cases[1:2], frozenset({COMMENTS}), site.us)[0].comments
    late = said.at.replace(microsecond=999_999)
    assert site.org.touched(late, frozenset({COMMENTS})) == frozenset({TWO.id})
    assert site.org.touched(said.at + timedelta(seconds=1), frozenset({COMMENTS})) == frozenset()


def test_all_cases_on_which_something_happened_are_touched_once(site: Site) -> None:
    for act, _ in ACTS.values():
        act(site)
    site.stage.comment(THREE.id, "I look at it")
    site.stage.comment(THREE.id, "again")
    assert site.org.touched(site.poll.at, EVERY_ACT) == frozenset({TWO.id, THREE.id})


def test_an_act_that_was_undone_still_touches_its_case(site: Site) -> None:
    """L14: history reports it."""
    site.stage.give(TWO.id, BILLING.id)
    site.stage.give(TWO.id, AGENT)
    assert site.org.touched(site.poll.at, EVERY_ACT) == frozenset({TWO.id})


def test_our_own_steps_and_notes_touch_no_case(site: Site) -> None:
    site.write(escalated(ONE))
    assert site.org.touched(site.poll.at, EVERY_ACT | {FieldChanges("Status")}) == frozenset()


def test_a_deleted_case_is_not_touched(site: Site) -> None:
    site.stage.comment(TWO.id, "I look at it")
    site.stage.delete(TWO.id)
    assert site.org.touched(site.poll.at, EVERY_ACT) == frozenset()


@pytest.mark.parametrize("need", [Answered("Priority = 'High'"), Records("Cases", (), "Contact"),
                                  Records("Cases", (), "", ("Reason",))])  # fmt: skip
def test_records_that_do_not_name_their_case_leave_open_which_cases_are_touched(site: Site, need: Lookup) -> None:
    site.stage.comment(TWO.id, "I look at it")
    assert site.org.touched(site.poll.at, frozenset({COMMENTS, need})) is None


def test_without_needs_no_case_is_touched(site: Site) -> None:
    site.stage.comment(TWO.id, "I look at it")
    assert site.org.touched(site.poll.at, frozenset()) == frozenset()


# -- what happened since a time ---------------------------------------------------------------------------------------


def test_a_case_since_a_time_has_its_values_and_its_comments_by_anybody(site: Site) -> None:
    site.stage.comment(ONE.id, "I look at it")
    site.write(escalated(TWO))
    cases, at = site.org.cases_since([ONE.id, TWO.id, THREE.id], site.poll.at)
    assert sorted(cases) == [ONE.id, TWO.id, THREE.id]
    assert timedelta(0) <= at - site.poll.at < timedelta(minutes=1)
    assert dict(cases[TWO.id].values) == values(SUPPORT.id, "Escalated", "Medium")
    said = [[(one.author, one.key) for one in cases[of.id].comments] for of in (ONE, TWO, THREE)]
    assert said == [[(AGENT, None)], [(site.caller.user_id, identity(TWO).key)], []]
    assert all(one.at >= site.poll.at.replace(microsecond=0) for one in cases[ONE.id].comments)
    assert cases[THREE.id].number == THREE.number


def test_a_comment_before_the_time_is_left_out_and_one_of_the_same_second_is_not(site: Site) -> None:
    site.stage.comment(ONE.id, "I look at it")
    later = site.poll_again()
    assert later.org.cases_since([ONE.id], later.poll.at)[0][ONE.id].comments == ()
    site.stage.comment(ONE.id, "now")
    assert len(later.org.cases_since([ONE.id], later.poll.at)[0][ONE.id].comments) == 1


def test_a_case_since_a_time_is_closed_deleted_or_merged(start: Open) -> None:
    site = start(cases_of(5))
    site.stage.close(ONE.id)
    site.stage.delete(TWO.id)
    site.stage.merge(THREE.id, case(4).id)
    asked = [ONE.id, TWO.id, THREE.id, case(5).id, case(6).id]
    cases, _ = site.org.cases_since(asked, site.poll.at)
    found = {one.case_id: (one.is_closed, one.is_deleted, one.master_id) for one in cases.values()}
    assert found == {
        ONE.id: (True, False, None),
        TWO.id: (False, True, None),
        THREE.id: (False, True, case(4).id),
        case(5).id: (False, False, None),
    }


def test_a_deleted_note_is_there_since_the_time(site: Site) -> None:
    site.write(escalated(ONE))
    site.stage.delete_note(identity(ONE).key)
    [note] = site.org.cases_since([ONE.id], site.poll.at)[0][ONE.id].comments
    assert (note.key, note.is_deleted) == (identity(ONE).key, True)


def test_the_history_says_who_changed_a_field_last(site: Site) -> None:
    site.stage.edit(ONE.id, "Working")
    site.stage.give(ONE.id, BILLING.id)
    site.stage.edit(TWO.id, "Working")
    later = site.poll_again()
    changes = site.org.changes_since([ONE.id, THREE.id], site.poll.at)
    assert {case_id: sorted(fields) for case_id, fields in changes.items() if fields} == {ONE.id: ["OwnerId", "Status"]}
    found = changes[ONE.id]["Status"]
    assert (found.by, found.by_name) == (AGENT, "Ann Agent")
    assert not any(later.org.changes_since([ONE.id], later.poll.at).values())


# -- notes with a key ------------------------------------------------------------------------------------------------


def test_a_committed_note_is_found_by_its_key_line_case_author_and_time(site: Site) -> None:
    site.write(escalated(ONE))
    [note] = site.notes(ONE, TWO)
    key = identity(ONE)
    assert (note.key, note.line, note.case_id, note.author) == (key.key, key.line, ONE.id, site.caller.user_id)
    assert timedelta(0) <= note.at - site.caller.now < timedelta(minutes=1)


def test_notes_are_found_oldest_first_on_the_cases_asked_for(site: Site) -> None:
    site.write(write(TWO))
    later = site.poll_again()
    later.write(write(ONE), write(THREE))
    assert [note.case_id for note in later.notes(ONE, TWO)] == [TWO.id, ONE.id]


def test_notes_by_other_users_do_not_count(site: Site) -> None:
    site.write(escalated(ONE))
    assert site.org.keyed_notes([ONE.id], frozenset({AGENT})) == ()
    assert site.org.keyed_notes_everywhere(frozenset({AGENT})) == ()


@pytest.mark.parametrize("users", [NOBODY, None])
def test_without_cases_or_users_there_are_no_notes(site: Site, users: frozenset[str] | None) -> None:
    site.write(escalated(ONE))
    case_ids = [ONE.id] if users is not None else []
    assert site.org.keyed_notes(case_ids, site.us if users is None else users) == ()


def test_a_deleted_note_still_counts_on_its_case_and_not_everywhere(site: Site) -> None:
    """A run must not write it again; a rebuild must not restore a deleted note."""
    site.write(escalated(ONE), escalated(TWO))
    site.stage.delete_note(identity(ONE).key)
    assert [note.case_id for note in site.notes(ONE)] == [ONE.id]
    assert [note.case_id for note in site.org.keyed_notes_everywhere(site.us)] == [TWO.id]


def test_notes_everywhere_need_no_case(site: Site) -> None:
    site.write(escalated(THREE))
    assert [note.key for note in site.org.keyed_notes_everywhere(site.us)] == [identity(THREE).key]


# -- cases as they are now -------------------------------------------------------------------------------------------


def test_the_cases_now_have_their_values_and_the_fields_asked_for(site: Site) -> None:
    site.stage.edit(ONE.id, "Working")
    found = site.org.cases_now([ONE.id, TWO.id], frozenset({"Subject"}), NOBODY)
    assert {one.case.number: one.case.status for one in found.values()} == {ONE.number: "Working", TWO.number: "New"}
    assert found[TWO.id].case.fields["Subject"] == "It broke"
    assert not found[TWO.id].is_closed
    assert not found[TWO.id].is_deleted


def test_the_cases_now_are_read_without_long_text(site: Site) -> None:
    found = site.org.cases_now([ONE.id], frozenset({"Subject", "Description"}), NOBODY)
    assert "Description" not in found[ONE.id].case.fields


def test_the_cases_now_show_which_are_closed_deleted_and_merged(start: Open) -> None:
    site = start(cases_of(4))
    site.stage.close(ONE.id)
    site.stage.delete(TWO.id)
    site.stage.merge(THREE.id, case(4).id)
    found = site.org.cases_now([ONE.id, TWO.id, THREE.id, case(4).id], frozenset(), NOBODY)
    assert {one.case.number: (one.is_closed, one.is_deleted, one.master_id) for one in found.values()} == {
        ONE.number: (True, False, None),
        TWO.number: (False, True, None),
        THREE.number: (False, True, case(4).id),
        case(4).number: (False, False, None),
    }


def test_the_cases_now_hold_the_keys_of_the_notes_of_the_users_asked_for(site: Site) -> None:
    site.write(escalated(ONE), escalated(TWO))
    site.stage.delete_note(identity(TWO).key)
    found = site.org.cases_now([ONE.id, TWO.id, THREE.id], frozenset(), site.us)
    assert [found[one.id].keys for one in (ONE, TWO, THREE)] == [{identity(ONE).key}, {identity(TWO).key}, set()]
    assert site.org.cases_now([ONE.id], frozenset(), NOBODY)[ONE.id].keys == frozenset()


def test_a_case_that_is_not_there_is_left_out(site: Site) -> None:
    assert site.org.cases_now([case(99).id, ONE.id], frozenset(), NOBODY).keys() == {ONE.id}
    assert site.org.cases_now([], frozenset(), NOBODY) == {}


def test_the_cases_that_were_merged_into_a_case_are_named_by_it(start: Open) -> None:
    site = start(cases_of(4))
    site.stage.merge(ONE.id, THREE.id)
    site.stage.merge(TWO.id, THREE.id)
    found = site.org.merged_into([THREE.id, case(4).id])
    assert found == {THREE.id: frozenset({ONE.id, TWO.id})}


def test_the_notes_of_a_merged_case_stand_on_its_master(site: Site) -> None:
    site.write(escalated(ONE))
    site.stage.merge(ONE.id, TWO.id)
    assert [(note.key, note.case_id) for note in site.notes(ONE, TWO)] == [(identity(ONE).key, TWO.id)]


def test_a_note_keeps_its_time_when_its_case_is_merged(site: Site) -> None:
    """L1, L18: the escalation on the master counts from the same time."""
    site.write(escalated(ONE))
    [before] = site.notes(ONE)
    site.stage.wait(5)
    site.stage.merge(ONE.id, TWO.id)
    [after] = site.notes(TWO)
    assert (after.key, after.at) == (before.key, before.at)
    assert site.notes(ONE) == ()


# -- people ----------------------------------------------------------------------------------------------------------


def test_the_people_have_their_addresses_their_zone_and_their_manager(site: Site) -> None:
    found = site.org.people([AGENT])
    assert found.persons[AGENT] == Person(AGENT, "Ann Agent", True, "ann@example.com", "Europe/Berlin", BOSS)
    boss = found.manager_of(AGENT)
    assert boss == Person(BOSS, "Bo Boss", False, "bo@example.com", "America/Chicago")
    assert found.manager_of(BOSS) is None
    assert found.persons.keys() == {AGENT, BOSS}
    assert found.groups == {}


def test_the_queues_have_their_address_and_their_members_of_groups_inside_too(site: Site) -> None:
    found = site.org.people([SUPPORT.id, BILLING.id, LEADS.id])
    assert found.groups == {one.id: one for one in GROUPS if one != CHIEFS}
    assert found.persons == {}


def test_people_are_found_by_short_ids_and_by_several_of_them(site: Site) -> None:
    found = site.org.people([AGENT[:15], LEADS.id[:15], AGENT])
    assert (found.persons[AGENT].name, found.groups[LEADS.id]) == ("Ann Agent", LEADS)


def test_who_is_not_there_is_left_out(site: Site) -> None:
    assert site.org.people([long_id("005000000000099"), long_id("00G000000000099"), ONE.id]) == People({}, {})
    assert site.org.people([]) == People({}, {})


# -- write -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("together", [False, True])
def test_a_chunk_is_written_whole_and_its_call_is_named(site: Site, together: bool) -> None:
    answer = site.write(escalated(ONE), write(TWO), together=together)
    assert isinstance(answer, Committed)
    assert answer.call
    assert site.read_back(ONE, TWO) == {
        ONE.id: values(SUPPORT.id, "Escalated", "Medium"),
        TWO.id: values(AGENT, "New", "Medium"),
    }
    assert {note.key for note in site.notes(ONE, TWO)} == {identity(ONE).key, identity(TWO).key}


def test_a_case_that_somebody_changed_since_the_poll_stops_its_chunk(site: Site) -> None:
    site.stage.edit(TWO.id, "Working")
    answer = site.write(escalated(ONE), escalated(TWO))
    assert isinstance(answer, Moved)
    assert site.notes(ONE, TWO) == ()
    assert site.read_back(ONE)[ONE.id] == values(AGENT, "New", "Medium")


def test_after_a_new_poll_a_changed_case_is_written(site: Site) -> None:
    site.stage.edit(TWO.id, "Working")
    assert isinstance(site.poll_again().write(escalated(TWO)), Committed)


@pytest.mark.parametrize("act", ["delete", "merge"])
def test_a_case_that_is_gone_stops_its_chunk(site: Site, act: str) -> None:
    if act == "delete":
        site.stage.delete(TWO.id)
    else:
        site.stage.merge(TWO.id, THREE.id)
    assert isinstance(site.write(escalated(ONE), escalated(TWO)), Moved)
    assert site.notes(ONE, TWO) == ()


def test_a_comment_by_somebody_else_stops_no_chunk(site: Site) -> None:
    site.stage.comment(ONE.id, "I look at it")
    assert isinstance(site.write(escalated(ONE)), Committed)


@pytest.mark.parametrize("make", [escalated, write])
def test_the_same_chunk_is_not_written_twice(site: Site, make: Callable[[Case], Write]) -> None:
    """Also for a chunk with only a note, which does not change the case."""
    assert isinstance(site.write(make(ONE)), Committed)
    assert isinstance(site.write(make(ONE)), Moved)
    assert len(site.notes(ONE)) == 1


def test_a_row_error_rolls_everything_back_and_names_its_case(start: Open) -> None:
    site = start(cases_of(3, refused=[2]))
    answer = site.write(*map(escalated, (ONE, TWO, THREE)))
    assert isinstance(answer, RolledBack)
    assert answer.rows.keys() == {TWO.id}
    error = answer.rows[TWO.id]
    assert (error.fault, error.code, error.message) == (ErrorKind.ROW, "FIELD_CUSTOM_VALIDATION_EXCEPTION", FORBIDDEN)
    assert answer.error == error
    assert site.notes(ONE, TWO, THREE) == ()
    assert site.read_back(ONE)[ONE.id] == values(AGENT, "New", "Medium")


def test_the_rest_of_a_chunk_that_was_rolled_back_can_be_written(start: Open) -> None:
    site = start(cases_of(3, refused=[2]))
    site.write(*map(escalated, (ONE, TWO, THREE)))
    assert isinstance(site.write(escalated(ONE), escalated(THREE)), Committed)


def test_a_known_key_is_refused_where_the_level_is_proved(start: Open) -> None:
    site = start(cases_of(2), proved=True)
    site.write(write(ONE))
    later = site.poll_again()
    answer = later.write(write(ONE), write(TWO))
    assert isinstance(answer, RolledBack)
    assert answer.rows.keys() == {ONE.id}
    assert answer.rows[ONE.id].fault is ErrorKind.DUPLICATE
    assert [note.key for note in later.notes(ONE, TWO)] == [identity(ONE).key]


def test_another_key_on_the_same_case_is_not_a_duplicate(start: Open) -> None:
    site = start(cases_of(1), proved=True)
    site.write(write(ONE))
    assert isinstance(site.poll_again().write(write(ONE, "other")), Committed)


def test_a_lock_rolls_everything_back_and_is_an_error_of_the_whole_chunk(site: Site) -> None:
    site.stage.strike("lock")
    answer = site.write(escalated(ONE), escalated(TWO))
    assert isinstance(answer, RolledBack)
    assert answer.error.fault is ErrorKind.LOCK
    assert site.notes(ONE, TWO) == ()
    assert isinstance(site.write(escalated(ONE), escalated(TWO)), Committed)


def test_a_write_that_the_org_refuses_to_run_is_not_executed(site: Site) -> None:
    site.stage.strike("limit")
    answer = site.write(escalated(ONE))
    assert isinstance(answer, NotExecuted)
    assert answer.fatal
    assert site.notes(ONE) == ()


def test_a_write_whose_answer_is_lost_is_unknown_and_its_note_is_found(site: Site) -> None:
    site.stage.strike("lose")
    assert isinstance(site.write(escalated(ONE)), Unknown)
    assert [note.key for note in site.notes(ONE)] == [identity(ONE).key]


# -- unmoved, read back, pause ---------------------------------------------------------------------------------------


def test_unmoved_are_the_cases_that_the_guard_lets_pass(start: Open) -> None:
    site = start(cases_of(4))
    site.write(write(case(4)))
    site.stage.edit(ONE.id, "Working")
    site.stage.delete(TWO.id)
    chunk = Chunk(tuple(map(escalated, (ONE, TWO, THREE, case(4)))), site.poll.at)
    assert site.org.unmoved(chunk) == {THREE.id}


def test_reading_back_leaves_out_a_case_that_is_gone(site: Site) -> None:
    site.write(escalated(ONE), escalated(TWO))
    site.stage.delete(TWO.id)
    assert site.read_back(ONE, TWO) == {ONE.id: values(SUPPORT.id, "Escalated", "Medium")}


def test_reading_back_gives_the_fields_asked_for(site: Site) -> None:
    assert site.read_back(ONE, fields=["Status", "Subject"]) == {ONE.id: {"Status": "New", "Subject": "It broke"}}


def test_reading_back_shows_later_changes_by_others(site: Site) -> None:
    site.write(escalated(ONE))
    site.stage.edit(ONE.id, "Working")
    assert site.read_back(ONE)[ONE.id] == values(SUPPORT.id, "Working", "Medium")


def test_pauses_end_when_the_time_of_the_run_is_used_up(start: Open) -> None:
    org = start(cases_of(1), patience=9).org
    pauses = [org.pause(attempt) for attempt in range(1, 12)]
    assert pauses[0]
    assert not pauses[-1]
