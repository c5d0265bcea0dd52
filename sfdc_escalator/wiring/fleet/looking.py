"""The requests of people: the state of the fleet, a run now, a pause, and a decision about changed policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sfdc_escalator.errors import Invalid, Problem
from sfdc_escalator.escalation.fleet import rollout as rollouts
from sfdc_escalator.escalation.fleet.member import MemberState
from sfdc_escalator.escalation.fleet.rollout import Rollout
from sfdc_escalator.escalation.fleet.status import FleetStatus, org_seen, unseen
from sfdc_escalator.files.text.fault import unknown
from sfdc_escalator.wiring.fleet.place import Fleet, fleet_of
from sfdc_escalator.wiring.surroundings import Surroundings

if TYPE_CHECKING:
    from sfdc_escalator.fleet.book import Book

SHORTEST = 6
"""Characters of a digest that name it."""
SCHEDULE = "`sfdc-escalator fleet schedule` has not seen it yet"


def init(surroundings: Surroundings, ledger: str | None) -> str:
    """Sets up the fleet, or brings it to this version; a sentence about what was done. Raises Invalid."""
    fleet = fleet_of(surroundings, ledger)
    from sfdc_escalator.fleet import tables

    with fleet.database.translating():
        return tables.init(fleet.url, fleet.database.where)


def checked(surroundings: Surroundings, ledger: str | None) -> Fleet:
    fleet = fleet_of(surroundings, ledger)
    fleet.check()
    return fleet


def status(surroundings: Surroundings, ledger: str | None) -> FleetStatus:
    return status_of(checked(surroundings, ledger))


def status_of(fleet: Fleet) -> FleetStatus:
    """The state of the orgs of the file, also of those that the schedule has not seen yet."""
    with fleet.book(writing=False) as book:
        alive, states = book.workers(), {one.member.org: one for one in book.states()}
        orgs = tuple(
            org_seen(states[one.org], book.rollout, alive, book.now) if one.org in states else unseen(one, book.rollout)
            for one in fleet.members
        )
        rollout = book.rollout if book.rollout.digest else None
        return FleetStatus(book.now, fleet.database.where, orgs, tuple(alive), rollout)


def run_now(surroundings: Surroundings, ledger: str | None, org: str) -> bool:
    """Queues a run of this org; False where one waits already. Raises Invalid."""
    fleet = checked(surroundings, ledger)
    with fleet.book() as book:
        return book.enqueue(known(fleet, book, org), asked=True)


def pause(surroundings: Surroundings, ledger: str | None, org: str, *, paused: bool) -> bool:
    """Pauses or resumes an org; False where it was so already. Raises Invalid."""
    fleet = checked(surroundings, ledger)
    with fleet.book() as book:
        before = known(fleet, book, org).paused
        book.pause(org, paused=paused)
    return before != paused


def known(fleet: Fleet, book: Book, org: str) -> MemberState:
    if org not in fleet.entries:
        fault = unknown("org", org, fleet.entries)
        problem = Problem(fault.message, found=fault.found, expected=fault.expected, nearest=fault.nearest)
        raise Invalid(f"{org} is not an org of the fleet: it has no entry with `every`", [problem])
    state = book.state(org)
    if state is None:
        raise Invalid(f"the fleet does not know {org}: {SCHEDULE}")
    return state


def promote(surroundings: Surroundings, ledger: str | None, digest: str, by: str) -> Rollout:
    """Lets all orgs use the policies of this digest. Raises Invalid."""
    with checked(surroundings, ledger).book() as book:
        book.keep_rollout(rollouts.promote(book.rollout, stored(book, digest), by, book.now))
        return book.rollout


def rollback(surroundings: Surroundings, ledger: str | None, digest: str, by: str) -> Rollout:
    """Refuses the policies of this digest, and takes them from those who use them. Raises Invalid."""
    with checked(surroundings, ledger).book() as book:
        try:
            book.keep_rollout(rollouts.rollback(book.rollout, stored(book, digest), by, book.now))
        except ValueError as error:
            raise Invalid(f"{digest} cannot be rolled back: {error}") from None
        return book.rollout


def stored(book: Book, digest: str) -> str:
    """The digest that begins so. Raises Invalid unless it is one."""
    all_digests = book.digests()
    found = [one for one in all_digests if one.startswith(digest.lower()) and len(digest) >= SHORTEST]
    if len(found) != 1:
        shown = ", ".join(one[:12] for one in all_digests[:5]) or f"none yet; {SCHEDULE}"
        problem = Problem("a digest of policies", found=digest, expected=f"one of {shown}")
        raise Invalid(f"the fleet has {'several' if found else 'no'} policies {digest}", [problem])
    return found[0]
