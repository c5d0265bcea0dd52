"""Durations on the command line: those of policies, and seconds and milliseconds."""

import pytest

from sfdc_escalator.cli.options import Seconds
from tests.stories.world import World

USES = {
    "run": ("run", "--dry-run", "--deadline"),
    "status": ("status", "--ledger", "none.db", "--expect-every"),
    "backtest": ("backtest", *("--policy", "policy.yaml", "--events", "events.csv", "--mapping", "mapping.yaml"),
                 *("--from", "2026-03-01T00:00:00Z", "--to", "2026-03-09T00:00:00Z"), "--every"),
    "org serve --latency": ("org", "serve", "--data", "nowhere", "--latency"),
    "org serve --per-record": ("org", "serve", "--data", "nowhere", "--per-record"),
}  # fmt: skip
"""Each option that takes a duration, in a command that fails later for another reason."""


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("duration", ["80ms", "90s", "1.5s", "15m", "4h", "1d", "2d", "2w", "0.5d", "100000h"])
def test_every_option_takes_the_units_of_policies(world: World, use: str, duration: str) -> None:
    answer = world.type(*USES[use], duration)
    assert answer.code != 0
    assert "is not a duration" not in answer.err + answer.out
    assert duration not in answer.err


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize(
    ("duration", "why"),
    [
        *((odd, "is not a duration such as 80ms, 2s, 10m, 1h, 1d or 2w")
          for odd in ("1", "d", "1 d", "1D", "-1d", "1y", "1d2h", "\N{ARABIC-INDIC DIGIT ONE}d", "1e3s")),
        ("", "has an empty value: is a variable not set?"),
        *((long, "is longer than 100 years") for long in ("36526d", "5300w", "9" * 30 + "w", "9" * 400 + "h")),
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_the_right_spelling(world: World, use: str, duration: str, why: str) -> None:
    answer = world.type(*USES[use], duration)
    assert answer.code == 2
    assert why in " ".join(answer.err.replace("\u2502", " ").split())


def test_a_day_has_24_hours_and_a_week_seven_days() -> None:
    hours = {text: Seconds().convert(text, None, None) / 3600 for text in ("24h", "1d", "7d", "1w", "2w")}
    assert hours == {"24h": 24, "1d": 24, "7d": 168, "1w": 168, "2w": 336}


POLICY = """
policy: support
routes:
  - {name: old, reason: It is old., when: [{age: CreatedDate, at_least: 2d}], escalate: {status: Escalated}}
"""
MAPPING = """
kind: events
case: number
stamp: at
times: {format: '%d/%m/%Y %H:%M', zone: Etc/UTC}
closed: {Status: [Closed]}
fields: {Status: state, CreatedDate: opened}
"""


def test_status_reports_runs_that_stop_coming_for_days(world: World) -> None:
    world.policy(POLICY)
    world.org(Case=[{"CaseNumber": "00000001", "CreatedDate": "2026-03-02T10:00:00Z"}])
    assert world.type("run", "--json", "--deadline", "1d").code == 0
    assert [world.type("status", "--expect-every", every).code for every in ("2w", "1d", "0d")] == [0, 0, 3]


def test_a_backtest_polls_once_a_day(world: World) -> None:
    for name, text in (
        ("policy.yaml", POLICY),
        ("events.csv", "number,state,opened,at\nA1,New,1/3/2026 09:00,1/3/2026 09:05\n"),
        ("mapping.yaml", MAPPING),
    ):
        (world.folder / name).write_text(text, encoding="utf-8")
    answer = world.type(*USES["backtest"], "1d", "--json")
    assert answer.code == 0, answer.err
    assert (answer.json["polls"], answer.json["every_seconds"]) == (9, 86400)
    assert [one["match_utc"] for one in answer.json["listed"]] == ["2026-03-04T00:00:00Z"]
