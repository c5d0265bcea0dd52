"""`init`: the first files, from a procedure that many teams have."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from sfdc_escalator.cli.options import option

FLOWS = ("jwt", "client_credentials", "refresh_token", "token", "cli", "password")
NEXT = """
Next:
  1. Put your queues into config/policies, then:   sfdc-escalator validate
  2. Fill in config/orgs.yaml and .env (from .env.example, chmod 600), then:
                                                   sfdc-escalator validate --org {org}
  3. In that sandbox, the steps tried out:         sfdc-escalator validate --org {org} --probe
  4. See what it would do:                         sfdc-escalator run --org {org} --dry-run
  5. One live case:                                sfdc-escalator run --org {org} --case NUMBER
  6. All that match today, or adopt them as seen:  sfdc-escalator run --org {org} --backlog escalate|adopt
  7. Every ten minutes: config/cron/crontab, or the systemd timer beside it;
     when no run comes any more, this says so:     sfdc-escalator status --org {org}"""


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@option("--procedure", help="Which procedure the policy starts from; asked for when left out.")
@option("--login", type=click.Choice(FLOWS), help="How the org is logged in to; asked for when left out, else jwt.")
@option("--name", default="sandbox", show_default=True, help="What the org is called in config/orgs.yaml.")
@option("--ledger", help="Where the ledger lives: a path or a PostgreSQL URL. Without it: the state folder.")
def command(folder: Path, procedure: str | None, login: str | None, name: str, ledger: str | None) -> int:
    """Write the first files into FOLDER: a policy to start from, the org and its login, cron's line, a systemd timer.

    Nothing that you changed is ever overwritten.
    """
    from sfdc_escalator.files.first_hour.first_files import LOGINS, Setup
    from sfdc_escalator.files.first_hour.scaffold import procedures, scaffold

    asking = procedure is None
    procedure = procedure or asked("procedure", procedures())
    login = login or (asked("login", LOGINS, "jwt") if asking else "jwt")
    if asking and ledger is None:
        ledger = click.prompt("Ledger (a path or URL; empty: the state folder)", default="", err=True) or None
    home = folder.resolve()
    setup = Setup(procedure, name, login, ledger, home, program(home))
    for path, outcome in scaffold(folder, setup):
        click.echo(f"{outcome:<20}  {path}")
    click.echo(NEXT.format(org=name))
    if Path.cwd() != home:
        click.echo(f"\nAll of that in the folder {home}.")
    return 0


def asked(what: str, known: Mapping[str, str], default: str | None = None) -> str:
    """What the person at the terminal chooses."""
    for name, about in known.items():
        click.echo(f"  {name:<20} {about}", err=True)
    if not sys.stdin.isatty():
        raise click.UsageError(f"Name a {what} with --{what}: {', '.join(known)}.")
    choice: str = click.prompt(what.capitalize(), type=click.Choice(list(known)), default=default, err=True)
    return choice


def program(home: Path) -> tuple[str, ...]:
    """What starts a run there: the script of this checkout, or the program that is installed."""
    script = Path(__file__).parents[3] / "scripts" / "cron-run"
    if script.exists():
        return (str(script), "--home", str(home), "--log", str(home / "run.log"))
    return (installed(), "run", "--json")


def installed() -> str:
    """The program by its whole path: cron and systemd look for none."""
    beside = Path(sys.executable).with_name("sfdc-escalator")
    return str(beside) if beside.exists() else shutil.which("sfdc-escalator") or "sfdc-escalator"
