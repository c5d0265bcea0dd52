"""The manner in which a person wants to read a command: the options that every command has, added in one place."""

from collections.abc import Mapping
from typing import Any, NamedTuple, TextIO

import click
from click.core import ParameterSource

from sfdc_escalator.cli.options import Function, option

NAME = __name__
DETAILS = ("verbose", "quiet")
EVERYTHING = 1_000_000
"""The limit of a list that --all shows."""


class Manner(NamedTuple):
    color: str = "auto"
    verbose: bool = False
    quiet: bool = False
    everything: bool = False

    def colours(self, stream: TextIO, environ: Mapping[str, str]) -> bool:
        """True where this stream gets colours: as --color says, else on a terminal, unless NO_COLOR is set
        (no-color.org)."""
        if self.color != "auto":
            return self.color == "always"
        capable = environ.get("TERM") not in (None, "", "dumb") and not environ.get("NO_COLOR")
        return capable and stream.isatty()


def manner() -> Manner:
    """The choice of the person who typed the command that runs now."""
    ctx = click.get_current_context(silent=True)
    return manner_of(ctx) if ctx else Manner()


def manner_of(ctx: click.Context) -> Manner:
    found: Manner = ctx.meta.get(NAME, Manner())
    return found


def prints_json() -> bool:
    ctx = click.get_current_context(silent=True)
    return bool(ctx and ctx.params.get("as_json"))


def keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Keeps the choice where the output finds it."""
    ctx.meta[NAME] = manner_of(ctx)._replace(**{str(param.name): value})


def keep_detail(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    """The same for -v and -q. One that is typed counts before one of the environment."""
    keep(ctx, param, value)
    if not (manner_of(ctx).verbose and manner_of(ctx).quiet):
        return
    typed = [name for name in DETAILS if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if len(typed) != 1:
        raise click.UsageError("-v and -q exclude each other", ctx)
    ctx.meta[NAME] = manner_of(ctx)._replace(verbose=typed == ["verbose"], quiet=typed == ["quiet"])


color_option = option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    expose_value=False,
    callback=keep,
    help="Colours of states and severity on stdout. auto: on a terminal, unless NO_COLOR is set.",
)
verbose_option = option(
    "--verbose",
    "-v",
    is_flag=True,
    expose_value=False,
    callback=keep_detail,
    help="Print more: every note, every reason.",
)
quiet_option = option(
    "--quiet",
    "-q",
    is_flag=True,
    expose_value=False,
    callback=keep_detail,
    help="Print only what needs a person, and errors.",
)
SHARED = (color_option, verbose_option, quiet_option)


def all_option(function: Function) -> Function:
    """--all of a command that prints long lists: `everything` of its page."""
    decorate = option(
        "--all", "everything", is_flag=True, expose_value=False, callback=keep, help="Shorten no list of the text."
    )
    return decorate(function)


def with_shared_options(command: click.Command) -> click.Command:
    """The command, or each one of its group, with the options that every command has."""
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            with_shared_options(inner)
    elif not any(one.name == "color" for one in command.params):
        for decorate in SHARED:
            decorate(command)
    return command
