"""Real processes that deliver notices: killed at every place, two at once, stopped. Each notice arrives, and a service
gets it again only where the run before may have sent it, with the same id and the sign of a repeat (rules N9, N10)."""

import json
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests.channels.service import Answer, Call, Service
from tests.chaos.ledgers import Ledger, postgresql
from tests.chaos.points import Point
from tests.chaos.runner import Ended, Runner
from tests.chaos.scenario import Scenario, case, open_scenario
from tests.sampling import some

POLICY = """
policy: support
priorities: [Low, Medium, High, Critical]
channels: {desk: webhook, room: teams}
notices: {opens_with: ESCALATION}
teams: {leads: {queue: Leads, tell: [desk, room]}}
routes:
  - name: urgent
    reason: It is urgent.
    when: [{field: Subject, starts_with: urgent}]
    escalate: {note: {help_needed: Call back.}, queue: leads, priority: High}
    notify: [leads]
guards: {max_cases: 1000, max_share_of_open: 100%}
"""
CASES = (1, 2)
NOTICES = {(f"{number:08}", where) for number in CASES for where in ("desk", "room")}
REPEAT = "This may be a repeat of a message that you have already."
DELIVERY = 24
"""More commits than a delivery has: the last ones of a run."""
Arrived = tuple[str, str]


@dataclass
class Post:
    """A scenario with two services of the web: a webhook, which knows ids, and a room, which does not."""

    scenario: Scenario
    service: Service
    answer: Callable[[Call], Answer] = lambda _call: Answer()
    arrived: list[Arrived] = field(default_factory=list)

    def run(self, *points: Point, words: tuple[str, ...] = ()) -> Ended:
        return self.scenario.run(*words, points=points)

    def take(self, call: Call) -> Answer:
        self.arrived.append((case_number(call), call.path.strip("/")))
        return self.answer(call)

    def later(self, seconds: float) -> Ended:
        """A run some time later."""
        self.scenario.pass_time(seconds)
        return self.run()

    def calls(self, where: str, number: str) -> list[Call]:
        return [one for one in self.service.calls if one.path == f"/{where}" and case_number(one) == number]

    def states(self) -> Counter[str]:
        return Counter(state for (state,) in self.scenario.ledgers[0].rows("SELECT state FROM notices"))

    def judge(self, most: int) -> None:
        """Every notice arrived, at most so many times, and each repeat says so."""
        assert set(self.arrived) == NOTICES
        assert max(Counter(self.arrived).values()) <= most
        assert self.states() == {"sent": len(NOTICES)}
        for number, _ in NOTICES:
            posts = self.calls("desk", number)
            assert len({one.headers["idempotency-key"] for one in posts}) == 1
            assert [one.json["id"] for one in posts] == [one.headers["idempotency-key"] for one in posts]
            assert [one.json["repeat"] for one in posts][1:] == [True] * (len(posts) - 1)
            cards = self.calls("room", number)
            assert all(REPEAT in one.body.decode() for one in cards[1:])
        assert self.scenario.end(self.scenario.start("audit", "verify", "--json")).code == 0


def case_number(call: Call) -> str:
    """The case of a message, from the text that people see."""
    return next(f"{number:08}" for number in CASES if f"ESCALATION {number:08}" in call.body.decode())


@contextmanager
def a_post(runner: Runner, shared: Ledger | None = None) -> Iterator[Post]:
    cases = [case(number, "urgent") for number in CASES]
    with Service() as service, open_scenario(runner, cases, policy=POLICY, shared=shared) as scenario:
        (scenario.folder / "config").mkdir()
        addresses = {name: {"url": f"{service.url}/{name}"} for name in ("desk", "room")}
        (scenario.folder / "config" / "orgs.yaml").write_text(json.dumps({"env": {"channels": addresses}}))
        post = Post(scenario, service)
        service.script = post.take
        yield post


@pytest.fixture(params=["sqlite", "postgresql"])
def post(request: pytest.FixtureRequest, runner: Runner) -> Iterator[Post]:
    server: Ledger | None = request.getfixturevalue("server") if request.param == "postgresql" else None
    with a_post(runner, server) as made:
        yield made


@pytest.fixture(scope="session")
def server() -> Iterator[Ledger]:
    with postgresql() as found:
        if found is None:
            pytest.skip("there is no PostgreSQL server here, and no programs to start one")
        yield found


def test_a_run_that_nothing_disturbs_sends_each_notice_once(post: Post) -> None:
    ended = post.run()
    assert ended.report is not None
    assert (ended.code, ended.report["notices"]) == (0, {"sent": 4, "waiting": 0, "undelivered": 0, "dropped": 0})
    post.later(60)
    post.judge(most=1)


PLACES = [
    *(("commit", when, back) for back in range(DELIVERY) for when in ("before", "after")),
    *(("post", when, back) for back in range(len(NOTICES)) for when in ("before", "after")),
]


@pytest.mark.parametrize(("site", "when", "back"), some(PLACES, 14))
def test_a_run_that_is_killed_loses_no_notice(site: str, when: str, back: int, runner: Runner) -> None:
    """N9: before a claim, between claim and send, after the service has it, before the end is stored. The place is
    counted back from the end of a run that nothing disturbs."""
    with a_post(runner) as unharmed:
        places = unharmed.run().seen[site, when]
    with a_post(runner) as post:
        killed = post.run(Point(site, when, places - back, "kill"))
        assert killed.code is None
        post.later(60)
        post.later(1000)
        post.later(60)
        post.judge(most=2)


@pytest.mark.parametrize("number", range(1, len(NOTICES) + 1))
def test_a_run_that_is_killed_while_a_service_answers_repeats_that_notice(number: int, post: Post) -> None:
    """N9: the service has it, and the run does not know."""

    def kill(call: Call) -> Answer:
        if len(post.service.calls) == number:
            os.kill(post.scenario.live[0].pid, signal.SIGKILL)
        return Answer()

    post.answer = kill
    assert post.run().code is None
    post.answer = lambda _: Answer()
    post.later(60)
    post.judge(most=2)
    repeats = [number for number, times in Counter(post.arrived).items() if times == 2]
    assert 1 <= len(repeats) <= 2, "one in each channel may be under way"


def test_a_notice_that_was_claimed_and_not_sent_is_said_to_be_a_repeat(post: Post) -> None:
    """N9: nobody knows."""
    assert post.run(Point("post", "before", 1, "kill")).code is None
    post.later(60)
    post.judge(most=1)
    said = [call for call in post.service.calls if REPEAT in call.body.decode()]
    assert len(said) >= 1


def waiting(post: Post) -> None:
    """Lets all notices wait for their second try, which is due."""
    post.answer = lambda _: Answer(503)
    assert post.run().code == 0
    assert post.states() == {"waiting": 4}
    post.answer = lambda _: Answer()
    post.arrived.clear()
    post.service.calls.clear()
    post.scenario.pass_time(120)


def test_of_two_runs_at_once_one_sends_each_notice(post: Post) -> None:
    """N10: the second one comes while the first sends its first."""
    waiting(post)
    first = post.scenario.start("run", "--json", points=[Point("post", "before", 1, "meet")])
    assert first.wait() == "meet"
    second = post.run()
    assert second.code == 0
    post.scenario.end(first)
    post.later(60)
    post.judge(most=1)


@pytest.mark.parametrize("back", some(range(DELIVERY), 8))
def test_of_two_runs_that_read_the_same_one_sends_each_notice(back: int, post: Post) -> None:
    """N10: the second one sends all while the first waits at some place of its delivery."""
    waiting(post)
    with a_post(post.scenario.runner) as other:
        waiting(other)
        places = other.run().seen["commit", "after"]
    first = post.scenario.start("run", "--json", points=[Point("commit", "after", places - back, "meet")])
    met = first.wait() == "meet"
    second = post.run()
    assert second.code == 0
    if met:
        post.scenario.end(first)
    post.later(60)
    post.judge(most=1)


def test_sigterm_leaves_what_is_not_begun_to_the_next_run(post: Post) -> None:
    """How many are begun before the signal is handled depends on the machine; each of the others comes once."""
    ended = post.run(Point("post", "before", 1, "term"))
    assert ended.report is not None
    assert ended.code == 0
    found = ended.report["notices"]
    assert (found["sent"] + found["waiting"], found["undelivered"]) == (len(NOTICES), 0)
    post.later(60)
    post.judge(most=1)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_whose_deadline_comes_sends_what_it_has_escalated(when: str, post: Post) -> None:
    """The deadline is for new chunks: here it comes around the write of the only one."""
    ended = post.run(Point("http", when, 5, "deadline"), words=("--deadline", "1h"))
    assert ended.report is not None
    assert ended.report["notices"]["sent"] == 2 * ended.report["applied"]
    post.later(60)
    post.judge(most=1)
