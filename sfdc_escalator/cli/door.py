"""The one way in and out: finds the command, turns every error into a message and an exit code."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import click

from sfdc_escalator import __version__
from sfdc_escalator.cli.groups import CommandGroup
from sfdc_escalator.cli.manner import with_shared_options
from sfdc_escalator.cli.options import PREFIX
from sfdc_escalator.cli.output import tell_json, warn
from sfdc_escalator.cli.stopping import interrupt, no_effect, on_signals, take_signals
from sfdc_escalator.errors import EscalatorError, Interrupted, Invalid, OutputLost, RunBusy, StoppedEarly
from sfdc_escalator.reports.values import visible
from sfdc_escalator.wiring.env_file import with_env_file
from sfdc_escalator.wiring.surroundings import Surroundings

COMMANDS = {  # each is a module of `commands`
    "init": "Write the first files: a policy to start from, the org, the crontab line.",
    "demo": "Show the whole program at work on the embedded org.",
    "import": "Turn Salesforce's own rules into policies.",
    "validate": "Check policy files: all problems at once, each with its line.",
    "run": "Find the cases that match and escalate them. The cron job.",
    "apply": "Carry out a plan that a dry run saved.",
    "diff": "Show what a plan of now would change about a saved one.",
    "page": "Write a policy in words, as an HTML page for the people who follow it.",
    "explain": "Show why a case matches or not, route by route, and when it will.",
    "hold": "Keep a case from being escalated for some time.",
    "release": "End the holds of a case.",
    "backtest": "Replay a policy over a history file.",
    "shadow": "Compare policies with what Salesforce's own rules did.",
    "status": "Show the last run, what is open, what waits, and whether runs still come.",
    "report": "Show the figures of a period: how many, how fast, how far, what they have in common.",
    "notices": "Show the messages to people; send undelivered ones again, or drop them; try a channel.",
    "audit": "Show the audit trail, and verify it.",
    "ledger": "Back up or migrate the ledger, or rebuild a lost one.",
    "undo": "Take back what a run or a key wrote: a correcting note first, then the values from before.",
    "resolve": "Settle an unknown outcome that only a person can settle.",
    "fleet": "Serve many orgs on one schedule, by workers that share a queue.",
    "org": "Start the embedded org by itself.",
    "completion": "Print the script that completes commands and options in a shell.",
}
ELSEWHERE = {name: ("by_hand", name) for name in ("hold", "release", "resolve", "undo")} | {
    "apply": ("plans.apply", "command"),
    "completion": ("init", "completion"),
    "diff": ("plans.diff", "command"),
    "fleet": ("fleet.group", "command"),
    "import": ("native.importing", "command"),
    "page": ("looking.report", "page"),
    "report": ("looking.report", "command"),
    "status": ("looking.status", "command"),
}
"""The commands that stand in the module of another one, with their names there."""
MOST_REPORTED = 20  # lines of an error in a mail
WITHOUT_SETTINGS = ("init", "import", "demo", "org", "completion")  # they work on no org of the user


class LazyGroup(CommandGroup):
    """Knows the names and the help of its commands, and imports a command only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        from importlib import import_module

        module, name = ELSEWHERE.get(cmd_name, (cmd_name, "command"))
        command: click.Command = getattr(import_module(f"sfdc_escalator.cli.commands.{module}"), name)
        return with_shared_options(command)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Interrupted as signal:
            raise StoppedEarly(f"stopped by {signal}") from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:  # noqa: ARG002
        from click.shell_completion import CompletionItem

        return [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sfdc-escalator")
@click.pass_context
def app(ctx: click.Context) -> None:
    """Carry out a support team's escalation procedure on Salesforce cases: note first, in order, exactly once."""
    ctx.obj.set_up_log(None)


def run_command_line(arguments: Sequence[str], surroundings: Surroundings) -> int:
    """The exit code of the command. An error is reported on stderr, or as one JSON object on stdout."""
    with on_signals(no_effect):  # the end of a command is reported whole, whatever comes meanwhile
        try:
            with on_signals(interrupt):
                take_signals()
                if reads_settings(arguments):
                    surroundings = with_env_file(surroundings)
                return code_of(arguments, surroundings)
        except click.exceptions.Exit as leave:
            return leave.exit_code
        except (click.Abort, Interrupted):
            return report(StoppedEarly("interrupted"), arguments, surroundings)
        except click.ClickException as error:
            if isinstance(error, click.UsageError) and error.ctx and not wants_json(arguments, surroundings.environ):
                if error.format_message() == error.ctx.get_help():  # no command was named
                    warn(error.format_message())
                    return Invalid.exit_code
                warn(error.ctx.get_usage())
            return report(Invalid(" ".join(error.format_message().split())), arguments, surroundings)
        except EscalatorError as error:
            return report(error, arguments, surroundings)
        except Exception as error:  # noqa: BLE001 - the edge of the program: no traceback reaches a user
            from sfdc_escalator.cli.crashes import unexpected

            return report(unexpected(error, surroundings), arguments, surroundings)


def reads_settings(arguments: Sequence[str]) -> bool:
    """True for a command that takes the settings of `.env`; help works beside an invalid one."""
    command = next(iter(arguments), "")
    return command in COMMANDS and command not in WITHOUT_SETTINGS and not {"-h", "--help"} & set(arguments)


def code_of(arguments: Sequence[str], surroundings: Surroundings) -> int:
    code = app.main(list(arguments), prog_name="sfdc-escalator", standalone_mode=False, obj=surroundings)
    return code if isinstance(code, int) else 0


def wants_json(arguments: Sequence[str], environ: Mapping[str, str]) -> bool:
    typed = " ".join(arguments).replace("=", " ")
    if "--json" in arguments or re.search(r"--format json\b", typed):
        return True
    if list(arguments[:1]) == ["validate"]:
        return "--format" not in typed and environ.get(f"{PREFIX}FORMAT") == "json"
    return environ.get(f"{PREFIX}JSON", "").lower() in ("1", "true", "yes", "on", "t", "y")


def report(error: EscalatorError, arguments: Sequence[str], surroundings: Surroundings) -> int:
    redact = surroundings.secrets.redact
    if wants_json(arguments, surroundings.environ) and not isinstance(error, OutputLost):
        from sfdc_escalator.reports.json.problems import failure_json

        failure = failure_json(error) | ({"dry_run": False} if isinstance(error, RunBusy) else {})
        try:
            tell_json(failure, redact)
            report_failure(error, surroundings)
            return error.exit_code
        except OutputLost:
            pass  # stderr is left
    warn("\n".join(map(visible, map(redact, lines_of(error)))))
    return error.exit_code


def report_failure(error: EscalatorError, surroundings: Surroundings) -> None:
    """Reports an error on stderr too, where somebody gets that by mail. Every time: a run that fails may not reach the
    ledger, which remembers what was reported."""
    log = surroundings.run_log
    if log is None or not error.exit_code:
        return
    first, *more = map(visible, map(surroundings.secrets.redact, lines_of(error)[:MOST_REPORTED]))
    where = [f"The log: {visible(log)}"] if log else []
    warn("\n".join([f"sfdc-escalator: the run failed (exit code {error.exit_code})", f"  {first}", *more, *where]))


def lines_of(error: EscalatorError) -> list[str]:
    """The message and each problem, a line each; without the message when the only problem says the same."""
    problems = [str(problem) for problem in error.problems]
    if len(problems) == 1 and error.message.endswith(error.problems[0].message):
        return problems
    return [error.message, *(f"  {one}" for one in problems)]
