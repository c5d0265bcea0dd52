"""The schedule on a real PostgreSQL."""

import base64
import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from sfdc_escalator.errors import Invalid, LedgerUnusable
from sfdc_escalator.reports.fleet.json import fleet_json
from sfdc_escalator.reports.fleet.text import fleet_text
from sfdc_escalator.wiring.fleet.looking import status_of
from sfdc_escalator.wiring.fleet.schedule import Schedule, run_once
from sfdc_escalator.wiring.surroundings import Surroundings

POLICY = "policy: p\nroutes: [{name: r, reason: R., when: [{field: Type, is: A}], escalate: {status: B}}]\n"
LOGIN = "instance_url: https://acme.my.salesforce.com, access_token: env:T"
ENTRY = "{name}: {{{login}, ledger: '{url}', every: 1h{more}}}\n"


def schedule(folder: Path, url: str, policy: str = POLICY) -> Schedule:
    """That of a host with files of its own."""
    (folder / "config" / "policies").mkdir(parents=True)
    (folder / "config" / "policies" / "p.yaml").write_text(policy)
    entries = [
        ENTRY.format(name=name, login=LOGIN, url=url, more=more)
        for name, more in (("one", ", canary: true"), ("two", ""))
    ]
    (folder / "config" / "orgs.yaml").write_text("".join(entries))
    return Schedule(Surroundings({}, folder, lambda _: None), None, ())


def test_schedules_whose_files_differ_do_not_begin_a_rollout_again_and_again(tmp_path: Path, url: str) -> None:
    old = schedule(tmp_path / "old", url)
    assert old.tick().queued == ["one", "two"]
    new = schedule(tmp_path / "new", url, POLICY.replace("is: A", "is: C"))
    begun = new.tick().rollout
    assert begun.state == "canary"
    assert [old.tick().rollout, new.tick().rollout, old.tick().rollout] == [begun] * 3


def test_an_orgs_file_that_is_being_copied_does_not_count(tmp_path: Path, url: str) -> None:
    """Its first half is valid and has no canary: a change that canaries try must not go to all."""
    made = schedule(tmp_path, url)
    made.tick()
    file = tmp_path / "config" / "orgs.yaml"
    one, two = file.read_text().splitlines()
    (tmp_path / "config" / "policies" / "p.yaml").write_text(POLICY.replace("is: A", "is: C"))
    made.tick()
    tried = made.tick().rollout
    file.write_text(two)
    assert made.tick().rollout == tried
    file.write_text(f"{two}\n{one}\n")
    assert [made.tick().rollout for _ in range(3)] == [tried] * 3
    assert [one.org for one in status_of(made.fleet()).orgs] == ["one", "two"]
    file.write_text(two)
    assert [len(made.fleet().members) for _ in range(2)] == [2, 1]


def test_files_that_change_at_the_first_look_are_looked_at_again(tmp_path: Path, url: str) -> None:
    """As with `--once`, which has no look before."""
    made = schedule(tmp_path, url, POLICY[:40])
    whole = [POLICY]

    def wait(_: float) -> None:
        if whole:
            (tmp_path / "config" / "policies" / "p.yaml").write_text(whole.pop())

    found = Schedule(replace(made.surroundings, wait=wait), None, ()).snapshot()
    assert base64.b64decode(found.files["0/policies/p.yaml"]).decode() == POLICY


def test_files_that_change_all_the_time_are_one_message(tmp_path: Path, url: str) -> None:
    made = schedule(tmp_path, url)
    texts = itertools.cycle([POLICY, f"{POLICY} "])

    def wait(_: float) -> None:
        (tmp_path / "config" / "policies" / "p.yaml").write_text(next(texts))

    with pytest.raises(Invalid, match="are being changed"):
        Schedule(replace(made.surroundings, wait=wait), None, ()).snapshot()


def test_an_org_that_no_schedule_has_seen_is_behind(tmp_path: Path, url: str) -> None:
    found = status_of(schedule(tmp_path, url).fleet())
    assert found.needs_a_person
    assert [(one["state"], one["next_at"]) for one in fleet_json(found)["orgs"]] == [("behind", None)] * 2
    assert "  no schedule has seen it; `sfdc-escalator fleet schedule` queues its runs" in fleet_text(found)


def test_an_entry_that_is_invalid_later_leaves_the_orgs_of_before(
    tmp_path: Path, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    made = schedule(tmp_path, url)
    made.tick()
    file = tmp_path / "config" / "orgs.yaml"
    file.write_text(file.read_text().replace("every: 1h", "every: 1s"))
    (tmp_path / "config" / "policies" / "p.yaml").unlink()
    made.tick()
    made.tick()
    assert [one.org for one in status_of(made.fleet()).orgs] == ["one", "two"]
    assert [one.message for one in caplog.records] == ["fleet.orgs_invalid", "fleet.policies_unreadable"]
    with pytest.raises(Invalid, match=r"orgs\.yaml is invalid: 2 problems"):
        Schedule(made.surroundings, None, ()).fleet()


def test_a_database_that_is_away_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnusable, match="cannot be reached"):
        run_once(schedule(tmp_path, "postgresql://postgres@127.0.0.1:1/none"), None)
