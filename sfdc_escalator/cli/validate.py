"""`validate`: everything that is wrong with the policy files, at once; by themselves, and in an org."""

import json
from pathlib import Path
from typing import Literal

import click

from sfdc_escalator.cli.options import option, policy_option


@click.command("validate")
@click.argument("files", metavar="[POLICY]...", nargs=-1, type=click.Path(path_type=Path))
@policy_option
# No variable for this one: validate is offline unless somebody types otherwise.
@click.option("--org", metavar="NAME", help="Ask this org too. Only what you type counts, not SFDC_ESCALATOR_ORG.")
@option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to tell.")
def command(files: tuple[Path, ...], policies: tuple[Path, ...], org: str | None, form: Literal["text", "json"]) -> int:
    """Check policy files: all problems at once, each with its file, line and column.

    With --org also what the org lacks (fields, queues, picklist values) and what it honours. In a sandbox one note is
    written and rolled back to prove that; in production nothing is written. Exit codes: 0 no errors, 2 errors, 4 it
    is not the org that config/orgs.yaml expects, 5 the org cannot be reached.
    """
    from sfdc_escalator import wiring
    from sfdc_escalator.reports.org_seen import org_json, org_text
    from sfdc_escalator.reports.run_json import problem_json

    chosen = wiring.policy_paths((*files, *policies))
    problems = wiring.check(chosen)
    asked = None if org is None else wiring.check_in_org(chosen, org, problems)
    if asked:
        problems = (*problems, *asked.problems)
    errors = [problem for problem in problems if problem.severity == "error"]
    if form == "json":
        listed = [{**problem_json(problem), "severity": problem.severity} for problem in problems]
        about = {"org": org_json(org, asked.survey, asked.probe)} if org and asked else {}
        click.echo(json.dumps({"ok": not errors, "problems": listed, **about}, ensure_ascii=False))
        return 2 if errors else 0
    if asked:
        click.echo(org_text(asked.survey, asked.probe))
    for problem in problems:
        click.echo(f"{problem.severity}: {problem}")
    names = ", ".join(str(path) for path in chosen)
    warned = len(problems) - len(errors)
    verdict = f"{len(errors)} problems" if errors else f"ok ({names})"
    click.echo(f"{verdict}{f', {warned} warnings' if warned else ''}")
    return 2 if errors else 0
