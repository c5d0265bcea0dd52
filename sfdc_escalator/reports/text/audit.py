"""The audit trail."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from sfdc_escalator.errors import counted
from sfdc_escalator.escalation.notices.notice_json import message_from
from sfdc_escalator.escalation.notices.pages import plain_text
from sfdc_escalator.escalation.world.keys import FIRST_RUNG
from sfdc_escalator.pipeline.read_models.audit_trail import (
    AuditEvent,
    Erasure,
    EscalationEntry,
    OrgPruned,
    Pruning,
    Verification,
)
from sfdc_escalator.reports.page import PLAIN, Page
from sfdc_escalator.reports.terminal import table
from sfdc_escalator.reports.values import instant, visible

ERASED = "(erased)"
MOST_NAMED = 5
OLD_BACKUPS = "Backups of the ledger that were made before still hold what was pruned; they are yours to remove"
BACKUPS = "Backups of the ledger that were made before still hold the texts; they are yours to remove"
SERVER = "So do the server's log (WAL) and its archive, replicas and dumps, and dead rows until a VACUUM"
ELSEWHERE = "Not touched: notes and messages that are sent already, saved plans, reports and logs"
NOT_SHOWN = ("about", "kept")
HOLDS = {"message": "escalation", "why": "facts"}
"""The member of a body that holds this text; the others are members themselves."""
WITH_RUN = 100
"""Columns of a page that has room for the run of each escalation."""


def list_text(
    where: str, entries: Sequence[EscalationEntry], page: Page = PLAIN, *, filtered: bool = False, cut: bool = False
) -> str:
    """`cut` says that the ledger has more of them."""
    if not entries:
        return f"The ledger {visible(where)} has no escalations{' like these' if filtered else ''}."
    states = Counter(one.state for one in entries)
    counts = ", ".join(f"{count:,} {page.state(visible(state))}" for state, count in states.most_common())
    policies = {one.policy for one in entries}
    only = policies.pop() if len(policies) == 1 else None
    columns = ["Key", "Case", "State", "Last event UTC", "Route", "Run"]
    rows = [
        [one.key, one.case_number, one.state, f"{one.at:%Y-%m-%d %H:%M}", route_of(one, only), one.run]
        for one in entries
    ]
    if page.width < WITH_RUN:
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    of = f" of {visible(only)}" if only else ""
    many = counted(len(entries), "escalation")
    head = f"The newest {many}{of} (more of them: --limit N, or --all): {counts}" if cut else f"{many}{of}: {counts}"
    return "\n".join([head, f"Ledger {visible(where)}", table(columns, rows, page=page)])


def route_of(one: EscalationEntry, only: str | None = None) -> str:
    """The policy, unless it is the only one, and the route; of a turn of a rung also the rung."""
    rung = "" if one.rung == FIRST_RUNG else f"/{one.rung}"
    return ("" if one.policy == only else f"{one.policy}/") + one.route + rung


def show_text(events: Sequence[AuditEvent]) -> str:
    return "\n".join(line for event in events for line in event_lines(event))


def event_lines(event: AuditEvent) -> Iterator[str]:
    yield f"{instant(event.at)}  {event.event.upper():<10}  #{event.seq}  {event.hash[:16]}"
    for path, value in leaves({name: part for name, part in with_texts(event).items() if name not in NOT_SHOWN}):
        yield f"    {visible(path)}: {visible(value)}"
    for line in note_of(event).splitlines():
        yield f"    | {visible(line)}"


def with_texts(event: AuditEvent) -> Mapping[str, Any]:
    """The body with the texts that it holds as salted hashes."""
    body = dict(event.body)
    for name, text in event.texts.items():
        within, shown = HOLDS.get(name), ERASED if text is None else text
        if within is None:
            body[name] = shown
        elif isinstance(body.get(within), Mapping):
            body[within] = {**body[within], name: shown}
    return body


def note_of(event: AuditEvent) -> str:
    """The text that is kept apart; of a notice its message as people read it."""
    if event.event == "notice_queued" and event.note:
        with suppress(ValueError, RecursionError):  # it was changed
            return plain_text(message_from(json.loads(event.note), ""))
    if event.note is None and "note" in event.body.get("kept", ()):
        return ERASED
    return event.note or ""


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The values of an event that are not empty, with their paths."""
    if isinstance(value, Mapping):
        for name, part in sorted(value.items()):
            yield from leaves(part, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for part in value:
            yield path, part if isinstance(part, str) else json.dumps(part, ensure_ascii=False)
    elif value not in (None, ""):
        yield path, str(value)


def verify_text(where: str, found: Verification, page: Page = PLAIN) -> str:
    if page.is_quiet and not found.problems:
        return ""
    verdict = page.paint("BROKEN: it was changed or damaged", "red") if found.problems else page.paint("whole", "green")
    idle = f" and {counted(found.idle_runs, 'idle run')}" if found.idle_runs else ""
    before = f", pruned before {max(one.before for one in found.pruned):%Y-%m-%d}" if found.pruned else ""
    events = counted(found.events, "event") + idle + before
    conclusion = f"The audit trail of {visible(where)} is {verdict}: {events}, head {found.head or 'none'}"
    if found.erased:
        names = ", ".join(map(visible, found.erased[:MOST_NAMED])) + (", ..." if len(found.erased) > MOST_NAMED else "")
        conclusion += f"\nErased, as events record it: the texts of {counted(len(found.erased), 'case')} ({names})"
    if found.pruned:
        conclusion += f"\nPruned, as events record it: {pruned_of(found.pruned)}"
    if not found.events and not found.problems:
        conclusion = (
            f"The audit trail of {visible(where)} is empty: no run has used this ledger yet, or all its rows were "
            "removed. To find out, verify with --head and the `audit_head` of an earlier run"
        )
    return "\n".join([*(f"! {visible(problem)}" for problem in found.problems), conclusion])


def pruned_of(some: Sequence[OrgPruned]) -> str:
    """The sums of what was removed."""
    total = [sum(numbers) for numbers in zip(*(one[1:-1] for one in some), strict=True)]
    nouns = ("escalation", "event", "text", "notice", "idle run")
    escalations, *rest, idle = (counted(*one) for one in zip(total, nouns, strict=True))
    return f"{', '.join(rest)} of {escalations}; {idle}"


def pruned_text(done: Pruning) -> str:
    return "\n".join(pruned_lines(done))


def pruned_lines(done: Pruning) -> Iterator[str]:
    day, where = f"{done.before:%Y-%m-%d}", visible(done.where)
    if not done.pruned:
        yield f"Nothing to prune in {where}: no escalation ended before {day}, and no idle runs are older"
        yield from [f"! {visible(done.not_cleaned)}"] if done.not_cleaned else []
        return
    yield f"Pruned before {day}, from {where}: {pruned_of(done.pruned)}"
    yield "Keys, routes, case ids and ends stay: no case is escalated again, and `audit verify` proves the gaps"
    if done.not_cleaned:
        yield f"! {visible(done.not_cleaned)}"
    yield f"{OLD_BACKUPS}{': ' if done.copies else ''}{', '.join(map(visible, done.copies))}"
    if done.is_on_a_server:
        yield SERVER


def erased_text(done: Erasure) -> str:
    return "\n".join(erased_lines(done))


def erased_lines(done: Erasure) -> Iterator[str]:
    case = f"case {visible(done.case_number or done.case_id)}"
    if done.erased_before:
        yield f"The texts of {case} are already erased, since {done.erased_before}; none came since then"
    else:
        texts = f"{counted(done.texts, 'text')} with their salts"
        yield f"The texts of {case} are erased: {texts}, from {visible(done.where)}"
    if merged := [visible(one) for one in done.case_ids if one != done.case_id]:
        yield f"So are those of the cases merged with it, whose escalations are the same: {', '.join(merged)}"
    if done.in_the_clear:
        yield (
            f"! {counted(done.in_the_clear, 'event')} of an older version of this program hold a reason or a message "
            "in words. They are part of the chain, which is never changed, and stay"
        )
    if done.not_cleaned:
        yield f"! {visible(done.not_cleaned)}"
    yield f"{BACKUPS}{': ' if done.copies else ''}{', '.join(map(visible, done.copies))}"
    if done.is_on_a_server:
        yield SERVER
    yield ELSEWHERE
