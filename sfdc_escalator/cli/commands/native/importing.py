"""`import`: native Salesforce rules into policy files."""

from pathlib import Path

import click

from sfdc_escalator.cli.options import FilePath, option
from sfdc_escalator.cli.output import tell, tell_json
from sfdc_escalator.wiring.surroundings import Surroundings


@click.command("import")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@option("--out", required=True, type=FilePath(), metavar="DIR", help="The folder for the policies.")
@option("--report", type=FilePath(), metavar="FILE", help="Write the report into this file.")
@option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.pass_context
def command(ctx: click.Context, files: tuple[str, ...], out: Path, report: Path | None, as_json: bool) -> int:
    """Turn Salesforce's own rules into policy files: escalation and assignment rules of Case, entitlement processes.

    FILE is a metadata file or a folder that is searched. Nothing of an org is asked. What cannot be carried over is
    named with its line, and no other route takes its cases. A policy that was edited since its import is kept. Exit
    codes: 0 everything is carried over; 3 something is not, or an edited policy was kept; 2 a file cannot be read, or
    the folder cannot be written.
    """
    from sfdc_escalator.wiring.native.importing import import_rules

    surroundings = ctx.obj
    assert isinstance(surroundings, Surroundings)
    if "" in files:
        raise click.UsageError("the path is empty: is a variable not set?")
    if report:
        from sfdc_escalator.reports.whole_file import check_place

        check_place(report)
    found = import_rules([(surroundings.folder / file, file) for file in files], out)
    if as_json:
        from sfdc_escalator.reports.native.json import import_json

        tell_json(import_json(found))
    if report or not as_json:
        from sfdc_escalator.reports.native.text import import_text
        from sfdc_escalator.reports.values import printable
        from sfdc_escalator.reports.whole_file import write_report

        if report:
            write_report(report, printable(import_text(found)) + "\n")
        else:
            tell(import_text(found))
    return found.exit_code
