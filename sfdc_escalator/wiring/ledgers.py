"""Ledgers: which one a command means, opened for a run, a rehearsal or an audit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sfdc_escalator.errors import Invalid
from sfdc_escalator.escalation.world.org import Caller
from sfdc_escalator.pipeline.ports.ledger import HistoryReader
from sfdc_escalator.wiring.orgs import connect, entry_of
from sfdc_escalator.wiring.surroundings import ACCESS_TOKEN, Surroundings

if TYPE_CHECKING:
    from sfdc_escalator.ledger.store import SqlHistory, SqlLedger


def place_of_run(surroundings: Surroundings, where: str | None, org: str, caller: Caller) -> str:
    """The named ledger, else that of the org's entry, else the org's own in the state folder."""
    from sfdc_escalator.ledger.engines.place import default_path

    named = where or entry_of(surroundings, org)[0].ledger
    return absolute(surroundings, named or str(default_path(caller.organization_id, surroundings.environ)))


def place(surroundings: Surroundings, where: str | None, org: str) -> str:
    """The named ledger, else that of the org's entry; for `env` the only ledger in the state folder.

    When none of these exists, the org is asked for its id.
    """
    from sfdc_escalator.ledger.engines.place import default_path, only_ledger

    if where:
        return absolute(surroundings, where)
    entry, _ = entry_of(surroundings, org)
    if entry.ledger or entry.expect.organization_id:
        named = entry.ledger or str(default_path(entry.expect.organization_id or "", surroundings.environ))
        return absolute(surroundings, named)
    try:
        if org == "env":
            return str(only_ledger(surroundings.environ))
    except Invalid:
        if ACCESS_TOKEN not in surroundings.environ:
            raise
    with connect(surroundings, org) as (_, caller):
        return str(default_path(caller.organization_id, surroundings.environ))


def absolute(surroundings: Surroundings, where: str) -> str:
    from sfdc_escalator.ledger.engines.place import absolute

    return absolute(where, surroundings.environ, surroundings.folder)


def history(surroundings: Surroundings, where: str | None, org: str, caller: Caller) -> HistoryReader:
    """The ledger for a rehearsal; a missing one is an empty history."""
    from sfdc_escalator.ledger.store import open_history

    return open_history(place_of_run(surroundings, where, org, caller))


@contextmanager
def ledger(
    surroundings: Surroundings, where: str | None, org: str, caller: Caller, *, create: bool = True
) -> Iterator[SqlLedger]:
    """The ledger for a live run; a missing one is created where `create` says so."""
    from sfdc_escalator.ledger.store import open_ledger

    with open_ledger(place_of_run(surroundings, where, org, caller), create=create) as book:
        yield book


@contextmanager
def trail(surroundings: Surroundings, where: str | None, org: str) -> Iterator[SqlHistory]:
    """The ledger for reading: the named one, or that of the org."""
    from sfdc_escalator.ledger.store import open_trail

    with open_trail(place(surroundings, where, org)) as found:
        yield found


@contextmanager
def known_ledger(surroundings: Surroundings, where: str | None, org: str) -> Iterator[SqlLedger]:
    """The same ledger as `trail`, for writing."""
    from sfdc_escalator.ledger.store import open_ledger

    with open_ledger(place(surroundings, where, org), create=False) as book:
        yield book
