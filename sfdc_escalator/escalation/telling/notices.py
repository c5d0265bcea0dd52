"""The notices that a match, or the end of an escalation, yields: to whom, when, and in which words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sfdc_escalator.escalation.decisions.match import Match
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.note.note import Renderer
from sfdc_escalator.escalation.note.parts import found_text
from sfdc_escalator.escalation.notices.channels_used import LOG
from sfdc_escalator.escalation.notices.message import Message
from sfdc_escalator.escalation.notices.notice import Notice, NoticeKind, Subject, hash_of, notice_id
from sfdc_escalator.escalation.notices.recipients import Address, Book, Known
from sfdc_escalator.escalation.notices.wording import message_of
from sfdc_escalator.escalation.outbox.digests import next_window
from sfdc_escalator.escalation.policy.escalate import NotePart
from sfdc_escalator.escalation.policy.policy import Route
from sfdc_escalator.escalation.policy.telling import Notify, Recipient
from sfdc_escalator.escalation.telling.saying import Occasion, said
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState

IN_GROUPS = ("start", "rung", "warn")
MOVE_WAITS = (EscalationState.REJECTED, EscalationState.WITHHELD)


@dataclass(frozen=True, slots=True)
class Desk:
    """The facts that every notice of a run needs."""

    known: Known
    instance_url: str
    now: datetime
    render: Renderer

    def notices(self, subject: Subject, occasion: Occasion, wanted: Notify) -> tuple[Notice, ...]:
        """One notice to each recipient; who is notified at once gets no digest about it."""
        book = Book(occasion.policy, occasion.case, self.known)
        message = message_of(said(occasion, subject, self.instance_url, self.now, self.render))
        at_once = book.addresses(wanted.now)
        known = {one.same for one in at_once}
        later = (one for one in book.addresses(wanted.digest) if one.same not in known)
        found = [(one, False) for one in at_once] + [(one, True) for one in later]
        return tuple(self.notice(subject, occasion, message, address, digest) for address, digest in found)

    def notice(self, subject: Subject, occasion: Occasion, message: Message, address: Address, digest: bool) -> Notice:
        policy, per, warn = occasion.policy, occasion.route.one_notice_per, occasion.route.warn
        zone, urgent = address.zone or policy.zone, address.urgent and not digest
        at = next_window(self.now, policy.notices.digest, zone) if digest else self.now
        found = Notice(
            id=notice_id(subject, address.channel, address.to or (address.recipient if address.missing else "")),
            subject=subject,
            recipient=address.recipient,
            channel=address.channel,
            to=address.to,
            urgent=urgent,
            digest=digest,
            queued_at=self.now,
            at=at,
            message=message,
            instead_of=address.instead_of,
            zone=zone.key or "UTC",
            missing=address.missing,
            channel_kind=policy.notices.channels.get(address.channel, LOG),
            comes_at=self.now + warn.before if warn and subject.kind == "warn" else None,
        )
        if per is None or digest or subject.kind not in IN_GROUPS:
            return found
        return replace(found, group=group_of(subject, occasion.case, per.fields), within=per.within)


def group_of(subject: Subject, case: Case, fields: Iterable[str]) -> str:
    """The same for cases with the same values of the fields, in any letter case, at the same step of one route."""
    values = ((case.text_of(path) or "").casefold() for path in fields)
    return hash_of((subject.policy, subject.route, subject.kind, subject.rung, *values))


def notices_of(match: Match, desk: Desk) -> tuple[Notice, ...]:
    """The notices of a start that is planned, and of a rung, also where its move waits. A move that is tried again
    yields none: they were queued before."""
    if match.order is None or not is_notified(match):
        return ()
    wanted = match.rung.notify if match.rung else match.route.notify
    subject, occasion = subject_of(match), occasion_of(match, desk.now)
    return (*desk.notices(subject, occasion, wanted), *about_missing(match, desk))


def is_notified(match: Match) -> bool:
    if match.rung is None:
        return match.state is State.PLANNED
    again = match.escalation is not None and match.escalation.state in MOVE_WAITS
    return not again and match.state in (State.PLANNED, State.WITHHELD, State.REJECTED)


def subject_of(match: Match) -> Subject:
    identity = match.identity
    return Subject(
        kind="rung" if match.rung else "start",
        key=identity.key,
        policy=identity.policy,
        route=match.route.name,
        rung=match.rung.id if match.rung else identity.rung,
        turn=identity.turn,
        start_key=match.start_key or identity.key,
        case_id=identity.case_id,
        case_number=match.case.number,
        until=match.rung.until if match.rung else None,
    )


def occasion_of(match: Match, now: datetime) -> Occasion:
    late = int((now - match.moment).total_seconds()) if match.moment else 0
    about = match.policy, match.route, match.case, match.rung
    return Occasion(*about, match.reason, match.findings, match.due, match.due_text, max(0, late))


def about_missing(match: Match, desk: Desk) -> Iterator[Notice]:
    """The notice to the owner from before about the parts that the note lacks (`tell_owner`)."""
    occasion = occasion_of(match, desk.now)
    missing = [part.name for part in told_parts(occasion) if not found_text(part, occasion.seen)]
    if missing and any(step.is_note for step in match.steps):
        subject = replace(subject_of(match), kind="missing")
        words = tuple(("Missing in the note", name.replace("_", " ")) for name in missing)
        yield from desk.notices(subject, replace(occasion, more=words), Notify((Recipient("person", "Owner"),)))


def may_lack_parts(match: Match) -> bool:
    """True where the note of the match has a part whose absence its owner is notified of."""
    return any(told_parts(Occasion(match.policy, match.route, match.case, match.rung)))


def told_parts(occasion: Occasion) -> Iterator[NotePart]:
    return (part for part in occasion.spec.parts if part.if_missing == "tell_owner")


def subject_of_start(kind: NoticeKind, start: Escalation, route: Route) -> Subject:
    """The subject of a notice about a whole escalation."""
    return Subject(
        kind=kind,
        key=start.key,
        policy=start.policy,
        route=route.name,
        rung=start.rung,
        turn=start.turn,
        start_key=start.key,
        case_id=start.case_id,
        case_number=start.case_number,
    )
