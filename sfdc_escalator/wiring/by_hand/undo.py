"""The errand of an undo: shown first, carried out when the person says yes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sfdc_escalator.wiring.errand import Errand, busy_is_an_error, clock_warnings, post_office
from sfdc_escalator.wiring.ledgers import history, ledger
from sfdc_escalator.wiring.orgs import connect
from sfdc_escalator.wiring.policies import policies, renderer

if TYPE_CHECKING:
    from sfdc_escalator.errors import Problem
    from sfdc_escalator.pipeline.undoing.targets import Wanted
    from sfdc_escalator.pipeline.undoing.undo import UndoResult


def show(errand: Errand, wanted: Wanted) -> tuple[UndoResult, list[Problem]]:
    """The plan of the undo. Nothing is written, in the org or in the ledger."""
    from sfdc_escalator.ledger.store import SqlHistory
    from sfdc_escalator.ledger.trail.undoing import NoTrail, SqlUndoTrail
    from sfdc_escalator.pipeline.undoing.undo import rehearse_undo

    here = errand.surroundings
    here.set_up_log(errand.run_id)
    loaded = policies(here, errand.policies)
    with connect(here, errand.org) as (door, caller):
        known = history(*errand.place, caller)
        trail = SqlUndoTrail(known, caller.organization_id) if isinstance(known, SqlHistory) else NoTrail()
        result = rehearse_undo(errand.run_id, door, caller, known, loaded.policies, wanted, trail)
    return result, [*loaded.warnings, *clock_warnings(caller)]


def undo(errand: Errand, wanted: Wanted) -> tuple[UndoResult, list[Problem]]:
    """Takes back what the person names."""
    from sfdc_escalator.ledger.trail.undoing import SqlUndoTrail
    from sfdc_escalator.pipeline.undoing.undo import carry_out_undo

    here = errand.surroundings
    here.set_up_log(errand.run_id)
    loaded = policies(here, errand.policies)
    with (
        busy_is_an_error(),
        connect(here, errand.org) as (door, caller),
        here.progress() as progress,
        ledger(*errand.place, caller, create=False) as book,
        here.stopping(None) as stop,
    ):
        trail = SqlUndoTrail(book, caller.organization_id)
        post = post_office(errand, door, caller, book)
        ports = (door, caller, book)
        result = carry_out_undo(errand.run_id, *ports, loaded.policies, wanted, trail, renderer(), progress, stop, post)
    return result, [*loaded.warnings, *clock_warnings(caller)]
