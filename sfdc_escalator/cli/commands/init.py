"""`init`: the first files, from a procedure that many teams have; `completion`: the script for a shell."""

import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from sfdc_escalator.cli.options import FilePath, option
from sfdc_escalator.cli.output import tell_data, tell_done, tell_news, warn
from sfdc_escalator.errors import Invalid
from sfdc_escalator.reports.values import visible
from sfdc_escalator.wiring.surroundings import Surroundings

PROGRAM, ASKS = "sfdc-escalator", "_SFDC_ESCALATOR_COMPLETE"
"""The program, and the variable by which the script asks it; click makes this name of the program's."""
TOGETHER = ("docs", "ci", "salesforce", "deploy")
"""Folders whose files are listed together."""
FLOWS = ("jwt", "client_credentials", "refresh_token", "token", "cli", "password")
NEXT = """
Next, in the folder {home}:
  1. Put your queues into config/policies, then:     {program} validate
  2. Fill in config/orgs.yaml. For its secrets, and for settings, fill in .env:
                                                     cp .env.example .env && chmod 600 .env
     Then ask the org:                               {program} validate --org {org}
  3. Try the steps out in that sandbox:              {program} validate --org {org} --probe
  4. See what a run would do:                        {program} run --org {org} --dry-run
  5. One live case, by its number:                   {program} run --org {org} --case NUMBER
  6. Escalate all cases that match today,            {program} run --org {org} --backlog escalate
     or remember them as seen:                       {program} run --org {org} --backlog adopt
  7. Every ten minutes: the line in deploy/crontab, a systemd timer, or Kubernetes: deploy/README.md.
     When runs stop coming, this reports it:         {program} status --org {org}

The lines for cron and systemd name the org {org}. For production add its entry to config/orgs.yaml, and
change --org in the crontab line (or the .service file) and SFDC_ESCALATOR_ORG in .env.
The pages about policies, logins and channels are in docs/."""


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
    """Write the first files into FOLDER: a policy, the org and its login, pages, recipes for CI, and what starts runs.

    A file that is there and differs is never overwritten, except the generated config/policy.schema.json.
    """
    from sfdc_escalator.files.first_hour.first_files import LOGINS, Setup
    from sfdc_escalator.files.first_hour.scaffold import procedures, scaffold

    asking = procedure is None
    procedure = procedure or asked("procedure", procedures())
    login = login or (asked("login", LOGINS, "jwt") if asking else "jwt")
    if asking and ledger is None:
        ledger = click.prompt("Ledger (a path or URL; empty: the state folder)", default="", err=True) or None
    home = Path(os.path.realpath(folder))  # also of a link that leads to itself
    setup = Setup(procedure, name, login, ledger, home, installed(surroundings.environ))
    outcomes = scaffold(folder, setup)
    lines, policy = [*listed(outcomes)], Path("config/policies") / f"{procedure}.yaml"
    if outcomes[policy] == "kept: it differs":
        lines.append(
            f"! {policy} was there before and is not the policy of the procedure {procedure}. To start "
            "from the procedure, move that file away and type this again."
        )
    lines.append(live_policies(folder / policy.parent))
    lines.append(NEXT.format(org=name, home=visible(str(home)), program=typed(surroundings.environ)))
    tell_done(lambda: tell_news("\n".join(lines)))
    return 0


def listed(outcomes: Mapping[Path, str]) -> Iterator[str]:
    """A line for each file, and one for the files of a folder that hold nothing of the team and are as they came."""
    for (outcome, shown), paths in groupby(outcomes, lambda path: (outcomes[path], group_of(path, outcomes[path]))):
        first, *others = paths
        yield f"{outcome:<20}  {f'{shown}/ ({len(others) + 1} files)' if others else first}"


def group_of(path: Path, outcome: str) -> str:
    return path.parts[0] if path.parts[0] in TOGETHER and outcome in ("written", "as it was") else str(path)


def live_policies(folder: Path) -> str:
    """Says which policies every run in this folder takes."""
    from sfdc_escalator.wiring.policies import in_folder

    try:
        names = [visible(path.name) for path in in_folder(folder)]
    except Invalid as error:
        return "\n".join(["", f"! {error.message}", *(f"  {problem}" for problem in error.problems)])
    together = f"{len(names)} policies, together" if len(names) > 1 else "one policy"
    more = ". Move away what is not yours" if len(names) > 1 else ""
    return f"\nA run takes {together}: {', '.join(names)} (all .yaml files of config/policies){more}."


def asked(what: str, known: Mapping[str, str], default: str | None = None) -> str:
    """The choice of the person at the terminal."""
    for name, about in known.items():
        warn(f"  {name:<20} {about}")
    if not sys.stdin.isatty():
        raise click.UsageError(f"Name a {what} with --{what}: {', '.join(known)}.")
    choice: str = click.prompt(what.capitalize(), type=click.Choice(list(known)), default=default, err=True)
    return choice


def typed(environ: Mapping[str, str]) -> str:
    """The program as a person types it in any folder: its name where PATH leads to it, else its absolute path."""
    program = installed(environ)
    found = shutil.which("sfdc-escalator", path=environ.get("PATH", ""))
    same = found and Path(found).is_absolute() and Path(found).resolve() == Path(program).resolve()
    return "sfdc-escalator" if same else shlex.quote(program)


def installed(environ: Mapping[str, str]) -> str:
    """The program with its absolute path, because cron and systemd do not search the PATH of a person."""
    beside = Path(sys.executable).with_name("sfdc-escalator")
    return (
        str(beside) if beside.exists() else shutil.which("sfdc-escalator", path=environ.get("PATH")) or "sfdc-escalator"
    )


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> int:
    """Print the script that completes commands and options in this SHELL.

    bash: eval "$(sfdc-escalator completion bash)" in ~/.bashrc. zsh: the same with zsh in ~/.zshrc. fish:
    sfdc-escalator completion fish > ~/.config/fish/completions/sfdc-escalator.fish
    """
    found = get_completion_class(shell)
    assert found
    tell_data(found(ctx.find_root().command, {}, PROGRAM, ASKS).source() + "\n")
    return 0
