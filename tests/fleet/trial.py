"""A fleet at work for some minutes, with judges: see `scripts/fleet-trial`.

Embedded orgs get new cases all the time. Workers are killed and started again, the server of the database is restarted
once, one org hangs and one refuses the login. In the middle comes a policy that every canary must refuse.
"""

import argparse
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import requests

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.files.orgs.fleet_settings import seconds
from tests.fleet.server import Server, a_server
from tests.ledger.server import a_database
from tests.ledger.server import a_server as any_server
from tests.stories.world import write_tables

POLICY = """policy: support
routes:
  - {name: high, reason: High priority., when: [{field: Priority, is: High}], escalate: {status: Working}}
guards: {max_cases: 1000, max_share_of_open: 100%}
"""
BAD = POLICY.replace("field: Priority", "feild: Priority")
BETTER = POLICY.replace("High priority.", "The priority is high.")
PROGRAM = [sys.executable, "-P", "-m", "sfdc_escalator", "fleet"]
KEY = re.compile(r"ESC-\w{4}-\w{4}-\w{4}")
CHILD = "sfdc_escalator.fleet.child"
SHORT = 20
"""Seconds until the death of a worker is noticed, which count for intervals of less than a minute."""


@dataclass
class Trial:
    """The fleet in `folder`. `orgs` are those that must be served, `made` is the number of cases made meanwhile."""

    folder: Path
    database: str
    every: str
    orgs: dict[str, EmbeddedOrg] = field(default_factory=dict)
    made: int = 0
    environ: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    overlaps: set[str] = field(default_factory=set)
    over: threading.Event = field(default_factory=threading.Event)

    def fleet(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*PROGRAM, *words], env=self.environ, cwd=self.folder, capture_output=True, text=True, check=False
        )

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.fleet("status", "--json").stdout)
        return found

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen([*PROGRAM, *words], env=self.environ, cwd=self.folder, stderr=log)

    def policy(self, text: str) -> None:
        path = self.folder / "config/policies/support.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".new").write_text(text)
        path.with_suffix(".new").replace(path)

    def say(self, text: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)

    # -- what happens -------------------------------------------------------------------------------------------------

    def new_cases(self, chance: random.Random) -> None:
        """A case that matches, in some org, now and then."""
        while not self.over.wait(chance.uniform(0.5, 2)):
            name = chance.choice(sorted(self.orgs))
            org = self.orgs[name]
            row = {"Subject": "new", "Priority": "High", "Status": "New"}
            headers = {"Authorization": f"Bearer {org.access_token}"}
            made = requests.post(
                f"{org.instance_url}/services/data/v67.0/sobjects/Case", json=row, headers=headers, timeout=30
            )
            self.made += made.status_code == 201

    def kills(self, chance: random.Random, apart: float) -> None:
        """Kills a worker now and then; another one is started soon."""
        while not self.over.wait(chance.uniform(0.5, 1.5) * apart):
            victim = chance.choice(self.workers)
            self.say(f"kill -9 of worker {victim.pid}")
            victim.kill()
            victim.wait()
            self.workers.remove(victim)
            self.over.wait(chance.uniform(0, 3))
            self.workers.append(self.start("worker", "--concurrency", "4"))

    def watch(self) -> None:
        """Looks for two runs of one org at a time, in the list of processes."""
        while not self.over.wait(0.2):
            found: dict[str, set[int]] = defaultdict(set)
            for pid, words in processes():
                if CHILD in words and "--org" in words:
                    found[words[words.index("--org") + 1]].add(pid)
            for org, pids in found.items():
                if len(pids) > 1:
                    self.overlaps.add(f"{org}: {sorted(pids)}")

    def settle(self) -> None:
        """One more run of each org, later than the time after which a run settles what a killed one had begun."""
        with ThreadPoolExecutor(2) as pool:
            codes = list(pool.map(self.settled, sorted(self.orgs)))
        self.say(f"exit codes of the last runs: {codes}")
        self.findings += ["a last run did not end well"] if set(codes) - {0, 3} else []

    def settled(self, name: str) -> int:
        clock = f"{self.orgs[name].instance_url}/__embedded__/clock"
        requests.post(clock, json={"advance": "16m"}, timeout=30).raise_for_status()
        words = [*PROGRAM[:-1], "run", "--org", name, "--json"]
        return subprocess.run(words, env=self.environ, cwd=self.folder, capture_output=True, check=False).returncode

    # -- judges -------------------------------------------------------------------------------------------------------

    def judge(self, until: float, dead: set[str]) -> None:
        self.settle()
        every = seconds(self.every)
        starts: dict[str, list[float]] = defaultdict(list)
        ends: dict[str, list[Any]] = defaultdict(list)
        for line in (self.folder / "log").read_text().splitlines():
            event = json.loads(line) if line.startswith("{") else {}
            if event.get("event") == "fleet.run_began":
                starts[event["org"]].append(datetime.fromisoformat(event["timestamp"]).timestamp())
            elif event.get("event") == "fleet.run_ended":
                ends[event["org"]].append(event["code"])
        gaps = {}
        for name in sorted(self.orgs):
            times = [*sorted(starts[name]), until]
            gaps[name] = max((later - one for one, later in pairwise(times)), default=9999.0)
        allowed = 2 * every + (0 if every >= 60 else SHORT)
        late = {name: round(gap, 1) for name, gap in gaps.items() if gap > allowed}
        worst = max(gaps.values())
        self.say(
            f"runs: {sum(map(len, starts.values()))}; new cases: {self.made}; longest start to start of a healthy org "
            f"{worst:.1f} s, {worst / every:.2f} times its interval"
        )
        self.say(f"ends of the others: { ({name: ends[name] for name in sorted(dead)}) }")
        self.findings += [f"served too late: {late}"] if late else []
        self.findings += [f"two runs at a time: {sorted(self.overlaps)}"] if self.overlaps else []
        for name, org in self.orgs.items():
            self.findings += self.of_org(name, org)

    def of_org(self, name: str, org: EmbeddedOrg) -> Iterator[str]:
        notes: dict[str, int] = defaultdict(int)
        for row in rows(org, "SELECT ParentId, CommentBody FROM CaseComment"):
            last = row["CommentBody"].strip().splitlines()[-1]
            notes[row["ParentId"]] += bool(KEY.search(last))
        for row in rows(org, "SELECT Id, Priority, Status FROM Case"):
            one, high = row["Id"], row["Priority"] == "High"
            if notes[one] > 1:
                yield f"{name}: {one} has {notes[one]} notes"
            if high and (not notes[one] or row["Status"] != "Working"):
                yield f"{name}: {one} is lost: {notes[one]} notes, {row['Status']}"
            if not high and notes[one]:
                yield f"{name}: {one} was escalated and does not match"


def processes() -> Iterator[tuple[int, list[str]]]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield int(path.parent.name), path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue


def rows(org: EmbeddedOrg, query: str) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {org.access_token}", "Sforce-Query-Options": "batchSize=2000"}
    url = f"{org.instance_url}/services/data/v67.0/query"
    found: list[dict[str, Any]] = requests.get(url, params={"q": query}, headers=headers, timeout=30).json()["records"]
    return found


@contextmanager
def hanging() -> Iterator[str]:
    """The address of an org that takes connections and never answers."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(128)
        yield f"http://127.0.0.1:{door.getsockname()[1]}"


def set_up(trial: Trial, stack: ExitStack, count: int) -> set[str]:
    """The orgs: two canaries, some others, one that hangs, one that refuses the login. The names of the last two."""
    lines = []
    about = f"ledger: '{trial.database}', every: {trial.every}, deadline: {trial.every}"
    for number in range(count - 2):
        name = f"org{number:02}"
        cases = [{"CaseNumber": str(one), "Priority": "High" if one % 2 else "Low"} for one in range(1, 5)]
        data = write_tables(trial.folder / name, {"Case": cases})
        org = stack.enter_context(EmbeddedOrg(data=data))
        trial.orgs[name] = org
        trial.environ[f"TRIAL_{number}"] = org.access_token
        canary = ", canary: true" if number < 2 else ""
        lines.append(
            f"{name}: {{instance_url: '{org.instance_url}', access_token: env:TRIAL_{number}, {about}{canary}}}"
        )
    trial.environ["TRIAL_NONE"] = "00D000000000000!" + "x" * 40
    hangs, refuses = stack.enter_context(hanging()), trial.orgs["org00"].instance_url
    lines.append(f"hangs: {{instance_url: '{hangs}', access_token: env:TRIAL_NONE, {about}}}")
    lines.append(f"refuses: {{instance_url: '{refuses}', access_token: env:TRIAL_NONE, {about}}}")
    trial.policy(POLICY)
    (trial.folder / "config/orgs.yaml").write_text("\n".join(lines) + "\n")
    return {"hangs", "refuses"}


def wait_for(trial: Trial, what: str, wanted: Any, at_most: float) -> dict[str, Any]:
    """The status, once it is as wanted; a finding when it never is."""
    until = time.time() + at_most
    while time.time() < until:
        try:
            found = trial.status()
            if wanted(found):
                trial.say(f"{what}: {found['rollout']}")
                return found
        except (ValueError, TypeError, KeyError):  # the database is away, or there are no policies yet
            pass
        time.sleep(2)
    trial.findings.append(f"never seen: {what}")
    return {}


def rollouts(trial: Trial, every: float) -> None:
    """A better policy goes to canaries and then to all; a bad one stops there, and is rolled back."""
    patience = 20 * every + 60
    old = wait_for(trial, "the first policies", lambda now: now["rollout"]["state"] == "everywhere", patience)
    trial.policy(BETTER)
    wait_for(trial, "a better policy is tried", lambda now: now["rollout"]["state"] == "canary", patience)
    first = old.get("rollout", {}).get("digest")
    good = wait_for(
        trial,
        "it is used everywhere",
        lambda now: now["rollout"]["state"] == "everywhere" and now["rollout"]["digest"] != first,
        patience,
    )
    trial.policy(BAD)
    bad = wait_for(trial, "a bad policy is halted", lambda now: now["rollout"]["state"] == "halted", patience)
    used = {one["org"]: one["policies"] for one in bad.get("orgs", ()) if not one["canary"]}
    if bad and set(used.values()) != {good["rollout"]["digest"]}:
        trial.findings.append(f"a bad policy reached others: {used}")
    trial.fleet("rollback", bad["rollout"]["digest"] if bad else "none")
    trial.policy(BETTER)
    wait_for(trial, "after the rollback", lambda now: now["rollout"]["state"] == "everywhere", patience)


def run(trial: Trial, given: argparse.Namespace, server: Server | None, stack: ExitStack) -> None:
    dead = set_up(trial, stack, given.orgs)
    every, chance = seconds(given.every), random.Random(given.seed)
    done = trial.fleet("init")
    trial.say(done.stdout.strip() or done.stderr)
    others = [trial.start("schedule", "--canary-runs", "2") for _ in range(2)]
    trial.workers += [trial.start("worker", "--concurrency", "4") for _ in range(given.workers)]
    for act in (trial.new_cases, trial.watch, trial.kills, rollouts):
        arguments: dict[Any, tuple[Any, ...]] = {
            trial.new_cases: (random.Random(chance.random()),),
            trial.kills: (random.Random(chance.random()), given.kill_every),
            rollouts: (trial, every),
        }
        threading.Thread(target=act, args=arguments.get(act, ()), daemon=True, name=str(act)).start()
    try:
        time.sleep(given.minutes * 30)
        if server:
            trial.say("the server of the database is restarted")
            server.restart()
        time.sleep(given.minutes * 30)
        until = time.time()
        trial.over.set()
        if any(one.name == str(rollouts) for one in threading.enumerate()):
            trial.findings.append("the rollouts were not through; give it more minutes")
        trial.say(trial.fleet("status").stdout)
    finally:
        trial.over.set()
        for process in [*trial.workers, *others]:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(120) for process in [*trial.workers, *others]]
    trial.say(f"exit codes of workers and schedules: {codes}")
    trial.findings += [f"a process ended with {codes}"] if set(codes) != {0} else []
    trial.findings += ["a traceback in the log"] if "Traceback" in (trial.folder / "log").read_text() else []
    trial.judge(until, dead)


def main() -> int:
    asked = argparse.ArgumentParser(prog="scripts/fleet-trial", description="A fleet at work, with judges.")
    asked.add_argument("--orgs", type=int, default=20, help="the last two never answer or refuse the login")
    asked.add_argument("--workers", type=int, default=4)
    asked.add_argument("--minutes", type=float, default=10)
    asked.add_argument("--every", default="60s", help="the interval of each org")
    asked.add_argument(
        "--kill-every", type=float, default=20, metavar="SECONDS", help="about the time between two kills"
    )
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    with ExitStack() as stack:
        server = stack.enter_context(a_server())
        place = server.url.rpartition("/")[0] if server else stack.enter_context(any_server())
        if place is None:
            print("there is no PostgreSQL server here, and no programs to start one")
            return 2
        database = stack.enter_context(a_database(place))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fleet-trial-")))
        trial = Trial(folder, database, given.every)
        trial.environ |= {"XDG_STATE_HOME": str(folder / "state"), "SFDC_ESCALATOR_BACKLOG": "escalate"}
        run(trial, given, server, stack)
        kept = Path(tempfile.gettempdir()) / "fleet-trial.log"
        kept.write_bytes((folder / "log").read_bytes())
    for finding in trial.findings:
        print(f"FINDING {finding}")
    print(f"{len(trial.findings)} findings; the log: {kept}")
    return 1 if trial.findings else 0


if __name__ == "__main__":
    sys.exit(main())
