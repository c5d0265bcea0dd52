"""Options that several commands share. Every option can be given as SFDC_ESCALATOR_<OPTION>."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from sfdc_escalator.escalation.time.ages import Age, parse_age
from sfdc_escalator.wiring.surroundings import Surroundings

PREFIX = "SFDC_ESCALATOR_"
Function = TypeVar("Function", bound=Callable[..., Any])


def surroundings_of(ctx: click.Context | None) -> Surroundings:
    found = ctx and ctx.find_object(Surroundings)
    assert found, "a command is started with its surroundings"
    return found


class OptionOfEnvironment(click.Option):
    """Reads its variable from the surroundings, where click would read it from the process."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        return surroundings_of(ctx).environ.get(str(self.envvar)) or None

    def consume_value(self, ctx: click.Context, opts: Mapping[str, Any]) -> tuple[Any, ParameterSource]:
        """Refuses an empty value that was typed: it mostly stands for a variable that is not set, and the default would
        be another org, ledger or folder than the person means."""
        value, source = super().consume_value(ctx, opts)
        if source is ParameterSource.COMMANDLINE and (value == "" or (self.multiple and "" in value)):
            raise click.UsageError(f"{self.opts[0]} has an empty value: is a variable not set?", ctx)
        return value, source


def option(name: str, *more: str, **settings: Any) -> Callable[[Function], Function]:
    """A click option with its environment variable."""
    variable = PREFIX + name.lstrip("-").replace("-", "_").upper()
    return click.option(name, *more, cls=OptionOfEnvironment, envvar=variable, show_envvar=True, **settings)


class FilePath(click.Path[Path]):
    """A path; a relative one starts from the folder of the surroundings."""

    def __init__(self, *, file_okay: bool = True, allow_dash: bool = False) -> None:
        super().__init__(file_okay=file_okay, allow_dash=allow_dash, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        if value == "":
            self.fail("the path is empty: is a variable not set?", param, ctx)
        is_dash = self.allow_dash and str(value) == "-"
        return super().convert(value if is_dash else surroundings_of(ctx).folder / value, param, ctx)


Named = tuple[str, Path | None]
"""An option, and the file that it names, if any."""


def check_apart(written: Sequence[Named], read: Sequence[Named]) -> None:
    """Refuses a file that the command would write over one that it reads, or that it writes as well."""
    for place, (option, path) in enumerate(written):
        for other, taken in (*read, *written[:place]):
            if path and taken and is_same(path, taken):
                raise click.UsageError(f"{option} and {other} name the same file: {path}")


def is_same(one: Path, other: Path) -> bool:
    return one == other or (os.path.exists(one) and os.path.exists(other) and one.samefile(other))


UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
MOST_SECONDS = 36525 * UNITS["d"]
FIRST_YEAR, LAST_YEAR = 1971, 2998
"""The years of a period: a ledger has times of the years between 1970 and 3000."""


class Seconds(click.ParamType[float]):
    """A duration: `80ms`, `1.5s`, `10m`, `1h`, `2d` (48 hours), `2w`; a number of seconds inside."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|[smhdw])", str(value), re.ASCII)
        if not found:
            self.fail(f"{value!r} is not a duration such as 80ms, 2s, 10m, 1h, 1d or 2w", param, ctx)
        seconds = float(found[1]) * UNITS[found[2]]
        if seconds > MOST_SECONDS:
            self.fail(f"{value!r} is longer than 100 years", param, ctx)
        return seconds


class AgeType(click.ParamType[Age]):
    """An age: `2y` (years of the calendar), `26w`, `90d`."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Age:
        if isinstance(value, Age):
            return value
        try:
            age = parse_age(str(value))
            age.before(datetime.now(UTC))
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not an age such as 2y, 26w or 90d", param, ctx)
        return age


class Instant(click.ParamType[datetime]):
    """An ISO 8601 instant with its zone: `2026-03-02T15:00:00Z`."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not an instant such as 2026-03-02T15:00:00Z", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"{value!r} has no time zone; write for example {moment:%Y-%m-%dT%H:%M:%S}Z", param, ctx)
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            self.fail(f"{value!r} is outside the range of times", param, ctx)


DAY, BEFORE_A_TIME = r"\d{4}-\d\d-\d\d", r"\d{4}-?\d\d-?\d\d[T ]"
NEITHER = "{!r} is not a day such as 2026-03-02 or an instant such as 2026-03-02T15:00:00Z"


class DayOrInstant(Instant):
    """The same, or a day `2026-03-02`, which stands for its first moment in UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if re.fullmatch(DAY, str(value), re.ASCII):
            day = self.day(str(value), param, ctx)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        if not re.match(BEFORE_A_TIME, str(value), re.ASCII):
            self.fail(NEITHER.format(value), param, ctx)
        return super().convert(value, param, ctx)

    def day(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> date:
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a day of the calendar", param, ctx)


class PeriodEdge(click.ParamType[date]):
    """A day, `2026-03-02`, or an instant with its zone in whole seconds, `2026-03-02T15:00:00Z`."""

    name = "time"
    instant = DayOrInstant()

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        if re.fullmatch(DAY, str(value), re.ASCII):
            return self.day(str(value), param, ctx)
        if not re.match(BEFORE_A_TIME, str(value), re.ASCII):
            self.fail(NEITHER.format(value), param, ctx)
        found = self.instant.convert(value, param, ctx)
        if found.microsecond:
            self.fail(f"{value!r} has a part of a second; write whole seconds", param, ctx)
        return self.in_range(found, str(value), param, ctx)

    def day(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> date:
        return self.in_range(self.instant.day(value, param, ctx), value, param, ctx)

    def in_range(self, found: date, value: str, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if not FIRST_YEAR <= found.year <= LAST_YEAR:
            self.fail(f"{value!r} is not between the years {FIRST_YEAR} and {LAST_YEAR}", param, ctx)
        return found


def chosen_org(ctx: click.Context, _param: click.Parameter, value: str | None) -> str:
    """The org that was named, else the only one there is."""
    if value:
        return value
    from sfdc_escalator.wiring.orgs import only_org

    return only_org(surroundings_of(ctx))


org_option = option(
    "--org",
    callback=chosen_org,
    help="The org: a name in config/orgs.yaml, `env` for SFDC_INSTANCE_URL and SFDC_ACCESS_TOKEN, or sf:ALIAS. "
    "Default: `env` when these are set, else the only org of config/orgs.yaml.",
)
policy_option = option(
    "--policy",
    "policies",
    multiple=True,
    type=FilePath(),
    help="A policy file; repeatable. Default: config/policies/*.yaml.",
)
ledger_option = option(
    "--ledger",
    help="The ledger: a path or a URL. Default: that of the org in config/orgs.yaml, else a file in the state folder.",
)
clock_option = option(
    "--accept-clock",
    is_flag=True,
    help="Accept the org's time although it is more than a day before that of the last run, or a year after it.",
)
json_option = option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
