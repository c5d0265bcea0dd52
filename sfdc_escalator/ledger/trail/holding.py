"""Holds that a person says: recorded without a lease, because they touch nothing that a run sends."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from sfdc_escalator.escalation.world.ladder_facts import Hold
from sfdc_escalator.ledger.store import SqlLedger
from sfdc_escalator.ledger.tables.times import second
from sfdc_escalator.ledger.writing.holder import Holder
from sfdc_escalator.ledger.writing.holding import Holds
from sfdc_escalator.ledger.writing.journal import Author, Journal

BY_A_PERSON = "hold"


def hold(ledger: SqlLedger, organization_id: str, new: Hold) -> Hold:
    """Stores the hold, and returns it with the number of its event. It replaces an earlier one of the same case,
    policy and route, which ends when the new one begins."""
    with _changing(ledger, organization_id, new.begin) as holds:
        for one in holds.standing(new.case_id, new.begin):
            if (one.kind, one.policy, one.route) == (BY_A_PERSON, new.policy, new.route):
                holds.end(replace(one, released=max(one.begin, new.begin)), new.by)
        return holds.begin(replace(new, kind=BY_A_PERSON))


def release(
    ledger: SqlLedger, organization_id: str, case_id: str, at: datetime, by: str, route: str | None = None
) -> tuple[Hold, ...]:
    """Ends the holds of the case that a person said and that are not over, or those of this route alone. Returns them
    as they are now."""
    with _changing(ledger, organization_id, at) as holds:
        found = [one for one in holds.standing(case_id, at) if one.kind == BY_A_PERSON]
        ended = [replace(one, released=max(one.begin, at)) for one in found if route in (None, one.route)]
        for one in ended:
            holds.end(one, by)
    return tuple(ended)


@contextmanager
def _changing(ledger: SqlLedger, organization_id: str, org_time: datetime) -> Iterator[Holds]:
    """The holds of the org, to be changed in one transaction; each event records the host, and in its facts the person
    and the time."""
    with ledger.writing() as (connection, at):
        author = Author(organization_id, "", "", Holder.of_this_process().host)
        journal = Journal(connection, author, at, second(org_time))
        holds = Holds(connection, journal, organization_id)
        yield holds
        journal.write()
        holds.write()
