"""The one way in and out: finds the command, turns every error into advice and an exit code."""

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from sfdc_escalator import __version__
from sfdc_escalator.cli.options import PREFIX
from sfdc_escalator.errors import EscalatorError, Invalid, RunBusy

COMMANDS = {  # each is a module of `commands`
    "init": "Write the first files: a policy by a known procedure, the editor's schema.",
    "demo": "The whole story, told on the embedded org.",
    "validate": "Check policy files: all problems at once, each with its line.",
    "run": "Find the cases that match and escalate them. The cron job.",
    "explain": "Why a case matches or not, route by route, and when it will.",
    "backtest": "Replay a policy over a history file.",
    "status": "The last run, what is open, what waits; and whether runs still come.",
    "audit": "Look at the audit trail, and verify it.",
    "ledger": "Take care of the ledger: back it up, migrate it, rebuild a lost one.",
    "resolve": "Settle an unknown outcome that only a person can settle.",
    "org": "The embedded org by itself.",
}


class LazyGroup(click.Group):
    """Knows its commands' names and help by heart, and imports a command only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        from importlib import import_module

        command: click.Command = import_module(f"sfdc_escalator.cli.commands.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1, cutoff=0.5)
            advice = f" Did you mean {near[0]!r}?" if near else f" There are: {', '.join(COMMANDS)}."
            ctx.fail(f"No such command {args[0]!r}.{advice}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:  # noqa: ARG002
        from click.shell_completion import CompletionItem

        return [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sfdc-escalator")
def app() -> None:
    """Carries out a support team's escalation procedure on Salesforce cases: note first, in order, exactly once."""
    from sfdc_escalator.cli import logs

    logs.set_up()


def run_command_line(arguments: Sequence[str]) -> int:
    """The exit code of the command. Whatever goes wrong is told on stderr, or as one JSON object on stdout."""
    try:
        code = app.main(list(arguments), prog_name="sfdc-escalator", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.Abort:
        return tell(EscalatorError("interrupted"), arguments)
    except click.ClickException as error:
        if isinstance(error, click.UsageError) and error.ctx and not wants_json(arguments):
            click.echo(error.ctx.get_usage(), err=True)
        return tell(Invalid(error.format_message()), arguments)
    except EscalatorError as error:
        return tell(error, arguments)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 - the edge of the program: nothing may leave as a traceback
        return tell(unexpected(error), arguments)
    return code if isinstance(code, int) else 0


def wants_json(arguments: Sequence[str]) -> bool:
    typed = " ".join(arguments).replace("=", " ")
    if "--json" in arguments or "--format json" in typed:
        return True
    if list(arguments[:1]) == ["validate"]:
        return "--format" not in typed and os.environ.get(f"{PREFIX}FORMAT") == "json"
    return os.environ.get(f"{PREFIX}JSON", "").lower() in ("1", "true", "yes", "on", "t", "y")


def tell(error: EscalatorError, arguments: Sequence[str]) -> int:
    from sfdc_escalator.cli.secrets import redact

    if wants_json(arguments):
        import json

        from sfdc_escalator.reports.json.problems import failure_json

        failure = failure_json(error) | ({"dry_run": False} if isinstance(error, RunBusy) else {})
        click.echo(redact(json.dumps(failure, ensure_ascii=False)))
    else:
        click.echo(redact("\n".join(lines_of(error))), err=True)
    return error.exit_code


def lines_of(error: EscalatorError) -> list[str]:
    """What went wrong, and each problem; a problem that says it all stands for both."""
    told = [str(problem) for problem in error.problems]
    if len(told) == 1 and error.message.endswith(error.problems[0].message):
        return told
    return [error.message, *(f"  {one}" for one in told)]


def unexpected(error: Exception) -> EscalatorError:
    """A defect of ours: the report of it goes to a file, its name to the user."""
    import tempfile
    import traceback

    from sfdc_escalator.cli.secrets import redact

    with tempfile.NamedTemporaryFile("w", prefix="sfdc-escalator-crash-", suffix=".txt", delete=False) as report:
        report.write(redact("".join(traceback.format_exception(error))))
    words = f"{type(error).__name__}: {error}".splitlines()[0][:300]
    return EscalatorError(f"unexpected error, a defect of sfdc-escalator: {words} (details in {report.name})")
