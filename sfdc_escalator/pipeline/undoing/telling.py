"""The notices about an undo: to those who were notified of what is taken back, by the same channels."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sfdc_escalator.escalation.note.note import Renderer
from sfdc_escalator.escalation.notices.notice import Notice, Subject, notice_id
from sfdc_escalator.escalation.notices.wording import Said, message_of
from sfdc_escalator.escalation.outbox.queued import NoticeState, Queued
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.telling.saying import Occasion, said
from sfdc_escalator.escalation.undoing.note import facts, why_in
from sfdc_escalator.escalation.undoing.undo import Undo
from sfdc_escalator.escalation.world.case import Case

BEFOREHAND = ("warn", "guard", "undone")
"""The kinds that are not about an escalation that began."""


@dataclass(frozen=True, slots=True)
class Teller:
    """The facts that all these notices need. `names` are those of users and queues by id."""

    policies: Sequence[Policy]
    instance_url: str
    now: datetime
    render: Renderer
    names: Mapping[str, str]

    def notices(self, undo: Undo, case: Case, about: Iterable[Queued]) -> tuple[Notice, ...]:
        """One notice for each address that was notified of this start, or of this turn of a rung."""
        reached: dict[tuple[str, str], Notice] = {}
        for one in about:
            if is_of(one, undo) and is_heard(one):
                key = (one.notice.channel, one.notice.to.lower())
                urgent = one.notice.urgent or (key in reached and reached[key].urgent)
                reached[key] = replace(one.notice, urgent=urgent)
        subject = subject_of(undo, case)
        message = message_of(self.said(undo, subject, case))
        return tuple(
            replace(
                one,
                id=notice_id(subject, one.channel, one.to),
                subject=subject,
                digest=False,
                queued_at=self.now,
                at=self.now,
                message=message,
                group="",
                missing="",
            )
            for one in reached.values()
        )

    def said(self, undo: Undo, subject: Subject, case: Case) -> Said:
        by = undo.order.by if undo.order else ""
        more = (("Undone by", by), *(("", line) for line in facts(undo.put_back, self.names)))
        reason = f"It was escalated in error and is put back: {why_in(undo.order.note if undo.order else '')}"
        policy = next((one for one in self.policies if one.name == subject.policy), None)
        route = next((one for one in policy.routes if subject.route in one.names), None) if policy else None
        if policy is None or route is None:
            url = f"{self.instance_url}/lightning/r/Case/{case.id}/view" if self.instance_url else ""
            return Said(subject, must_say={"reason": reason}, more=more, case_url=url)
        whole = said(Occasion(policy, route, case, reason=reason), subject, self.instance_url, self.now, self.render)
        must_say = {**whole.must_say, "reason": reason}
        return replace(whole, reason=reason, must_say=must_say, needed="", body="", due=None, due_text="", more=more)


def is_of(one: Queued, undo: Undo) -> bool:
    subject, target = one.notice.subject, undo.target
    is_ours = target.key in (subject.key, subject.start_key) if target.is_start else subject.key == target.key
    return is_ours and subject.kind not in BEFOREHAND


def is_heard(one: Queued) -> bool:
    """True where its recipient has the notice, or may get it still."""
    is_open = one.state in (NoticeState.WAITING, NoticeState.SENDING)
    return one.state is NoticeState.SENT or one.repeats > 0 or (is_open and one.is_fixed)


def subject_of(undo: Undo, case: Case) -> Subject:
    target = undo.target
    return Subject(
        kind="undone",
        key=undo.key,
        policy=target.policy,
        route=target.route,
        rung=target.rung,
        turn=target.turn,
        start_key=target.key if target.is_start else target.start_key,
        case_id=case.id,
        case_number=case.number,
    )
