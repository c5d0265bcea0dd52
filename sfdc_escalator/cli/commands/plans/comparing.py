"""Compares a saved plan with a plan of now, for `diff` and for `run --dry-run --diff`."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from sfdc_escalator.cli.output import tell, tell_json

if TYPE_CHECKING:
    from sfdc_escalator.escalation.saved.plan import SavedPlan
    from sfdc_escalator.wiring.errand import Done, Errand

ANOTHER = 10


class AsObject(Protocol):
    """Makes the JSON object of a run."""

    def __call__(self, done: "Done", org: str, code: int, *, dry_run: bool) -> dict[str, Any]: ...


class Compared(NamedTuple):
    """A plan of now, its difference from a saved one as a report that is ready to be printed, and the exit code."""

    done: "Done"
    errand: "Errand"
    report: Callable[[], None]
    code: int


def compared(errand: "Errand", plan: "SavedPlan", as_object: AsObject, *, as_json: bool, exit_code: bool) -> Compared:
    """Compares the plan with one of now, made with the choices of the plan unless some were typed."""
    from sfdc_escalator.wiring.plans.saved import choices_of, compare

    errand = replace(errand, options=choices_of(plan, errand.options))
    found = compare(errand, plan)
    code = code_of(found.done.result.prepared.broken, found.diff.is_empty, exit_code=exit_code)
    if as_json:
        from sfdc_escalator.reports.saved.as_json import diff_json

        report = as_object(found.done, errand.org, code, dry_run=True)
        return Compared(found.done, errand, partial(tell_json, {**report, "diff": diff_json(plan, found.diff)}), code)
    from sfdc_escalator.reports.saved.as_text import diff_text
    from sfdc_escalator.reports.values import visible

    warned = (f"! {visible(str(problem))}" for problem in found.done.warnings)
    text = diff_text(plan, found.diff, found.done.result.prepared.org_facts)
    return Compared(found.done, errand, partial(tell, "\n".join([*warned, text])), code)


def code_of(broken: object, is_empty: bool, *, exit_code: bool) -> int:
    if broken:
        return 3
    return ANOTHER if exit_code and not is_empty else 0
