"""`validate`: everything that is wrong with the policy files, at once."""

import json
from pathlib import Path
from typing import Literal

import click

from sfdc_escalator.cli.options import option, policy_option


@click.command("validate")
@click.argument("files", metavar="[POLICY]...", nargs=-1, type=click.Path(path_type=Path))
@policy_option
@option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to tell.")
def command(files: tuple[Path, ...], policies: tuple[Path, ...], form: Literal["text", "json"]) -> int:
    """Check policy files offline: all problems at once, each with its file, line and column."""
    from sfdc_escalator import wiring
    from sfdc_escalator.reports.run_json import problem_json

    chosen = wiring.policy_paths((*files, *policies))
    problems = wiring.check(chosen)
    errors = [problem for problem in problems if problem.severity == "error"]
    if form == "json":
        listed = [{**problem_json(problem), "severity": problem.severity} for problem in problems]
        click.echo(json.dumps({"ok": not errors, "problems": listed}, ensure_ascii=False))
    else:
        for problem in problems:
            click.echo(f"{problem.severity}: {problem}")
        names = ", ".join(str(path) for path in chosen)
        warned = len(problems) - len(errors)
        found = f"{len(errors)} problems" if errors else f"ok ({names})"
        click.echo(f"{found}{f', {warned} warnings' if warned else ''}")
    return 2 if errors else 0
