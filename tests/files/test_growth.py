"""The cost of a policy grows with its length, not with the square of it. Calls are counted, not seconds."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sfdc_escalator.files.checks import rivals
from sfdc_escalator.files.policies import check_policies, load_policies

HEAD = "policy: many\nteams: {leads: {queue: Leads}}\nroutes:\n"
ROUTE = "  - {{name: r{0}, reason: R., when: [{1}], escalate: {{queue: leads}}}}\n"
WHEN = {
    "a value each": "{{field: Type, is: T{0}}}, {{age: CreatedDate, at_least: 2h}}",
    "clocks alone": "{{age: CreatedDate, at_least: {1}h}}, {{field: Subject, starts_with: s{0}}}",
    "alternatives": "{{any: [{{field: Type, is: T{0}}}, {{field: Origin, is: O{0}}}]}}",
    "values that several share": "{{field: Type, in: [T{0}, T{1}]}}, {{field: Priority, is: High}}",
}


def of_routes(count: int, when: str) -> str:
    return HEAD + "".join(ROUTE.format(place, when.format(place, count - place)) for place in range(count))


def of_rows(count: int) -> str:
    rows = "".join(f'      - [T{place}, "A{place % 7}|B{place % 3}", {place % 40 + 1}h]\n' for place in range(count))
    table = f"tables:\n  t:\n    by: [Type, Origin]\n    rows:\n{rows}    else: 5h\n"
    route = ROUTE.format(0, "{age: CreatedDate, at_least: {table: t}}")
    return HEAD.replace("routes:\n", f"{table}routes:\n{route}")


def calls(path: Path, text: str, read: Callable[[list[Path]], object]) -> int:
    path.write_text(text)
    count = 0

    def called(*_: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(called)
    try:
        read([path])
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("when", WHEN.values(), ids=WHEN)
@pytest.mark.parametrize("read", [check_policies, load_policies])
def test_twice_the_routes_are_about_twice_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str, read: Callable[[list[Path]], object]
) -> None:
    monkeypatch.setattr(rivals, "MOST", 8)  # so that few routes are many
    path = tmp_path / "many.yaml"
    calls(path, of_routes(1, when), read)  # what is made once for all files
    few, many = (calls(path, of_routes(count, when), read) for count in (40, 80))
    assert many < 2.5 * few


@pytest.mark.parametrize("read", [check_policies, load_policies])
def test_twice_the_rows_of_a_table_are_about_twice_the_work(
    tmp_path: Path, read: Callable[[list[Path]], object]
) -> None:
    path = tmp_path / "rows.yaml"
    few, many = (calls(path, of_rows(count), read) for count in (250, 500))
    assert many < 2.5 * few


def test_a_route_among_hundreds_is_compared_with_those_that_may_take_its_cases(tmp_path: Path) -> None:
    path = tmp_path / "many.yaml"
    last = ROUTE.format("last", "{field: Type, is: T3}, {field: Priority, is: High}")
    path.write_text(of_routes(250, WHEN["a value each"].replace(", {{age: CreatedDate, at_least: 2h}}", "")) + last)
    (found,) = check_policies([path])
    assert found.message == "route `rlast` is never reached: every case of it matches `r3` (line 7)"


def test_a_broad_route_far_above_is_found(tmp_path: Path) -> None:
    path = tmp_path / "many.yaml"
    broad = ROUTE.format("all", "{age: CreatedDate, at_least: 1h}")
    path.write_text(HEAD + broad + of_routes(100, WHEN["clocks alone"]).removeprefix(HEAD))
    messages = [one.message for one in check_policies([path])]
    assert messages[0] == "route `r0` is never reached: every case of it matches `rall` (line 4)"


def test_a_run_does_not_look_for_parts_without_effect(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(of_routes(1, WHEN["a value each"]) + ROUTE.format("same", WHEN["a value each"].format(0)))
    assert len(check_policies([path])) == 1
    assert load_policies([path]).problems == ()
