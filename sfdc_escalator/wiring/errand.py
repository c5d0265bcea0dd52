"""The story of an errand: read the policies, reach the org, open the ledger, do the work."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sfdc_escalator.errors import Invalid, Problem, RunBusy
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.world.escalation import Escalation
from sfdc_escalator.escalation.world.org import Caller
from sfdc_escalator.wiring.ledgers import history, known_ledger, ledger, trail
from sfdc_escalator.wiring.listing import listing, refuse, warn
from sfdc_escalator.wiring.orgs import connect, entry_of
from sfdc_escalator.wiring.policies import policies, policies_of_a_run, renderer
from sfdc_escalator.wiring.surroundings import Surroundings

if TYPE_CHECKING:
    from sfdc_escalator.escalation.world.org import OrgFacts
    from sfdc_escalator.ledger.store import SqlLedger
    from sfdc_escalator.pipeline.holding import Held, WantedHold
    from sfdc_escalator.pipeline.ports.outbox import PostOffice
    from sfdc_escalator.pipeline.preparing.examine import Examined
    from sfdc_escalator.pipeline.read_models.ledger_status import LedgerStatus
    from sfdc_escalator.pipeline.rebuild import Rebuilt
    from sfdc_escalator.pipeline.run import Consent, Result
    from sfdc_escalator.salesforce.org import SalesforceOrg


def new_run() -> str:
    return uuid.uuid4().hex[:12]


@dataclass(frozen=True, slots=True)
class Errand:
    """An org and a ledger by name, policy files, and the choices of the caller.

    Without `policies` those of the policy folder count; without `ledger` that of the org. `now` replaces the org's
    clock (not for a live run). `deadline` and `expect_every` are in seconds. `left_alone` is the file for the cases
    that no route matches.
    """

    surroundings: Surroundings
    org: str = "env"
    ledger: str | None = None
    policies: Sequence[Path] = ()
    options: RunOptions = field(default_factory=RunOptions)
    now: datetime | None = None
    deadline: float | None = None
    left_alone: Path | None = None
    expect_every: float | None = None
    run_id: str = field(default_factory=new_run)

    @property
    def accepts_clock(self) -> bool:
        """True where the person accepts the org's time, or gives another one."""
        return self.options.accept_clock or self.now is not None

    @property
    def place(self) -> tuple[Surroundings, str | None, str]:
        """The arguments that lead to the ledger."""
        return self.surroundings, self.ledger, self.org


class Done(NamedTuple):
    """The result of a run or a rehearsal, and the warnings about its policy files."""

    result: Result
    warnings: tuple[Problem, ...]


class Explained(NamedTuple):
    """The case with its decisions, and the warnings about the policy files."""

    examined: Examined
    warnings: tuple[Problem, ...]


class ReadBack(NamedTuple):
    """The findings of a rebuild, and the ledger that it wrote."""

    rebuilt: Rebuilt
    ledger: str


def run(errand: Errand, consent: Consent | None = None) -> Done:
    """Finds the cases that match and escalates them, once `consent` agrees."""
    from sfdc_escalator.pipeline.run import carry_out, without_question

    here = errand.surroundings
    here.set_up_log(errand.run_id)
    loaded, render = policies_of_a_run(here, errand.policies), renderer()
    with (
        here.progress() as progress,
        connect(here, errand.org, deadline=errand.deadline, progress=progress) as (door, caller),
        ledger(*errand.place, caller) as book,
        here.stopping(errand.deadline) as stop,
        listing(errand.left_alone, warn) as listed,
    ):
        ports, reports = (door, caller, book), here.run_log is not None
        post = post_office(errand, door, caller, book)
        work = (*ports, loaded.policies, errand.options, render, progress, stop, post)
        every = None if errand.expect_every is None else timedelta(seconds=errand.expect_every)
        agree = consent or without_question
        result = carry_out(errand.run_id, *work, reports=reports, consent=agree, listing=listed, expect_every=every)
    return Done(result, (*loaded.warnings, *clock_warnings(caller)))


def post_office(errand: Errand, door: SalesforceOrg, caller: Caller, book: SqlLedger) -> PostOffice:
    """The outbox of the org and its channels."""
    from sfdc_escalator.ledger.trail.outbox import SqlOutbox
    from sfdc_escalator.pipeline.ports.outbox import PostOffice
    from sfdc_escalator.wiring.channels import OrgChannels

    entry, _ = entry_of(errand.surroundings, errand.org)

    def channels(org_facts: OrgFacts) -> OrgChannels:
        about = errand.surroundings, entry, door, caller.organization_id
        return OrgChannels(*about, sandbox=org_facts.is_sandbox)

    return PostOffice(SqlOutbox(book, caller.organization_id, errand.run_id), channels)


def rehearse(errand: Errand, check: Callable[[Caller], None] | None = None) -> Done:
    """The plan of a run. Nothing is written, in the org or in the ledger. `check` sees the org's first answer."""
    from sfdc_escalator.pipeline import run as pipeline

    here = errand.surroundings
    here.set_up_log(errand.run_id)
    loaded, render = policies(here, errand.policies), renderer()
    with (
        here.progress() as progress,
        connect(here, errand.org, errand.now, errand.deadline, progress) as (door, caller),
        listing(errand.left_alone, refuse) as listed,
    ):
        if check:
            check(caller)
        known = history(*errand.place, caller)
        options = replace(errand.options, accept_clock=errand.accepts_clock)
        work = (door, caller, known, loaded.policies, options, render)
        result = pipeline.rehearse(errand.run_id, *work, listed)
    return Done(result, (*loaded.warnings, *clock_warnings(caller)))


def explain(errand: Errand, case: str) -> Explained:
    """One case (by number or id) with every route. Nothing is written."""
    from sfdc_escalator.ledger.store import SqlHistory
    from sfdc_escalator.ledger.trail.notices import notices_of_case
    from sfdc_escalator.ledger.trail.undoing import undos_of_case
    from sfdc_escalator.pipeline.preparing.examine import examine

    loaded = policies(errand.surroundings, errand.policies)
    with connect(errand.surroundings, errand.org, errand.now) as (door, caller):
        reader = history(*errand.place, caller)
        about = door, caller, reader, loaded.policies, case, renderer()
        examined = examine(*about, accepts_clock=errand.accepts_clock)
        if isinstance(reader, SqlHistory):
            here = reader, caller.organization_id, examined.case.id
            examined = replace(examined, notices=notices_of_case(*here), undos=undos_of_case(*here))
    return Explained(examined, (*loaded.warnings, *clock_warnings(caller)))


def clock_warnings(caller: Caller) -> list[Problem]:
    from sfdc_escalator.pipeline.run_clock import skew_text

    text = skew_text(caller)
    return [Problem(text, severity="warning")] if text else []


def status(errand: Errand, *, check: bool = False) -> LedgerStatus:
    """The last run and what is open, from the ledger alone; with `check` also what is forgotten."""
    from sfdc_escalator.ledger.trail.status import ledger_status

    with trail(*errand.place) as found:
        return ledger_status(found, errand.now, check=check)


def resolve(errand: Errand, key: str, *, applied: bool, by: str) -> Escalation:
    """Records what a person says about an unknown outcome."""
    from sfdc_escalator.ledger.trail import resolution

    with busy_is_an_error(), known_ledger(*errand.place) as book:
        return resolution.resolve(book, errand.run_id, key, applied=applied, by=by)


def hold(errand: Errand, case: str, wanted: WantedHold) -> Held:
    """Stores the hold of a person. Nothing is written in the org."""
    from sfdc_escalator.ledger.trail import holding
    from sfdc_escalator.pipeline.holding import held, open_case

    loaded = policies(errand.surroundings, errand.policies).policies
    with connect(errand.surroundings, errand.org) as (door, caller), ledger(*errand.place, caller) as book:
        found = open_case(door, caller, loaded, case)
        done = held(found, book.history(caller.organization_id), loaded, wanted, caller.now)
        stored = tuple(holding.hold(book, caller.organization_id, one) for one in done.holds)
    return replace(done, holds=stored)


def release(errand: Errand, case: str, by: str) -> Held:
    """Ends the holds that persons made of the case. Nothing is written in the org."""
    from sfdc_escalator.ledger.trail import holding
    from sfdc_escalator.pipeline.holding import Held, held_case, the_case

    loaded = policies(errand.surroundings, errand.policies).policies
    with connect(errand.surroundings, errand.org) as (door, caller), ledger(*errand.place, caller) as book:
        held = held_case(book.history(caller.organization_id), case)
        if held is None:
            found = the_case(door, caller, loaded, case)
            held = found.id, found.number
        case_id, number = held
        ended = holding.release(book, caller.organization_id, case_id, caller.now, by)
    if not ended:
        raise Invalid(f"case {number} is not held: there is nothing to release")
    return Held(number, ended)


def rebuild(errand: Errand) -> ReadBack:
    """Reads a lost ledger back from the org."""
    from sfdc_escalator.pipeline import rebuild as pipeline

    here = errand.surroundings
    here.set_up_log(errand.run_id)
    with (
        busy_is_an_error(),
        connect(here, errand.org) as (door, caller),
        ledger(*errand.place, caller) as book,
    ):
        return ReadBack(pipeline.rebuild(errand.run_id, door, caller, book), book.where)


@contextmanager
def busy_is_an_error() -> Iterator[None]:
    """Exit code 3 while a run is at work: a run that meets another one ends in peace, a command that a person types
    has failed."""
    try:
        yield
    except RunBusy as busy:
        busy.exit_code = 3
        raise
