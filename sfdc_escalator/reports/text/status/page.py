"""The state of a ledger."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sfdc_escalator.escalation.world.escalation import Escalation
from sfdc_escalator.escalation.world.waitlist import Waiting
from sfdc_escalator.pipeline.read_models.ledger_status import LedgerStatus, RunRecord
from sfdc_escalator.reports.page import PLAIN, Page
from sfdc_escalator.reports.text.notices import last_and_next_lines, undelivered_lines
from sfdc_escalator.reports.text.status.open_escalations import more, open_lines, subject, summary
from sfdc_escalator.reports.text.waiting import waiting_lines
from sfdc_escalator.reports.values import counted, instant, visible

MOST_LISTED = 20
MOST_NUMBERS = 8


def silence(status: LedgerStatus, now: datetime, expected: timedelta) -> str | None:
    """For how long no run was recorded; None when a run is not overdue."""
    if status.last_run is None:
        return "no live run yet"
    started = status.last_run.started
    since = now - started
    return f"no run since {instant(started)} ({duration(since)})" if since > expected else None


def duration(time: timedelta) -> str:
    minutes = int(time.total_seconds()) // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    return f"{days} d {hours} h" if days else f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def status_text(status: LedgerStatus, silent: str | None, page: Page = PLAIN) -> str:
    """The page. A quiet one holds only what needs a person, and is empty where nothing does."""
    return "\n".join(urgent_lines(status, silent, page) if page.is_quiet else lines(status, silent, page))


def lines(status: LedgerStatus, silent: str | None, page: Page) -> Iterator[str]:
    yield from summary(status)
    if silent:
        yield page.paint(f"! {silent}", "red")
    yield f"Ledger {visible(status.where)}"
    if status.now:
        yield f"As of {instant(status.now)}"
    yield from open_lines(status, page)
    yield from waiting(status, page)
    yield from listed("not settled yet", "unknown", status.unsettled, page)
    yield from listed("rejected", "rejected", status.rejected, page)
    yield from notices(status, page)
    yield from checked(status, page)
    yield from last_runs(status)
    if status.review_overdue:
        yield visible(f"Review overdue: {', '.join(status.review_overdue)}")


def urgent_lines(status: LedgerStatus, silent: str | None, page: Page) -> Iterator[str]:
    """The parts that need a person."""
    if silent:
        yield page.paint(f"! {silent}", "red")
    yield from waiting(status, page)
    yield from listed("not settled yet", "unknown", status.unsettled, page)
    yield from listed("rejected", "rejected", status.rejected, page)
    yield from undelivered_lines(status.outbox, page)
    if status.check and status.check.problems:
        yield from checked(status, page)


def notices(status: LedgerStatus, page: Page) -> Iterator[str]:
    """The notices that wait, those of them that come next, and those that were sent last."""
    if status.outbox.waiting:
        yield f"{counted(status.outbox.waiting, 'notice')} waiting"
    yield from last_and_next_lines(status.notices)
    yield from undelivered_lines(status.outbox, page)


def checked(status: LedgerStatus, page: Page) -> Iterator[str]:
    """The escalations that the self-check names, where it was asked for."""
    if status.check is None:
        return
    problems, subjects = status.check.problems, {one.start.key: subject(one) for one in status.escalations}
    found = page.paint(f"{len(problems):,} forgotten:", "red") if problems else "none is forgotten"
    yield f"Self-check of {counted(status.check.open, 'open escalation')}: {found}"
    for one in page.first(problems, MOST_LISTED):
        yield visible(f"  {one.key} {subjects.get(one.key, '')}: {one.why}")
    yield from more(len(problems), "  ", page, "status --check")


def last_runs(status: LedgerStatus) -> Iterator[str]:
    last, success = status.last_run, status.last_success
    if last:
        yield f"Last run {last.run} at {instant(last.started)} on {visible(last.host)}: {outcome(last)}"
    if success and last and success.run != last.run:
        yield f"Last run with exit code 0: {success.run} at {instant(success.started)}"


def waiting(status: LedgerStatus, page: Page) -> Iterator[str]:
    """The things that wait for a person and are not listed below; then the withheld routes."""
    below = {one.key for one in (*status.unsettled, *status.rejected)}
    withheld = [one for one in status.waiting if one.state == "withheld"]
    others = [one for one in status.waiting if one.state != "withheld" and not (one.key and one.key in below)]
    most = len(status.waiting) if page.everything else MOST_LISTED
    if others or status.more_waiting:
        yield page.state("waiting", f"{len(others) + status.more_waiting} waiting for a person:")
        yield from waiting_lines(others, status.more_waiting, most)
    if withheld:
        yield page.state("withheld", f"{counted(len(withheld), 'route')} withheld:")
        for one in withheld[:most]:
            yield from waiting_lines([one], 0, 1)
            yield from (visible(f"    {line}") for line in numbers(one))
        yield from waiting_lines([], len(withheld[most:]), 0)


def numbers(one: Waiting) -> Iterator[str]:
    """The case numbers of a withheld route."""
    if one.numbers:
        shown = one.numbers[:MOST_NUMBERS]
        more = f" and {one.cases - len(shown):,} more" if one.cases > len(shown) else ""
        yield f"{'case' if one.cases == 1 else 'cases'} {', '.join(shown)}{more}"


def listed(title: str, state: str, escalations: Sequence[Escalation], page: Page) -> Iterator[str]:
    shown = page.first(escalations, MOST_LISTED)
    if escalations:
        yield page.state(state, f"{len(escalations)} {title}:")
        yield from (f"  {escalation_line(one)}" for one in shown)
    if len(escalations) > len(shown):
        yield f"  ... and {len(escalations) - len(shown)} more: sfdc-escalator status --all"


def outcome(record: RunRecord) -> str:
    if record.result is None:
        return "still running, or killed before its end"
    error = f" ({record.result['error']})" if "error" in record.result else ""
    counts = [f"{count} {name}" for name, count in record.result.items() if name not in ("exit", "error") and count]
    if not counts and record.exit == 0:
        counts = ["nothing to do"]
    return visible(", ".join([f"exit {record.exit}{error}", *counts]))


def escalation_line(escalation: Escalation) -> str:
    again = escalation.try_again_at()
    next_try = f"; next try at {instant(again)}" if again else ""
    subject = f"{escalation.key} case {escalation.case_number} {escalation.policy}/{escalation.route}"
    return visible(f"{subject}: {escalation.message or escalation.state.value}{next_try}")
