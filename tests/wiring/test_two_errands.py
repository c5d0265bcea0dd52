"""Two errands for two orgs in one process: each has its own surroundings, and nothing of one reaches the other."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.errors import EscalatorError, RunBusy
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.reports.json.problems import failure_json
from sfdc_escalator.reports.json.run import run_json
from sfdc_escalator.reports.text.explain import explain_text
from sfdc_escalator.reports.text.run import run_text
from sfdc_escalator.wiring import errand as errands
from sfdc_escalator.wiring.errand import Errand
from sfdc_escalator.wiring.surroundings import Surroundings
from tests.stories.world import NOW, no_wait, pieces_of, writes

POLICY = """
policy: {name}
teams: {{leads: {{queue: Leads}}}}
routes:
  - {{name: high, reason: High., when: [{{field: Priority, is: High}}], escalate: {{queue: leads, status: {status}}}}}
guards: {{max_share_of_open: 100%}}
"""
ORGS = "acme: {{instance_url: '{url}', access_token: 'env:TOKEN', expect: {{organization_id: {id}}}}}\n"
CASES = "CaseNumber,Priority,Status\n"
GROUPS = "Type,DeveloperName,Name\nQueue,Leads,Leads\n"
Answer = TypeVar("Answer")


class Site(NamedTuple):
    """An org, and the surroundings of the person who looks after it."""

    org: EmbeddedOrg
    surroundings: Surroundings

    def errand(self, backlog: bool = True) -> Errand:
        return Errand(self.surroundings, "acme", options=RunOptions("escalate" if backlog else None))


@contextmanager
def site(folder: Path, name: str, cases: int, meeting: threading.Barrier) -> Iterator[Site]:
    """A folder with all that a person has: data, a policy, the org by name. Both errands meet when their logs begin."""
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "Case.csv").write_text(CASES + "".join(f"{one},High,New\n" for one in range(1, cases + 1)))
    (folder / "data" / "Group.csv").write_text(GROUPS)
    (folder / "config" / "policies").mkdir(parents=True)
    (folder / "config" / "policies" / "p.yaml").write_text(POLICY.format(name=name, status=f"At {name}"))

    def meet(_run: str | None) -> None:
        meeting.wait(120)

    with EmbeddedOrg(data=folder / "data", now=NOW) as org:
        (folder / "config" / "orgs.yaml").write_text(ORGS.format(url=org.instance_url, id=org.organization_id))
        environ = {"TOKEN": org.access_token, "XDG_STATE_HOME": str(folder / "state"), "PATH": "/usr/bin:/bin"}
        yield Site(org, Surroundings(environ, folder, no_wait, set_up_log=meet))


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[tuple[Site, Site]]:
    meeting = threading.Barrier(2)
    with site(tmp_path / "north", "north", 3, meeting) as north, site(tmp_path / "south", "south", 5, meeting) as south:
        assert north.org.access_token != south.org.access_token
        yield north, south


def at_once(work: Callable[[Site], Answer], sites: tuple[Site, Site]) -> list[Answer]:
    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(work, sites))


def outputs(done: errands.Done) -> str:
    return json.dumps(run_json(done.result, "acme")) + run_text(done.result, all_notes=True)


def no_secret_in(text: str, sites: tuple[Site, Site]) -> None:
    assert not [piece for one in sites for piece in pieces_of(one.org.access_token) if piece in text]


def test_two_runs_for_two_orgs_end_in_one_process_each_with_its_own_result(
    sites: tuple[Site, Site], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    rehearsed = at_once(lambda one: errands.rehearse(one.errand()), sites)
    ran = at_once(lambda one: errands.run(one.errand()), sites)
    again = at_once(lambda one: errands.run(one.errand(backlog=False)), sites)
    for each, name, count in zip(range(2), ("north", "south"), (3, 5), strict=True):
        result, report = ran[each].result, run_json(ran[each].result, "acme")
        assert (report["matched"], report["applied"], result.exit_code) == (count, count, 0)
        assert report["plan_digest"] == run_json(rehearsed[each].result, "acme")["plan_digest"]
        assert {one["policy"] for one in report["escalations"]} == {name}
        assert run_json(again[each].result, "acme")["already"] == count
        assert report["organization_id"] == sites[each].org.organization_id
        assert Path(report["ledger"]).is_relative_to(tmp_path / name / "state")
        written = [one["fields"] for one in writes(sites[each].org) if one["object"] == "Case"]
        assert {fields["Status"] for fields in written if "Status" in fields} == {f"At {name}"}
        assert sum(one["object"] == "CaseComment" for one in writes(sites[each].org)) == count
    no_secret_in("".join(map(outputs, [*rehearsed, *ran, *again])), sites)
    no_secret_in(str([vars(record) for record in caplog.records]), sites)


def test_each_errand_looks_into_its_own_ledger_and_org(sites: tuple[Site, Site]) -> None:
    at_once(lambda one: errands.run(one.errand()), sites)
    assert [found.open for found in at_once(lambda one: errands.status(one.errand()), sites)] == [3, 5]
    explained = at_once(lambda one: errands.explain(one.errand(), "1"), sites)
    texts = [explain_text(one.examined) for one in explained]
    assert ["north" in texts[0], "south" in texts[0], "south" in texts[1], "north" in texts[1]] == [1, 0, 1, 0]
    no_secret_in("".join(texts), sites)
    rebuilt = at_once(lambda one: errands.rebuild(one.errand()), sites)
    assert [one.rebuilt.known for one in rebuilt] == [3, 5]


def test_a_login_that_is_refused_leaves_the_other_errand_alone(sites: tuple[Site, Site]) -> None:
    north, south = sites
    stale = {**north.surroundings.environ, "TOKEN": "00D000000000001!a.stale.token.of.the.north"}
    refused = north._replace(surroundings=Surroundings(stale, north.surroundings.folder, no_wait,
                                                       set_up_log=north.surroundings.set_up_log))  # fmt: skip

    def work(one: Site) -> str:
        try:
            return outputs(errands.run(one.errand()))
        except EscalatorError as error:
            return json.dumps(failure_json(error))

    failed, done = at_once(work, (refused, south))
    assert json.loads(failed)["exit"] == 5
    assert '"applied": 5' in done
    assert not writes(north.org)
    assert "stale.token" not in failed + done
    no_secret_in(failed + done, sites)


def test_two_runs_for_one_org_at_once_escalate_each_case_once(sites: tuple[Site, Site]) -> None:
    """The lease of the org keeps two threads apart as it keeps two processes apart."""
    north, _ = sites

    def work(one: Site) -> int:
        try:
            return errands.run(one.errand()).result.count(State.APPLIED)
        except RunBusy:
            return 0

    assert sorted(at_once(work, (north, north))) == [0, 3]
    assert sum(one["object"] == "CaseComment" for one in writes(north.org)) == 3


def test_surroundings_know_the_secrets_that_their_own_errands_read(sites: tuple[Site, Site]) -> None:
    at_once(lambda one: errands.rehearse(one.errand()), sites)
    for one, other in (sites, sites[::-1]):
        assert one.org.access_token in one.surroundings.secrets.values
        assert other.org.access_token not in one.surroundings.secrets.values
        assert one.surroundings.secrets.redact(f"it is {one.org.access_token}.") == "it is [hidden]."
        assert one.org.access_token not in repr(one.surroundings)
