"""`every`, `deadline` and `canary` of an entry in `orgs.yaml`."""

from pathlib import Path

import pytest

from sfdc_escalator.errors import Problem
from sfdc_escalator.files.orgs.fleet_settings import FleetSettings
from sfdc_escalator.files.orgs.orgs import read_orgs

LOGIN = "instance_url: https://acme.my.salesforce.com, access_token: env:TOKEN"
FORM = "a number with s, m or h, such as 5m; at least 10s, at most 168h"


def read(tmp_path: Path, text: str) -> tuple[FleetSettings | None, list[Problem]]:
    path = tmp_path / "orgs.yaml"
    path.write_text(f"acme: {{{LOGIN}{text}}}\n")
    entries, problems = read_orgs(path)
    return entries["acme"].fleet if "acme" in entries else None, problems


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("", None),
        (", every: 5m", FleetSettings(300, 240)),
        (", every: 5m, deadline: 4m", FleetSettings(300, 240)),
        (", every: 10s", FleetSettings(10, 8)),
        (", every: 1h, deadline: 3600s, canary: true", FleetSettings(3600, 3600, True)),
        (", every: 168h, canary: false", FleetSettings(604800, 483840)),
    ],
)
def test_an_entry_says_how_often_it_is_served(tmp_path: Path, text: str, settings: FleetSettings | None) -> None:
    assert read(tmp_path, text) == (settings, [])


@pytest.mark.parametrize(
    ("text", "message", "found", "expected"),
    [
        (", every: 9s", "`every` is not an interval of a fleet", '"9s"', FORM),
        (", every: 5", "`every` is not an interval of a fleet", "5", FORM),
        (", every: 1d", "`every` is not an interval of a fleet", '"1d"', FORM),
        (", every: 169h", "`every` is not an interval of a fleet", '"169h"', FORM),
        (", every: 5m, deadline: never", "`deadline` is not an interval of a fleet", '"never"', FORM),
        (
            ", every: 5m, deadline: 301s",
            "`deadline` is longer than `every`",
            "301s",
            "at most 5m, the value of `every`",
        ),
        (", deadline: 4m", "`deadline` has no effect without `every`", None, "`every: 5m` in this entry"),
        (", canary: true", "`canary` has no effect without `every`", None, "`every: 5m` in this entry"),
        (", every: 5m, canary: 1", "`canary` must be true or false", "1", None),
    ],
)
def test_anything_else_is_a_problem_at_its_place(
    tmp_path: Path, text: str, message: str, found: str | None, expected: str | None
) -> None:
    _, (problem,) = read(tmp_path, text)
    assert (problem.message, problem.found, problem.expected, problem.line) == (message, found, expected, 1)
