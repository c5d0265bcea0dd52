"""How things stand, as text and as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from sfdc_escalator.escalation.world.history import Escalation
from sfdc_escalator.reports.run_json import instant
from sfdc_escalator.reports.words import counted

MOST_LISTED = 20


class Ran(Protocol):
    @property
    def run(self) -> str: ...
    @property
    def organization_id(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def started(self) -> datetime: ...
    @property
    def finished(self) -> datetime | None: ...
    @property
    def result(self) -> Mapping[str, Any] | None: ...
    @property
    def exit(self) -> int | None: ...


class Standing(Protocol):
    @property
    def where(self) -> str: ...
    @property
    def last(self) -> Ran | None: ...
    @property
    def success(self) -> Ran | None: ...
    @property
    def open(self) -> int: ...
    @property
    def unsettled(self) -> Sequence[Escalation]: ...
    @property
    def rejected(self) -> Sequence[Escalation]: ...


def silence(standing: Standing, now: datetime, expected: timedelta) -> str | None:
    """How long there has been no run, where that is too long; None while all is well."""
    if standing.last is None:
        return "no live run yet"
    since = now - standing.last.started
    return f"no run since {instant(standing.last.started)} ({long(since)})" if since > expected else None


def long(time: timedelta) -> str:
    minutes = int(time.total_seconds()) // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    return f"{days} d {hours} h" if days else f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def status_json(standing: Standing, silent: str | None) -> dict[str, Any]:
    return {
        "ledger": standing.where,
        "last_run": run_of(standing.last),
        "last_success": run_of(standing.success),
        "silent": silent,
        "open": standing.open,
        "unsettled": [past_json(one) for one in standing.unsettled],
        "rejected": [past_json(one) for one in standing.rejected],
    }


def run_of(ran: Ran | None) -> dict[str, Any] | None:
    if ran is None:
        return None
    return {
        "run": ran.run,
        "organization_id": ran.organization_id,
        "host": ran.host,
        "started": instant(ran.started),
        "finished": instant(ran.finished) if ran.finished else None,
        **(ran.result or {"exit": None}),
    }


def past_json(escalation: Escalation) -> dict[str, Any]:
    again = escalation.try_again_at()
    return {
        "key": escalation.key,
        "case_number": escalation.case_number,
        "policy": escalation.policy,
        "route": escalation.route,
        "state": escalation.state.value,
        "message": escalation.message,
        "try_again_at": instant(again) if again else None,
    }


def status_text(standing: Standing, silent: str | None) -> str:
    return "\n".join(lines(standing, silent))


def lines(standing: Standing, silent: str | None) -> Iterator[str]:
    yield f"Ledger {standing.where}"
    if silent:
        yield f"! {silent}"
    if standing.last:
        last = standing.last
        yield f"Last run {last.run} at {instant(last.started)} on {last.host}: {end(last)}"
    if standing.success and standing.last and standing.success.run != standing.last.run:
        yield f"Last run with exit code 0: {standing.success.run} at {instant(standing.success.started)}"
    yield counted(standing.open, "open escalation")
    for title, some in (("not settled yet", standing.unsettled), ("rejected", standing.rejected)):
        if some:
            yield f"{len(some)} {title}:"
            yield from (f"  {told(one)}" for one in some[:MOST_LISTED])
            if len(some) > MOST_LISTED:
                yield f"  ... and {len(some) - MOST_LISTED} more: sfdc-escalator audit list"


def end(ran: Ran) -> str:
    if ran.result is None:
        return "at work, or killed before its end"
    about = {name: count for name, count in ran.result.items() if name not in ("exit", "error") and count}
    counts = ", ".join(f"{count} {name}" for name, count in about.items())
    said = f"exit {ran.exit}" + (f" ({ran.result['error']})" if "error" in ran.result else "")
    return f"{said}, {counts}" if counts else f"{said}, nothing to do" if ran.exit == 0 else said


def told(escalation: Escalation) -> str:
    again = escalation.try_again_at()
    when = f"; tried again at {instant(again)}" if again else ""
    what = f"{escalation.key} case {escalation.case_number} {escalation.policy}/{escalation.route}"
    return f"{what}: {escalation.message or escalation.state.value}{when}"
