"""`init`: the first files, from a procedure that many teams have."""

import sys
from pathlib import Path

import click

from sfdc_escalator.cli.options import option

CRON = "*/10 * * * *  cd {folder} && SFDC_ESCALATOR_ORG=NAME sfdc-escalator run >>escalator.log 2>&1"


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@option("--procedure", help="Which procedure the policy starts from; asked for when left out.")
def command(folder: Path, procedure: str | None) -> int:
    """Write the first files into FOLDER: a policy to start from, and the schema for your editor.

    Nothing that you changed is ever overwritten.
    """
    from sfdc_escalator.files.scaffold import procedures, scaffold

    known = procedures()
    for path, outcome in scaffold(folder, procedure or asked(known)):
        click.echo(f"{outcome:<20}  {path}")
    click.echo(
        "\nNext:\n"
        f"  1. Put your queues into {folder}/config/policies, then: sfdc-escalator validate\n"
        "  2. Name the org (config/orgs.yaml, see the README), then: sfdc-escalator validate --org NAME\n"
        "  3. See what it would do: sfdc-escalator run --org NAME --dry-run\n"
        "  4. One live case: sfdc-escalator run --org NAME --case NUMBER\n"
        "  5. Every ten minutes, by cron (one run at a time; the exit code says what happened):\n"
        f"     {CRON.format(folder=folder.resolve())}"
    )
    return 0


def asked(known: dict[str, str]) -> str:
    """The procedure that the person at the terminal chooses."""
    for name, about in known.items():
        click.echo(f"  {name:<20} {about}", err=True)
    if not sys.stdin.isatty():
        raise click.UsageError(f"Name a procedure with --procedure: {', '.join(known)}.")
    choice: str = click.prompt("Procedure", type=click.Choice(list(known)), err=True)
    return choice
