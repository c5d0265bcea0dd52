"""Notices: those of a plan and of a run, those of a ledger, one of them, and the answer of a channel that was tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sfdc_escalator.escalation.notices.notice import Notice
from sfdc_escalator.escalation.outbox.posting import Sender
from sfdc_escalator.escalation.outbox.queued import NoticeState, OutboxCounts, Queued
from sfdc_escalator.escalation.world.keys import FIRST_RUNG
from sfdc_escalator.pipeline.ports.channel import Delayed, Delivered, Unanswered
from sfdc_escalator.pipeline.read_models.notices import LastAndNext, NoticeEvent, NoticeList, ShownNotice, short
from sfdc_escalator.reports.json.notices import message_text, sender_of, text_of
from sfdc_escalator.reports.page import PLAIN, Page
from sfdc_escalator.reports.values import counted, visible

if TYPE_CHECKING:  # `status` loads little
    from sfdc_escalator.pipeline.notify.trial import Tried
    from sfdc_escalator.pipeline.run import Result
    from sfdc_escalator.pipeline.saved.result import SavedResult

MOST_LISTED = 20
TO_DO = "see `sfdc-escalator notices list`; then `notices retry`, or `notices drop --why W`"


# -- of a plan and of a run --------------------------------------------------------------------------------------------


def planned_lines(result: Result, org: str, page: Page = PLAIN) -> Iterator[str]:
    """The notices that a run would queue now, each with its recipient and its whole text."""
    planned = result.notices_planned
    if not planned:
        return
    sender = sender_of(result, org)
    yield ""
    yield f"{counted(len(planned), 'notice')}:"
    if sender.sandbox:
        yield "(a sandbox: only addresses of the org's own entry are used, for persons `sandbox_to`, else the log)"
    shown = page.first(planned, MOST_LISTED)
    for one in shown:
        yield from planned_notice(one, sender, result.prepared.plan.now)
    if len(planned) > len(shown):
        yield f"  ... and {len(planned) - len(shown):,} more: --all"


def planned_notice(one: Notice, sender: Sender, now: datetime) -> Iterator[str]:
    when = f" at {minute(one.at)}" if one.at > now else ""
    if one.missing:
        yield visible(f"  ! {subject(one)}: nobody can be reached: {one.missing}")
    else:
        yield visible(f"  {subject(one)} to {address(one)}{when}")
    yield from texts(text_of(one, sender))


def sent_lines(result: Result | SavedResult, page: Page = PLAIN) -> Iterator[str]:
    """The notices that the run sent, those that wait after it, and what is to be done."""
    post, counts = result.post, result.post.counts
    found = {"sent": post.sent, "waiting": counts.waiting, "dropped": post.dropped, "undelivered": counts.undelivered}
    parts = [f"{count:,} {name}" for name, count in found.items() if count]
    if parts:
        yield ""
        yield f"Notices: {', '.join(parts)}"
    yield from (page.paint(visible(f"! {problem}"), "yellow") for problem in post.problems)
    yield from undelivered_lines(counts, page)


def undelivered_lines(counts: OutboxCounts, page: Page = PLAIN) -> Iterator[str]:
    if counts.undelivered:
        shown = page.state("undelivered", f"! {counted(counts.undelivered, 'notice')} undelivered")
        yield f"{shown}: {TO_DO}"


# -- of a ledger -------------------------------------------------------------------------------------------------------


def list_text(found: NoticeList, page: Page = PLAIN) -> str:
    """The notices, each with its state and time, its subject and recipient, and the reason of its state."""
    listed = [one for one in found.notices if not page.is_quiet or one.state is NoticeState.UNDELIVERED]
    if not listed:
        return "" if page.is_quiet else f"The ledger {visible(found.where)} has no notices."
    counts = f"{found.counts.waiting:,} waiting, {found.counts.undelivered:,} undelivered"
    return "\n".join(
        [counts, f"Ledger {visible(found.where)}", "", *(line for one in listed for line in row_lines(one, page))]
    )


def row_lines(one: Queued, page: Page) -> Iterator[str]:
    state = page.state(one.state.value, f"{one.state.value:<11}")
    yield f"{short(one.id)}  {state}  {minute(time_of(one))}  {visible(subject(one.notice))}"
    yield visible(f"    to {address(one.notice)}{f': {one.reason}' if one.reason else ''}")


def last_and_next_lines(found: LastAndNext) -> Iterator[str]:
    """The last notices and the next ones, a line each."""
    for title, some in (("last notices", found.last), ("next notices", found.next)):
        if some:
            yield f"{title}:"
            yield from (visible(f"  {line_of(one)}") for one in some)


def line_of(one: Queued) -> str:
    reason = f" ({one.reason})" if one.reason else ""
    about = f"{one.state.value}: {subject(one.notice)} to {address(one.notice)}{reason}"
    return f"{short(one.id)}  {minute(time_of(one))}  {about}"


def time_of(one: Queued) -> datetime:
    """The time at which it ended, or from which on it may be sent."""
    if one.state in (NoticeState.INTENDED, NoticeState.WAITING, NoticeState.SENDING):
        return one.at
    return one.sent_at or one.last_try or one.notice.queued_at


def subject(one: Notice) -> str:
    """`start of support/urgent, case 00000001`"""
    about = one.subject
    rung = "" if about.rung in ("", FIRST_RUNG) else f"/{about.rung}"
    turn = f" ({about.turn})" if about.turn > 1 else ""
    case = f", case {about.case_number}" if about.case_number else ""
    return f"{about.kind} of {about.policy}/{about.route}{rung}{turn}{case}"


def address(one: Notice) -> str:
    """`leads by desk, urgent`"""
    to = f" ({one.to})" if one.to and one.to != one.recipient else ""
    how = [f"{one.recipient}{to} by {one.channel}" if one.channel else one.recipient]
    return ", ".join(how + ["urgent"] * one.urgent + ["digest"] * one.digest)


# -- one notice --------------------------------------------------------------------------------------------------------


def show_text(shown: ShownNotice, org: str) -> str:
    return "\n".join(show_lines(shown, org))


def show_lines(shown: ShownNotice, org: str) -> Iterator[str]:
    one = shown.notice
    yield visible(f"notice {one.id}: {one.state.value}, {subject(one.notice)}")
    yield visible(f"to {address(one.notice)}")
    if one.notice.instead_of:
        yield visible(f"instead of {one.notice.instead_of}")
    if one.state is NoticeState.WAITING:
        yield f"the next run after {minute(one.at)} sends it"
    if shown.beside:
        others = ", ".join(short(other.id) for other in shown.beside[:MOST_LISTED])
        yield f"one message with {counted(len(shown.beside), 'other notice')}: {others}"
    text = message_text(shown, org)
    yield "its text was erased" if text is None else ""
    yield from texts(text or "")
    yield ""
    yield from (visible(f"  {event_line(event)}") for event in shown.events)


def event_line(event: NoticeEvent) -> str:
    by = f" by {event.by}" if event.by else ""
    return f"{minute(event.at)}  {event.event}{by}{f': {event.reason}' if event.reason else ''}"


def texts(text: str) -> Iterator[str]:
    return (f"    | {visible(line)}" for line in text.splitlines())


def minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


# -- by hand -----------------------------------------------------------------------------------------------------------


def retried_text(again: Sequence[Queued], left: Sequence[Queued]) -> str:
    lines = [f"{counted(len(again), 'notice')} will be sent by the next run."] if again else []
    lines += [f"  {short(one.id)}  {subject(one.notice)} to {address(one.notice)}" for one in again]
    if left:
        lines.append(f"! {counted(len(left), 'notice')} without an address: call the people, then drop them")
        lines += [f"  {short(one.id)}  {subject(one.notice)}: {one.reason}" for one in left]
    return "\n".join(map(visible, lines)) or "No notice is undelivered: there is nothing to retry."


def dropped_text(dropped: Sequence[Queued]) -> str:
    lines = [f"{counted(len(dropped), 'notice')} dropped."] if dropped else []
    lines += [f"  {short(one.id)}  {subject(one.notice)} to {address(one.notice)}" for one in dropped]
    return "\n".join(map(visible, lines)) or "No notice is undelivered: there is nothing to drop."


def tried_text(tried: Tried, org: str) -> str:
    """The answer of the channel, and where the message went."""
    to = f" to {tried.to}" if tried.to else ""
    answer = tried.answer
    if isinstance(answer, Delivered) and tried.by != tried.kind:
        return visible(f"It went to the log alone: the org {org} gives no address for the channel {tried.channel}.")
    if isinstance(answer, Delivered):
        reference = f" ({answer.reference})" if answer.reference else ""
        return visible(f"The channel {tried.channel} ({tried.kind}) took the message{to}{reference}.")
    more = " It may be delivered all the same." if isinstance(answer, Unanswered) else ""
    more += " A run would try again." if isinstance(answer, Delayed) else ""
    return visible(f"The channel {tried.channel} ({tried.kind}) did not take the message{to}: {answer.reason}.{more}")
