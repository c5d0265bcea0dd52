"""The orgs of the fleet, and the database that holds their ledger and their queue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sfdc_escalator.errors import Invalid, Problem
from sfdc_escalator.escalation.fleet.member import Member
from sfdc_escalator.wiring.surroundings import Surroundings

if TYPE_CHECKING:
    from sfdc_escalator.files.orgs.orgs import OrgEntry
    from sfdc_escalator.fleet.book import Book
    from sfdc_escalator.ledger.engines.database import Database

LEDGER = "SFDC_ESCALATOR_LEDGER"
EXPECTED = "the URL of one PostgreSQL database, such as postgresql://USER@HOST/DATABASE, as in every entry with `every`"


@dataclass(frozen=True, slots=True)
class Fleet:
    """The entries with `every`, and the database. `ledger` is the one that was named in place of theirs."""

    surroundings: Surroundings
    entries: Mapping[str, OrgEntry]
    database: Database
    url: str
    ledger: str | None = None

    @property
    def members(self) -> list[Member]:
        return [member_of(one) for one in self.entries.values()]

    @contextmanager
    def book(self, *, writing: bool = True) -> Iterator[Book]:
        """The tables of the fleet in one transaction. Raises LedgerUnusable where the database does not work."""
        from sfdc_escalator.fleet.book import Book

        with self.database.translating(), Book.opened(self.url, writing=writing) as found:
            yield found

    def check(self) -> None:
        """Raises Invalid unless the fleet is set up in this version."""
        from sfdc_escalator.fleet import tables

        with self.database.translating():
            tables.check(self.url, self.database.where)


def fleet_of(surroundings: Surroundings, ledger: str | None) -> Fleet:
    """Raises Invalid: with every problem of the file, without any org that has `every`, without the extra."""
    import sfdc_escalator.fleet.queue  # noqa: F401 - first of all: the extra may be missing

    entries = fleet_entries(surroundings)
    if not entries and not ledger:
        message = f"{surroundings.orgs_file.absolute()} has no org of a fleet"
        raise Invalid(message, [Problem("no entry has `every`", expected="`every: 5m` in the entry of each org")])
    where = ledger or ledger_of(entries)
    database, url = database_at(where)
    return Fleet(surroundings, entries, database, url, ledger)


def fleet_entries(surroundings: Surroundings) -> dict[str, OrgEntry]:
    from sfdc_escalator.files.orgs.orgs import all_entries

    found = all_entries(surroundings.orgs_file)
    return {name: entry for name, entry in sorted(found.items()) if entry.fleet}


def ledger_of(entries: Mapping[str, OrgEntry]) -> str:
    """The ledger that all entries name. Raises Invalid with each one that names another or none."""
    wanted = next((one.ledger for one in entries.values() if one.ledger and is_postgresql(one.ledger)), None)
    wrong = [
        entry.problem("ledger" if entry.ledger else name, Problem(wrong_ledger(entry), expected=EXPECTED))
        for name, entry in entries.items()
        if entry.ledger != wanted or wanted is None
    ]
    if wrong or wanted is None:
        raise Invalid("the orgs of a fleet share one ledger in PostgreSQL; or name it with --ledger", wrong)
    return wanted


def wrong_ledger(entry: OrgEntry) -> str:
    if entry.ledger is None:
        return f"the org {entry.name} has `every` and no `ledger`"
    kind = "another database" if is_postgresql(entry.ledger) else "not in PostgreSQL"
    return f"the ledger of the org {entry.name} is {kind}"


def is_postgresql(where: str) -> bool:
    return where.partition("://")[0].partition("+")[0] in ("postgresql", "postgres")


def database_at(where: str) -> tuple[Database, str]:
    """The database and its address as libpq takes it. Raises Invalid, without any part of the address."""
    from sfdc_escalator.ledger.engines.registry import database_of

    database = database_of(where)
    if not is_postgresql(where):
        raise Invalid("the ledger of a fleet is in PostgreSQL", [Problem("a ledger", expected=EXPECTED)])
    return database, f"postgresql://{where.partition('://')[2]}"


def member_of(entry: OrgEntry) -> Member:
    assert entry.fleet, "only entries with `every`"
    return Member(entry.name, entry.fleet.every, entry.fleet.deadline, entry.fleet.canary)
