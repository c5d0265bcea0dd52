"""`validate`: every problem of the policy files at once; by themselves, and in an org."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from sfdc_escalator.cli.options import FilePath, option, policy_option, surroundings_of
from sfdc_escalator.cli.output import page_now, tell, tell_data, tell_json
from sfdc_escalator.errors import EscalatorError, Problem
from sfdc_escalator.wiring.surroundings import Surroundings

if TYPE_CHECKING:
    from sfdc_escalator.pipeline.stop import Stop
    from sfdc_escalator.wiring.validation import CheckedInOrg

Form = Literal["text", "json", "junit", "github"]


@click.command("validate")
@click.argument("files", metavar="[POLICY]...", nargs=-1, type=FilePath())
@policy_option
# No variable for this one: validate is offline unless somebody types otherwise.
@click.option("--org", metavar="NAME", help="Also check against this org. SFDC_ESCALATOR_ORG does not count here.")
@click.option("--probe", is_flag=True, help="Try the steps out in the sandbox of --org. Everything written is removed.")
@option("--strict", is_flag=True, help="Warnings count as errors.")
@option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit", "github"]),
    default="text",
    show_default=True,
    help="Output format. `github`: annotations of a workflow.",
)
@click.pass_obj
def command(
    surroundings: Surroundings,
    files: tuple[Path, ...],
    policies: tuple[Path, ...],
    org: str | None,
    probe: bool,
    strict: bool,
    form: Form,
) -> int:
    """Check policy files: all problems at once, each with its file, line and column.

    With --org also check them against an org: fields, queues, picklist values, rights. Nothing is written. With
    --probe the steps of each route are tried out in a sandbox: first a note and the steps, rolled back; then on marked
    cases that are deleted again. Exit codes: 0 no errors; 2 errors, or it is not the org that config/orgs.yaml
    expects; 3 --probe was stopped by a signal; 5 the org cannot be reached.
    """
    if probe and org is None:
        raise click.UsageError("--probe needs --org NAME, a sandbox.")
    from sfdc_escalator.reports.json.problems import is_ok
    from sfdc_escalator.wiring import validation
    from sfdc_escalator.wiring.policies import policy_paths

    names: Sequence[str] = ()
    problems: Sequence[Problem] = ()
    in_org = None
    try:
        checked = validation.check(policy_paths(surroundings, (*files, *policies)))
        checked = checked._replace(problems=(*validation.orgs_problems(surroundings), *checked.problems))
        names, problems = checked.files, checked.problems
        if org is not None:
            in_org = validation.check_in_org(surroundings, checked, org, interruptible if probe else None)
            problems = in_org.problems
    except EscalatorError as error:
        if form in ("junit", "github"):  # the file that CI reads is complete, whatever happened
            failed = dict.fromkeys((*problems, *error.problems, Problem(error.message)))
            show(form, names, list(failed), org, None, strict)
        raise
    show(form, names, problems, org, in_org, strict)
    return 0 if is_ok(problems, strict=strict) else 2


def interruptible() -> "AbstractContextManager[Stop]":
    """A signal waits for the call that is under way, so that it is known what was written. A second Ctrl-C does not."""
    from sfdc_escalator.cli.stopping import stop_of_the_work

    return stop_of_the_work(None)


def show(
    form: Form,
    files: Sequence[str],
    problems: Sequence[Problem],
    org: str | None,
    in_org: "CheckedInOrg | None",
    strict: bool,
) -> None:
    from sfdc_escalator.reports.json.org import org_json
    from sfdc_escalator.reports.json.problems import problems_json
    from sfdc_escalator.reports.text import problems as report
    from sfdc_escalator.reports.text.org import org_text

    redact = surroundings_of(click.get_current_context()).secrets.redact
    about = org_text(in_org.readiness, in_org.unasked) if in_org else ""
    if form == "json":
        more = {"org": org_json(org, in_org.readiness, in_org.unasked)} if org and in_org else {}
        tell_json({**problems_json(problems, strict=strict), **more}, redact)
    elif form == "github":
        annotations = report.as_github(problems, about)
        tell_data(redact(f"{annotations}\n" if annotations else ""))
    elif form == "junit":
        tell_data(redact(report.as_junit(files, problems, about, strict=strict)) + "\n")
    else:
        page = page_now()
        text = report.as_text(files, problems, strict=strict, page=page)
        tell(redact("\n".join(filter(None, ("" if page.is_quiet else about, text)))))
