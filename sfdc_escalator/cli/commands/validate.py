"""`validate`: everything that is wrong with the policy files, at once; by themselves, and in an org."""

import signal
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from sfdc_escalator.cli.options import FilePath, option, policy_option, surroundings_of
from sfdc_escalator.errors import EscalatorError, Problem
from sfdc_escalator.wiring.surroundings import Surroundings

if TYPE_CHECKING:
    from sfdc_escalator.pipeline.stop import Stop
    from sfdc_escalator.wiring.validation import Asked

Form = Literal["text", "json", "junit", "github"]


@click.command("validate")
@click.argument("files", metavar="[POLICY]...", nargs=-1, type=FilePath())
@policy_option
# No variable for this one: validate is offline unless somebody types otherwise.
@click.option("--org", metavar="NAME", help="Ask this org too. Only what you type counts, not SFDC_ESCALATOR_ORG.")
@click.option("--probe", is_flag=True, help="Try the steps out in the sandbox of --org; what is written is taken back.")
@option("--strict", is_flag=True, help="Warnings count as errors.")
@option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit", "github"]),
    default="text",
    show_default=True,
    help="How to tell; `github`: annotations of a workflow.",
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

    With --org also what the org lacks (fields, queues, picklist values, rights) and what it honours; nothing is
    written. With --probe a sandbox is tried out: a note and the steps of each route are written and rolled back, then
    carried out on marked cases that are deleted again. Exit codes: 0 no errors; 2 errors, or it is not the org
    that config/orgs.yaml expects; 3 --probe was stopped by a signal; 5 the org cannot be reached.
    """
    if probe and org is None:
        raise click.UsageError("--probe needs --org NAME, a sandbox.")
    from sfdc_escalator.reports.problems_report import is_ok
    from sfdc_escalator.wiring import validation
    from sfdc_escalator.wiring.policies import policy_paths

    chosen = policy_paths(surroundings, (*files, *policies))
    problems: Sequence[Problem] = validation.check(chosen, in_org=org is not None)
    names = [str(path) for path in chosen]
    try:
        trial = interruptible if probe else None
        asked = None if org is None else validation.check_in_org(surroundings, chosen, org, problems, trial)
    except EscalatorError as error:
        if form in ("junit", "github"):  # the file that CI reads is complete, whatever happened
            told = dict.fromkeys((*problems, *error.problems, Problem(error.message)))
            tell(form, names, list(told), org, None, strict)
        raise
    if asked:
        problems = validation.in_order((*problems, *asked.problems), chosen)
    tell(form, names, problems, org, asked, strict)
    return 0 if is_ok(problems, strict=strict) else 2


def interruptible() -> "AbstractContextManager[Stop]":
    """Ctrl-C too waits for what is under way: it is to be known what was written. A second one does not."""
    from sfdc_escalator.cli.stopping import stop_on_signals

    return stop_on_signals(None, signal.SIGINT)


def tell(
    form: Form, names: list[str], problems: Sequence[Problem], org: str | None, asked: "Asked | None", strict: bool
) -> None:
    from sfdc_escalator.reports import problems_report as report
    from sfdc_escalator.reports.org_seen import org_json, org_text

    about = org_text(asked) if asked else ""
    if form == "json":
        seen = {"org": org_json(org, asked)} if org and asked else {}
        told = report.as_json(problems, seen, strict=strict)
    elif form == "github":
        told = report.as_github(problems, about)
    elif form == "junit":
        told = report.as_junit(names, problems, about, strict=strict)
    else:
        told = "\n".join(filter(None, (about, report.as_text(names, problems, strict=strict))))
    redact = surroundings_of(click.get_current_context()).secrets.redact
    click.echo(redact(told), nl=bool(told))
