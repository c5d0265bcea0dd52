"""Policies that a run keeps: they come back equal, or the files are read."""

import json
import os
from collections.abc import Callable
from datetime import date, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.errors import Invalid
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.files import kept_policies
from sfdc_escalator.files.kept_policies import Valid, valid_policies
from sfdc_escalator.files.kept_values import as_data, from_data
from sfdc_escalator.files.policies import load_policies
from tests.files.test_policies import RICH
from tests.kind_examples import CONDITIONS

ROOT = Path(__file__).parents[2]
PROCEDURES = Path(str(resources.files("sfdc_escalator.files.first_hour").joinpath("procedures")))
SHIPPED = sorted([*ROOT.glob("config/policies/*.yaml"), *PROCEDURES.rglob("*.yaml")])
CALENDARS = """\
policy: hours
calendars:
  us: {timezone: America/Chicago, open: {mon-fri: "08:00-20:00"}, holidays: {country: US, dates: [2026-12-24]}}
  de: {timezone: Europe/Berlin, open: {mon-fri: "08:00-17:00"}, holidays: [2026-12-31]}
teams: {one: {queue: One, calendar: us}, two: {queue: Two, calendar: de}}
routes:
  - name: slow
    reason: Slow.
    when: {age: CreatedDate, at_least: 8h, calendar: us}
    escalate: {queue: one}
    due: {end_of: business_day, calendar: us}
    ladder: [{after: 30m, calendar: de, escalate: {queue: two}, until: closed}]
"""
TWO_YEARS = [date(2026, 1, 1) + timedelta(days=number) for number in range(730)]
PLAIN = """\
policy: p
defaults: {note: {template: note.md.j2}}
routes: [{name: r, reason: Why., when: {field: Type, is: A}, escalate: {status: Open}}]
"""


class Kept:
    """A policy file with its template, and the folder that keeps what they say."""

    def __init__(self, folder: Path) -> None:
        self.home, self.store = folder / "policies", folder / "store"
        self.home.mkdir()
        self.policy, self.template = self.home / "p.yaml", folder / "note.md.j2"
        self.policy.write_text(PLAIN)
        self.template.write_text("first")

    def load(self) -> Valid:
        return valid_policies([self.policy], self.store)

    @property
    def file(self) -> Path:
        (found,) = self.store.iterdir()
        return found

    def texts(self) -> set[str]:
        """The texts of the templates of its notes."""
        return {note.template.text for policy in self.load().policies for note in policy.notes}

    def change(self, do: Callable[[dict[str, Any]], object]) -> None:
        """Changes what is kept."""
        data = json.loads(self.file.read_text())
        do(data)
        self.file.write_text(json.dumps(data))


@pytest.fixture
def at(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


@pytest.fixture
def no_reading(at: Kept, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """Policies that are kept, and cannot be read from their files any more."""
    at.load()
    monkeypatch.setattr(kept_policies, "read", lambda *_: pytest.fail("the files were read"))
    return at


def test_what_is_kept_comes_back_without_reading_and_is_equal(no_reading: Kept) -> None:
    assert no_reading.load().policies == load_policies([no_reading.policy]).policies


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_every_shipped_policy_is_kept(path: Path, tmp_path: Path) -> None:
    first = valid_policies([path], tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    assert as_data(valid_policies([path], tmp_path)) == as_data(first)


@pytest.mark.parametrize("condition", CONDITIONS.values(), ids=list(CONDITIONS))
def test_a_condition_of_every_kind_is_kept(condition: Condition) -> None:
    data = as_data(condition)
    assert from_data(json.loads(json.dumps(data))) == condition


def test_a_rich_policy_is_kept_with_its_template(at: Kept) -> None:
    (at.home / "notes").mkdir()
    (at.home / "notes" / "hand-off.md.j2").write_text("{{ case.Account.Name }}")
    at.policy.write_text(RICH)
    assert at.load() == at.load()
    assert at.file.stat().st_mode & 0o777 == 0o600


def test_a_calendar_stays_one_calendar_with_its_holidays(at: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    at.policy.write_text(CALENDARS)
    at.load()
    monkeypatch.setattr(kept_policies, "read", lambda *_: pytest.fail("the files were read"))
    (policy,) = at.load().policies
    (found,) = load_policies([at.policy]).policies
    for name, hours in found.hours.items():
        assert list(map(policy.hours[name].spans_on, TWO_YEARS)) == list(map(hours.spans_on, TWO_YEARS))
    assert policy.routes[0].when.calendar is policy.hours["one"]  # type: ignore[attr-defined]


def test_a_changed_policy_is_read_again(at: Kept) -> None:
    at.load()
    at.policy.write_text(PLAIN.replace("Why.", "Because."))
    assert at.load().policies[0].routes[0].reason == "Because."


def test_a_changed_template_is_read_again(at: Kept) -> None:
    assert at.texts() == {"first"}
    at.template.write_text("second")
    assert at.texts() == {"second"}


def test_a_template_that_comes_nearer_counts(at: Kept) -> None:
    at.load()
    (at.home / "note.md.j2").write_text("nearer")
    assert at.texts() == {"nearer"}


def test_an_error_is_never_hidden(at: Kept) -> None:
    at.load()
    at.policy.write_text(PLAIN.replace("reason", "raeson"))
    for _ in range(2):
        with pytest.raises(Invalid, match="invalid"):
            at.load()
    at.policy.write_text(PLAIN)
    at.template.write_text("{% if %}")
    with pytest.raises(Invalid, match="invalid"):
        at.load()


def test_warnings_come_each_time(at: Kept) -> None:
    at.policy.write_text(PLAIN.replace("is: A", 'matches: "(a+)+$"'))
    warned = at.load().warnings
    assert warned == load_policies([at.policy]).warnings == at.load().warnings


def test_another_program_reads_the_files(at: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    at.load()
    at.change(lambda data: data["value"].update(data=1))
    monkeypatch.setattr(kept_policies, "program", lambda: "another")
    assert at.load().policies[0].name == "p"


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.clear(),
        lambda data: data.update(value={"of": "subprocess:Popen", "is": [["true"]]}),
        lambda data: data.update(value={"of": "sfdc_escalator.wiring.errand:run", "is": []}),
        lambda data: data.update(value="p"),
        lambda data: data["value"]["is"].pop(),
        lambda data: data["shared"].clear(),
    ],
)
def test_a_damaged_file_is_as_good_as_none(at: Kept, damage: Callable[[dict[str, Any]], object]) -> None:
    first = at.load()
    at.change(damage)
    assert at.load() == first


def test_a_file_that_others_may_write_does_not_count(at: Kept) -> None:
    at.load()
    at.change(lambda data: data.update(value={"of": f"{Valid.__module__}:Valid", "is": [[], []]}))
    assert at.load().policies == ()
    at.file.chmod(0o660)
    assert at.load().policies[0].name == "p"


def test_without_a_folder_to_write_to_the_files_are_read(at: Kept) -> None:
    at.store.write_text("a file stands in its place")
    assert at.load().policies[0].name == "p"


def test_files_that_no_run_wrote_anew_are_removed(at: Kept) -> None:
    at.load()
    os.utime(at.file, (0, 0))
    other = at.home / "other.yaml"
    other.write_text(PLAIN)
    valid_policies([other], at.store)
    assert len(list(at.store.iterdir())) == 1
