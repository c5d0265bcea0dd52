"""`init`: the first files, from a procedure that many teams have."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from sfdc_escalator.cli.options import FilePath, option
from sfdc_escalator.cli.output import tell, tell_done, warn
from sfdc_escalator.reports.values import visible
from sfdc_escalator.wiring.surroundings import Surroundings

FLOWS = ("jwt", "client_credentials", "refresh_token", "token", "cli", "password")
NEXT = """
Next:
  1. Put your queues into config/policies, then:   sfdc-escalator validate
  2. Fill in config/orgs.yaml and .env (from .env.example, chmod 600), then:
                                                   sfdc-escalator validate --org {org}
  3. Try the steps out in that sandbox:            sfdc-escalator validate --org {org} --probe
  4. See what it would do:                         sfdc-escalator run --org {org} --dry-run
  5. One live case:                                sfdc-escalator run --org {org} --case NUMBER
  6. All cases that match today, or adopt them:    sfdc-escalator run --org {org} --backlog escalate|adopt
  7. Every ten minutes: config/cron/crontab, or the systemd timer beside it;
     when runs stop coming, this reports it:       sfdc-escalator status --org {org}"""


@click.command("init")
@click.argument("folder", type=FilePath(file_okay=False))
@option("--procedure", help="The procedure that the policy starts from. Without it you are asked.")
@option(
    "--login",
    type=click.Choice(FLOWS),
    help="The login flow of the org. Without it and --procedure you are asked; else jwt.",
)
@option("--name", default="sandbox", show_default=True, help="The name of the org in config/orgs.yaml.")
@option("--ledger", help="The ledger: a path or a PostgreSQL URL. Default: the state folder.")
@click.pass_obj
def command(
    surroundings: Surroundings,
    folder: Path,
    procedure: str | None,
    login: str | None,
    name: str,
    ledger: str | None,
) -> int:
    """Write the first files into FOLDER: a policy, the org and its login, a crontab line, a systemd timer.

    A file that you changed is never overwritten.
    """
    from sfdc_escalator.files.first_hour.first_files import LOGINS, Setup
    from sfdc_escalator.files.first_hour.scaffold import procedures, scaffold

    asking = procedure is None
    procedure = procedure or asked("procedure", procedures())
    login = login or (asked("login", LOGINS, "jwt") if asking else "jwt")
    if asking and ledger is None:
        ledger = click.prompt("Ledger (a path or URL; empty: the state folder)", default="", err=True) or None
    home = folder.resolve()
    setup = Setup(procedure, name, login, ledger, home, program(home, surroundings))
    lines = [f"{outcome:<20}  {visible(str(path))}" for path, outcome in scaffold(folder, setup)]
    lines.append(NEXT.format(org=name))
    if surroundings.folder.resolve() != home:
        lines.append(f"\nAll of that in the folder {visible(str(home))}.")
    tell_done(lambda: tell("\n".join(lines)))
    return 0


def asked(what: str, known: Mapping[str, str], default: str | None = None) -> str:
    """The choice of the person at the terminal."""
    for name, about in known.items():
        warn(f"  {name:<20} {about}")
    if not sys.stdin.isatty():
        raise click.UsageError(f"Name a {what} with --{what}: {', '.join(known)}.")
    choice: str = click.prompt(what.capitalize(), type=click.Choice(list(known)), default=default, err=True)
    return choice


def program(home: Path, surroundings: Surroundings) -> tuple[str, ...]:
    """The command that starts a run there: the script of this checkout, or the installed program."""
    script = Path(__file__).parents[3] / "scripts" / "cron-run"
    if script.exists():
        return (str(script), "--home", str(home), "--log", str(home / "run.log"))
    return (installed(surroundings.environ), "run", "--json")


def installed(environ: Mapping[str, str]) -> str:
    """The program with its absolute path, because cron and systemd do not search the PATH of a person."""
    beside = Path(sys.executable).with_name("sfdc-escalator")
    return (
        str(beside) if beside.exists() else shutil.which("sfdc-escalator", path=environ.get("PATH")) or "sfdc-escalator"
    )
