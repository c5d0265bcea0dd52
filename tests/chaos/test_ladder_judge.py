"""The judge of ladders finds every deliberate defect, and nothing in a correct program."""

from collections.abc import Callable, Iterator

import pytest

from sfdc_escalator.embedded_org.http.faults import FaultOnDemand
from tests.chaos.judge import grouped
from tests.chaos.ladder_policy import BASE, WAITING
from tests.chaos.ladder_post import open_post
from tests.chaos.ladder_storms import conclude_ladder
from tests.chaos.runner import Runner
from tests.chaos.scenario import Scenario, case, open_scenario
from tests.chaos.verdict import Opening

MINUTE = 60.0
WRITE = 6
"""The call of a run that writes a rung, in a run that does not look for keys first."""

HEAD, LADDER = BASE.partition("    due: 4h\n")[0], "    ladder:\n"
RAISE = "      - {name: raise, after: 30m, escalate: {priority: High}, until: acknowledged}\n"
STILL = "      - {name: still, after: 1h, escalate: {note: {help_needed: Still.}}, until: closed}\n"
BELL = "      - {name: bell, after: 20m, notify: [leads], until: acknowledged}\n"
SHORT = f"{HEAD}{LADDER}{RAISE}{STILL}"
WITH_BELL = f"{HEAD}{LADDER}{BELL}{RAISE}"
LATER = f"{HEAD}{LADDER}{RAISE}"
NOTED = f"{HEAD}{LADDER}{STILL}"

CASES = [case(1, "urgent"), case(2, "urgent"), case(3, "calm")]


@pytest.fixture
def scenario(runner: Runner) -> Iterator[Scenario]:
    with open_scenario(runner, CASES) as made:
        yield made


def use(scenario: Scenario, policy: str) -> None:
    (scenario.folder / "policy.yaml").write_text(policy)
    scenario.happened("edited", name=policy)


def run_after(scenario: Scenario, minutes: int) -> None:
    scenario.pass_time(minutes * MINUTE)
    scenario.run()


def the_ladder(scenario: Scenario) -> None:
    """A start, and a run when the first rung is due."""
    run_after(scenario, 0)
    run_after(scenario, 31)


def a_lost_answer(scenario: Scenario) -> None:
    use(scenario, NOTED)
    run_after(scenario, 0)
    scenario.pass_time(61 * MINUTE)
    scenario.faults(FaultOnDemand("lose", nth=WRITE))
    scenario.run()


def a_failed_write(scenario: Scenario) -> None:
    use(scenario, NOTED)
    run_after(scenario, 0)
    scenario.pass_time(61 * MINUTE)
    scenario.faults(FaultOnDemand("500", nth=WRITE + 1))
    scenario.run()


def a_hold(scenario: Scenario) -> None:
    run_after(scenario, 0)
    scenario.end(scenario.start("hold", "00000001", "--until", "2h", "--why", "a test", "--json"))
    run_after(scenario, 31)


def a_waiting_case(scenario: Scenario) -> None:
    run_after(scenario, 0)
    scenario.act("edit", next(iter(Opening.of(scenario).cases)), Status=WAITING)
    run_after(scenario, 31)


def a_released_hold(scenario: Scenario) -> None:
    run_after(scenario, 0)
    scenario.end(scenario.start("hold", "00000001", "--until", "2h", "--why", "a test", "--json"))
    scenario.pass_time(25 * MINUTE)
    scenario.end(scenario.start("release", "00000001", "--json"))
    run_after(scenario, 10)


def a_new_rung(scenario: Scenario) -> None:
    use(scenario, LATER)
    run_after(scenario, 0)
    use(scenario, SHORT)
    run_after(scenario, 61)


def an_act(scenario: Scenario) -> None:
    run_after(scenario, 0)
    scenario.pass_time(5 * MINUTE)
    scenario.act("comment", next(iter(Opening.of(scenario).cases)))
    run_after(scenario, 31)


def a_silent_rung(scenario: Scenario) -> None:
    use(scenario, WITH_BELL)
    the_ladder(scenario)


Story = Callable[[Scenario], None]


def judged(scenario: Scenario, story: Story) -> set[str]:
    opening = Opening.of(scenario)
    use(scenario, SHORT)
    story(scenario)
    return set(grouped(conclude_ladder("a deliberate defect", scenario, opening, most=4).violations))


@pytest.mark.parametrize(
    ("defect", "story", "found"),
    [
        ("resends_unknown_writes", a_lost_answer, "DOUBLED"),
        ("takes_unknown_as_applied", a_failed_write, "LOST"),
        ("skips_rungs", the_ladder, "LOST"),
        ("writes_no_notes", the_ladder, "MOVED WITHOUT A NOTE"),
        ("holds_nothing", a_hold, "CLIMBED WHILE HELD"),
        ("holds_nothing", a_waiting_case, "CLIMBED WHILE HELD"),
        ("counts_held_time", a_released_hold, "TOO EARLY"),
        ("climbs_early", the_ladder, "TOO EARLY"),
        ("climbs_new_rungs", a_new_rung, "CLIMBED BESIDE"),
        ("overlooks_acts", an_act, "CLIMBED AFTER SOMEBODY ACTED"),
        ("forgets_silent_rungs", a_silent_rung, "DOUBLED"),
    ],
)
def test_it_finds_a_defect(scenario: Scenario, defect: str, story: Story, found: str) -> None:
    scenario.defect = defect
    assert found in judged(scenario, story)


def a_failed_start(scenario: Scenario) -> None:
    scenario.faults(FaultOnDemand("500", nth=WRITE))
    scenario.run()
    run_after(scenario, 1)


def judged_with_notices(scenario: Scenario, story: Story) -> set[str]:
    opening = Opening.of(scenario)
    use(scenario, SHORT)
    with open_post(scenario, "a deliberate defect") as post:
        post.calm = True
        story(scenario)
        found = conclude_ladder("a deliberate defect", scenario, opening, most=6, post=post)
    assert found.tally["notices arrived"] or scenario.defect
    return set(grouped(found.violations))


@pytest.mark.parametrize(
    ("defect", "story", "found"),
    [
        ("queues_no_notices", the_ladder, "NOBODY NOTIFIED"),
        ("takes_notices_as_sent", the_ladder, "NOTICE LOST"),
        ("forgets_what_was_sent", the_ladder, "NOTICE TWICE"),
        ("notifies_of_intents", a_failed_start, "NOTICE OF NOTHING"),
    ],
)
def test_it_finds_a_defect_of_notices(scenario: Scenario, defect: str, story: Story, found: str) -> None:
    scenario.defect = defect
    assert found in judged_with_notices(scenario, story)


@pytest.mark.parametrize("story", [the_ladder, a_failed_start])
def test_it_finds_nothing_in_correct_notices(scenario: Scenario, story: Story) -> None:
    assert judged_with_notices(scenario, story) == set()


@pytest.mark.parametrize("story", [a_lost_answer, a_released_hold, a_new_rung, an_act])
def test_it_finds_nothing_in_correct_runs(scenario: Scenario, story: Story) -> None:
    assert judged(scenario, story) == set()


def test_it_counts_a_rung_that_is_held_back(scenario: Scenario) -> None:
    """In storms this depends on the place of a kill; here nothing disturbs the run that reports it."""
    opening = Opening.of(scenario)
    use(scenario, SHORT)
    run_after(scenario, 0)
    scenario.pass_time(31 * MINUTE)
    scenario.end(scenario.start("hold", "00000001", "--until", "2h", "--why", "a test", "--json"))
    scenario.run()
    found = conclude_ladder("a hold", scenario, opening, most=6)
    assert not found.violations
    assert found.tally["rungs held back"] >= 1
