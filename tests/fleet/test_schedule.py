"""The schedule on a real PostgreSQL."""

from pathlib import Path

import pytest

from sfdc_escalator.errors import Invalid, LedgerUnusable
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


def test_an_entry_that_is_invalid_later_leaves_the_orgs_of_before(
    tmp_path: Path, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    made = schedule(tmp_path, url)
    made.tick()
    file = tmp_path / "config" / "orgs.yaml"
    file.write_text(file.read_text().replace("every: 1h", "every: 1s"))
    made.tick()
    made.tick()
    assert [one.org for one in status_of(made.fleet()).orgs] == ["one", "two"]
    assert [one.message for one in caplog.records] == ["fleet.orgs_invalid"]
    with pytest.raises(Invalid, match=r"orgs\.yaml is invalid: 2 problems"):
        Schedule(made.surroundings, None, ()).fleet()


def test_a_database_that_is_away_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnusable, match="cannot be reached"):
        run_once(schedule(tmp_path, "postgresql://postgres@127.0.0.1:1/none"), None)
