"""Canaries: which policies an org uses, and when a change goes on, halts, or is taken back."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sfdc_escalator.escalation.fleet.rollout import Rollout, ended, offer, promote, rollback
from sfdc_escalator.escalation.fleet.rollout_json import rollout_json, rollout_of
from tests.sampling import WHOLE

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
CANARIES = ("one", "two")


def offered(was: Rollout, digest: str, canaries: tuple[str, ...] = CANARIES) -> Rollout:
    return offer(was, digest, canaries, 3, NOW)


def used(rollout: Rollout) -> tuple[str | None, str | None]:
    """By a canary, and by another org."""
    return rollout.used_by(canary=True), rollout.used_by(canary=False)


def finished(was: Rollout, org: str, *codes: int | None, digest: str = "new") -> Rollout:
    for code in codes:
        was = ended(was, org, digest, code, "said", NOW)
    return was


FIRST = offered(Rollout(), "old")
TRIED = offered(FIRST, "new")


def test_the_first_policies_are_used_by_all_orgs() -> None:
    assert (FIRST.state, used(FIRST), FIRST.why) == ("everywhere", ("old", "old"), None)


def test_a_change_is_used_by_canaries_first() -> None:
    assert (TRIED.state, used(TRIED), TRIED.runs) == ("canary", ("new", "old"), {"one": 0, "two": 0})


def test_it_goes_to_all_orgs_when_each_canary_has_finished_its_runs() -> None:
    almost = finished(finished(TRIED, "one", 0, 3, 10, 0), "two", 0, 0)
    assert (almost.state, used(almost)) == ("canary", ("new", "old"))
    done = finished(almost, "two", 0)
    assert (done.state, used(done), done.runs) == ("everywhere", ("new", "new"), {"one": 4, "two": 3})


@pytest.mark.parametrize("code", [1, 2, 4, 6])
def test_a_run_that_ends_badly_halts_it(code: int) -> None:
    halted = finished(TRIED, "one", 0, code)
    assert (halted.state, halted.why) == ("halted", f"a run of one ended with exit code {code}: said")
    assert used(halted) == ("new", "old")
    assert finished(finished(halted, "one", 0, 0, 0), "two", 0, 0, 0) == halted


@pytest.mark.parametrize("code", [5, None, 7])
def test_an_org_that_cannot_be_reached_counts_neither_way(code: int | None) -> None:
    assert finished(TRIED, "one", code) == TRIED


def test_runs_of_other_orgs_and_of_other_policies_count_neither_way() -> None:
    assert finished(TRIED, "three", 0, 2) == TRIED
    assert finished(TRIED, "one", 0, 2, digest="old") == TRIED


def test_a_newer_digest_starts_over() -> None:
    newer = offered(finished(TRIED, "one", 0, 0), "newer")
    assert (newer.digest, newer.runs, used(newer)) == ("newer", {"one": 0, "two": 0}, ("newer", "old"))


def test_without_a_canary_a_change_goes_to_all_and_the_status_says_so() -> None:
    changed = offered(FIRST, "new", ())
    assert (changed.state, used(changed)) == ("everywhere", ("new", "new"))
    assert changed.why == "no entry has `canary: true`, so the change went to all orgs at once"


def test_files_that_are_changed_back_end_the_rollout() -> None:
    back = offered(TRIED, "old")
    assert (back.state, used(back)) == ("everywhere", ("old", "old"))


def test_a_canary_that_left_the_fleet_is_not_waited_for() -> None:
    alone = offered(finished(TRIED, "one", 0, 0, 0), "new", ("one",))
    assert (alone.state, used(alone)) == ("everywhere", ("new", "new"))


def test_what_no_canary_has_finished_never_goes_to_all_because_the_last_canary_left() -> None:
    """As where a host still has a file without canaries. A change that comes then goes to all."""
    tried = finished(TRIED, "one", 0, 0)
    waits = offered(tried, "new", ())
    assert (waits.state, used(waits), waits.why) == (
        "canary",
        ("new", "old"),
        "no entry has `canary: true` any more; `fleet promote` lets all orgs use it",
    )
    assert offered(waits, "new") == tried
    assert offered(waits, "newer", ()).state == "everywhere"


def test_a_rollback_refuses_a_digest_until_it_is_promoted() -> None:
    refused = rollback(finished(TRIED, "one", 2), "new", "ann", NOW)
    assert (refused.state, refused.why, used(refused)) == ("halted", "rolled back by ann", ("old", "old"))
    again = offered(offered(refused, "old"), "new")
    assert (again.state, used(again)) == ("halted", ("old", "old"))
    promoted = promote(again, "new", "ann", NOW)
    assert (promoted.state, promoted.why, used(promoted)) == ("everywhere", "promoted by ann", ("new", "new"))


def test_policies_that_all_orgs_use_are_rolled_back_to_those_before() -> None:
    done = finished(finished(TRIED, "one", 0, 0, 0), "two", 0, 0, 0)
    back = rollback(done, "new", "ann", NOW)
    assert (back.state, used(back)) == ("halted", ("old", "old"))
    assert offered(back, "new") == back


def test_the_only_policies_cannot_be_rolled_back() -> None:
    with pytest.raises(ValueError, match="no earlier policies"):
        rollback(FIRST, "old", "ann", NOW)


def test_an_unchanged_digest_changes_nothing() -> None:
    halted = finished(TRIED, "one", 2)
    assert offered(halted, "new") == halted


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=6), st.integers(0, 3))
def test_the_database_keeps_every_rollout_as_it_is(digests: list[str], bad: int) -> None:
    made = Rollout()
    for digest in digests:
        made = finished(offered(made, digest), "one", 0, *([2] if bad == len(digests) else []), digest=digest)
    assert rollout_of(rollout_json(made)) == made


class Canaries(RuleBasedStateMachine):
    """Against a plain account of what each digest has been through."""

    def __init__(self) -> None:
        super().__init__()
        self.rollout = FIRST
        self.good: dict[str, dict[str, int]] = {}
        self.allowed, self.refused = {"old"}, set[str]()

    @rule(digest=st.sampled_from(["old", "a", "b", "c"]))
    def files_change(self, digest: str) -> None:
        if digest != self.rollout.offered:
            self.good[digest] = dict.fromkeys(CANARIES, 0)
        self.rollout = offered(self.rollout, digest)

    @rule(org=st.sampled_from(["one", "two", "three"]), code=st.sampled_from([0, 0, 0, 3, 10, 1, 2, 4, 5, 6, None]))
    def a_run_ends(self, org: str, code: int | None) -> None:
        used_now = self.rollout.used_by(canary=org in CANARIES)
        assert used_now is not None
        if (
            self.rollout.state == "canary"
            and used_now == self.rollout.digest
            and org in CANARIES
            and code in (0, 3, 10)
        ):
            self.good[used_now][org] += 1
            if min(self.good[used_now].values()) >= 3:
                self.allowed.add(used_now)
        self.rollout = ended(self.rollout, org, used_now, code, "said", NOW)

    @rule(digest=st.sampled_from(["a", "b", "c"]))
    def a_person_promotes(self, digest: str) -> None:
        self.allowed.add(digest)
        self.refused.discard(digest)
        self.rollout = promote(self.rollout, digest, "ann", NOW)

    @precondition(lambda self: self.rollout.state != "everywhere")
    @rule()
    def a_person_rolls_back(self) -> None:
        assert self.rollout.digest
        self.refused.add(self.rollout.digest)
        self.rollout = rollback(self.rollout, self.rollout.digest, "ann", NOW)

    @invariant()
    def others_use_only_what_canaries_or_a_person_allowed(self) -> None:
        assert self.rollout.used_by(canary=False) in self.allowed

    @invariant()
    def a_refused_digest_is_used_by_nobody(self) -> None:
        assert not self.refused & {*used(self.rollout)}

    @invariant()
    def what_is_in_use_is_kept(self) -> None:
        assert {*used(self.rollout)} <= self.rollout.in_use


Canaries.TestCase.settings = settings(max_examples=100 if WHOLE else 15, stateful_step_count=25, deadline=None)
TestCanaries = Canaries.TestCase
