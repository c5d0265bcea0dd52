"""What a backtest found: as CSV, JSON and a page of text."""

import csv
import io
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from sfdc_escalator.errors import Invalid
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.reports.terminal import table

COLUMNS = ("case_number", "route", "rung", "episode", "match_utc")
UNLIKE = ("case_number", "difference", "route", "match_utc", "other_route", "other_match_utc")
START = "start"
MOST_SHOWN = 20
ORDER = ("only here", "only there", "earlier", "later", "other route")


class Match(Protocol):
    @property
    def number(self) -> str: ...
    @property
    def route(self) -> str: ...
    @property
    def episode(self) -> int: ...
    @property
    def at(self) -> datetime: ...


class Difference(Protocol):
    @property
    def number(self) -> str: ...
    @property
    def how(self) -> str: ...
    @property
    def route(self) -> str | None: ...
    @property
    def at(self) -> datetime | None: ...
    @property
    def other_route(self) -> str | None: ...
    @property
    def other_at(self) -> datetime | None: ...


class Found(Protocol):
    """One policy's backtest."""

    @property
    def policy(self) -> Policy: ...
    @property
    def matches(self) -> Sequence[Match]: ...
    @property
    def cases(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def by_route(self) -> dict[str, int]: ...


class Grid(Protocol):
    def __len__(self) -> int: ...


def iso(at: datetime | None) -> str | None:
    return None if at is None else f"{at:%Y-%m-%dT%H:%M:%SZ}"


def matches_csv(matches: Iterable[Match]) -> str:
    return page(COLUMNS, ((one.number, one.route, START, one.episode, iso(one.at)) for one in matches))


def difference_csv(unlike: Iterable[Difference]) -> str:
    rows = ((one.number, one.how, one.route, iso(one.at), one.other_route, iso(one.other_at)) for one in unlike)
    return page(UNLIKE, rows)


def page(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def listed(csv_page: str) -> list[dict[str, Any]]:
    """The rows of a page as JSON objects."""
    rows: list[dict[str, Any]] = [dict(row) for row in csv.DictReader(io.StringIO(csv_page))]
    return [{key: value or None for key, value in row.items()} for row in rows]


def backtest_json(found: Found, polls: Grid) -> dict[str, Any]:
    about = {"policy": found.policy.name, "digest": found.policy.digest, "polls": len(polls), "cases": found.cases}
    return {**about, "rows": found.rows, "matches": len(found.matches), "routes": found.by_route}


def difference_json(found: Sequence[Found], unlike: Sequence[Difference]) -> dict[str, Any]:
    counts = Counter(one.how for one in unlike)
    policies = [{"policy": one.policy.name, "digest": one.policy.digest, "matches": len(one.matches)} for one in found]
    return {"policies": policies, "differences": len(unlike), "counts": {how: counts[how] for how in ORDER}}


def backtest_text(found: Found, polls: Grid, out: str) -> str:
    rows = [(route, str(count)) for route, count in found.by_route.items()]
    head = f"{found.policy.name}: {found.rows} rows, {found.cases} cases, {len(polls)} polls"
    return "\n".join([head, table(("Route", "Cases"), rows), f"{len(found.matches)} matches are written to {out}"])


def difference_text(unlike: Sequence[Difference], found: Sequence[Found]) -> str:
    counts = Counter(one.how for one in unlike)
    here, there = (len({match.number for match in one.matches}) for one in found)
    head = f"{found[0].policy.name} (here) catches {here} cases, {found[1].policy.name} (there) {there}"
    said = ", ".join(f"{counts[how]} {how}" for how in ORDER if counts[how]) or "no case is treated otherwise"
    rows = [
        (one.number, one.how, one.route or "-", iso(one.at) or "-", one.other_route or "-", iso(one.other_at) or "-")
        for one in unlike[:MOST_SHOWN]
    ]
    shown = [table(("Case", "Difference", "Route here", "Here", "Route there", "There"), rows)] if rows else []
    more = [f"(and {len(unlike) - MOST_SHOWN} more)"] if len(unlike) > MOST_SHOWN else []
    return "\n".join([head, said, *shown, *more])


def write(path: Path, text: str) -> None:
    """The whole file or none of it. Raises Invalid where it cannot be written."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with open(handle, "w", encoding="utf-8", newline="") as stream:
                stream.write(text)
            os.chmod(name, 0o644)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise Invalid(f"{path} cannot be written: {(error.strerror or str(error)).lower()}") from error
