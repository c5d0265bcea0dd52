"""The errands about a saved plan: keep it in a file, apply it, compare it with a plan of now."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sfdc_escalator.wiring.errand import Done, Errand, post_office, rehearse
from sfdc_escalator.wiring.ledgers import ledger
from sfdc_escalator.wiring.orgs import connect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sfdc_escalator.escalation.planning.run_options import RunOptions
    from sfdc_escalator.escalation.saved.plan import SavedPlan
    from sfdc_escalator.escalation.saved.plan_diff import PlanDiff
    from sfdc_escalator.pipeline.saved.carry_out import ApplyTerms
    from sfdc_escalator.pipeline.saved.result import SavedResult


class Compared(NamedTuple):
    """A plan of now, and how it differs from a saved one."""

    done: Done
    diff: PlanDiff


def read(path: Path) -> SavedPlan:
    """The plan in the file. Raises Invalid and PlanRefused."""
    from sfdc_escalator.files.saved_plan import read_saved_plan

    return read_saved_plan(path)


def check_place(path: Path) -> None:
    """Raises Invalid where the file cannot be written, before anything is asked of the org."""
    from sfdc_escalator.reports.whole_file import check_place as check

    check(path)


def keep(path: Path, done: Done, errand: Errand, made_by: str) -> str:
    """Writes the plan, readable for its owner alone, and returns its SHA-256. Raises Invalid."""
    from sfdc_escalator.errors import Invalid
    from sfdc_escalator.escalation.saved.plan_json import plan_json, plan_text, sha256_of
    from sfdc_escalator.files.saved_plan import MOST_BYTES
    from sfdc_escalator.pipeline.saved.make import saved_plan
    from sfdc_escalator.reports.whole_file import write_report

    plan = saved_plan(done.result.prepared, errand.org, made_by, errand.options)
    text = plan_text(plan)
    if len(text.encode()) > MOST_BYTES:
        raise Invalid(
            f"{path} was not written: the plan is larger than {MOST_BYTES // 1024 // 1024} MB; plan a part of it, "
            "with --route or --limit"
        )
    write_report(path, text, 0o600)
    return sha256_of(plan_json(plan))


def apply_plan(errand: Errand, plan: SavedPlan, terms: ApplyTerms) -> SavedResult:
    """Carries out the plan, or refuses it."""
    from sfdc_escalator.ledger.trail.saved_plans import keys_sent_by
    from sfdc_escalator.pipeline.run_clock import skew_text
    from sfdc_escalator.pipeline.saved.carry_out import carry_out_saved, refuse_at_once

    here = errand.surroundings
    here.set_up_log(errand.run_id)
    with (
        here.progress() as progress,
        connect(here, errand.org, deadline=errand.deadline, progress=progress) as (door, caller),
    ):
        refuse_at_once(plan, caller, terms.max_age)
        if skewed := skew_text(caller):
            logging.getLogger(__name__).warning(skewed)
        with (
            ledger(*errand.place, caller) as book,
            here.stopping(errand.deadline) as stop,
        ):

            def sent(sha256: str, keys: Sequence[str]) -> frozenset[str]:
                return keys_sent_by(book, sha256, keys)

            post = post_office(errand, door, caller, book)
            return carry_out_saved(errand.run_id, door, caller, book, plan, terms, sent, progress, stop, post)


def compare(errand: Errand, plan: SavedPlan) -> Compared:
    """A plan of now against this one. With the options of the errand; see `choices_of`."""
    from sfdc_escalator.escalation.saved.plan_diff import plan_diff, policies_changed
    from sfdc_escalator.pipeline.saved.carry_out import refuse_at_once
    from sfdc_escalator.pipeline.saved.make import policy_of_plan

    done = rehearse(errand, lambda caller: refuse_at_once(plan, caller, None))
    now = done.result.prepared.plan
    changed = policies_changed(plan.policies, [policy_of_plan(one) for one in now.policies])
    return Compared(done, plan_diff(plan.orders, now.orders, done.result.outcomes, changed))


def choices_of(plan: SavedPlan, typed: RunOptions) -> RunOptions:
    """The choices of the plan, unless the person typed some."""
    if (typed.backlog, typed.limit, typed.route, typed.case) != (None, None, None, None):
        return typed
    return replace(plan.choices, accept_clock=typed.accept_clock)
