"""Compares a saved plan with a plan of now, for `diff` and for `run --dry-run --diff`."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sfdc_escalator.cli.output import tell, tell_json

if TYPE_CHECKING:
    from sfdc_escalator.escalation.saved.plan import SavedPlan
    from sfdc_escalator.wiring.errand import Done, Errand

ANOTHER = 10


class AsObject(Protocol):
    """Makes the JSON object of a run."""

    def __call__(self, done: "Done", org: str, code: int, *, dry_run: bool) -> dict[str, Any]: ...


def compared(
    errand: "Errand", plan: "SavedPlan", out: Path | None, as_object: AsObject, *, as_json: bool, exit_code: bool
) -> int:
    """Compares, reports, and saves the plan of now in `out`. Returns the exit code."""
    from sfdc_escalator.reports.saved.as_json import diff_json
    from sfdc_escalator.reports.saved.as_text import diff_text
    from sfdc_escalator.wiring.plans.saved import choices_of, compare

    errand = replace(errand, options=choices_of(plan, errand.options))
    found = compare(errand, plan)
    code = code_of(found.done.result.prepared.broken, found.diff.is_empty, exit_code=exit_code)
    if out:
        from sfdc_escalator.cli.commands.plans.saving import save

        save(out, found.done, errand)
    if as_json:
        report = as_object(found.done, errand.org, code, dry_run=True)
        tell_json({**report, "diff": diff_json(plan, found.diff)})
    else:
        from sfdc_escalator.reports.values import visible

        for problem in found.done.warnings:
            tell(f"! {visible(str(problem))}")
        tell(diff_text(plan, found.diff, found.done.result.prepared.org_facts))
    return code


def code_of(broken: object, is_empty: bool, *, exit_code: bool) -> int:
    if broken:
        return 3
    return ANOTHER if exit_code and not is_empty else 0
