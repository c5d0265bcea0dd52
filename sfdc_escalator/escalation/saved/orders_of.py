"""The orders of a saved plan from their JSON values: an order is sent as it stands here, so each value is checked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sfdc_escalator.escalation.decisions.order import Order
from sfdc_escalator.escalation.decisions.order_json import order_of
from sfdc_escalator.escalation.note.note import MOST_BYTES, size
from sfdc_escalator.escalation.notices.notice import Notice
from sfdc_escalator.escalation.policy.steps import FIELD_OF, NOTE, Step, StepState
from sfdc_escalator.escalation.saved.values import count, maybe_text, record, sound, text
from sfdc_escalator.escalation.world.case import ATTRIBUTES
from sfdc_escalator.escalation.world.escalation import Escalation
from sfdc_escalator.escalation.world.ladder_facts import LadderFacts

IN_ORDER = (NOTE, *FIELD_OF)


def orders_of(
    found: Sequence[Mapping[str, Any]], organization_id: str, notices: Mapping[str, tuple[Notice, ...]]
) -> Iterator[Order]:
    """Raises ValueError with the number of the order."""
    keys: set[str] = set()
    cases: set[str] = set()
    for number, one in enumerate(found, 1):
        try:
            record(one["case_id"], "500")  # before the key, which follows from it
            order = order_of(one)
            check(order, organization_id)
            if order.key in keys:
                raise ValueError(f"the key {order.key} stands twice")
            if order.writes and order.case_id in cases:
                raise ValueError(f"the case {order.case_id} is written twice")
        except ValueError as error:
            raise ValueError(f"order {number}: {error}") from error
        keys.add(order.key)
        cases |= {order.case_id} if order.writes else set()
        yield replace(order, notices=notices.get(order.key, ()))


def check(order: Order, organization_id: str) -> None:
    """Raises ValueError for an order that no plan makes."""
    if order.identity.organization_id != organization_id:
        raise ValueError(f"it is for the org {order.identity.organization_id!r:.40}, the plan for {organization_id}")
    about = order.case_number, order.policy_digest, order.reason, order.owner_name, order.start_key
    for one in (*about, *order.findings, *order.locks, *(order.post or ())):
        text(one)
    if not isinstance(order.published, bool) or not isinstance(order.together, bool):
        raise ValueError("`published` and `together` are true or false")
    for one in (*order.takes_over, *order.skips, *([order.ladder_after] if order.ladder_after else ())):
        check_escalation(one)
    if count(order.identity.turn) < 1 or count(order.identity.episode) < 1:
        raise ValueError("a turn or an episode is less than 1")
    check_facts(order)
    check_steps(order)
    check_note(order)


def check_facts(order: Order) -> None:
    """The times, counts, and facts for reports."""
    counted = order.counted
    for at in (order.due, order.moment):
        sound(at)
    check_ladder(order.ladder)
    for number in (order.rejections, order.deferrals):
        count(number)
    for one in (counted.team, counted.counts_as, *dict(counted.values)):
        text(one)
    for value in counted.values.values():
        maybe_text(value)
    if not isinstance(counted.watched, bool):
        raise ValueError("`watched` is true or false")


def check_ladder(ladder: LadderFacts | None) -> None:
    if ladder is None:
        return
    for at in (ladder.started, ladder.due, ladder.exhausted, ladder.acknowledged and ladder.acknowledged.at):
        sound(at)
    for moved in ladder.moved.values():
        sound(sound(moved.base) + moved.time)


def check_escalation(one: Escalation) -> None:
    for name in (one.key, one.policy, one.route, one.rung, one.message, one.case_number, one.start_key):
        text(name)
    record(one.case_id, "500")
    for number in (one.episode, one.turn, one.attempts):
        count(number)
    for at in (one.tried_at, one.ended_at, one.moment):
        sound(at)
    check_ladder(one.ladder)
    for value in (*(one.before or {}).values(), *(one.wrote or {}).values()):
        maybe_text(value)


def check_steps(order: Order) -> None:
    names = [step.name for step in order.steps]
    if names != [name for name in IN_ORDER if name in names]:
        raise ValueError(f"the steps {', '.join(names)} are not each once in the order {', '.join(IN_ORDER)}")
    if not order.before.keys() >= ATTRIBUTES.keys():
        raise ValueError("`before` lacks one of owner, status, priority")
    for value in order.before.values():
        maybe_text(value)
    for step in order.steps:
        check_step(step, order)


def check_step(step: Step, order: Order) -> None:
    text(step.reason)
    if step.state is StepState.PLANNED and not text(step.after):
        raise ValueError(f"the step {step.name} has no value")
    maybe_text(step.after)
    if step.is_note:
        return
    field = FIELD_OF[step.name]
    if step.before != order.before[field]:
        raise ValueError(f"the step {step.name} begins at {step.before!r:.60}, the case at {order.before[field]!r:.60}")
    if field == "OwnerId":
        record(step.after, "00G", "005")


def check_note(order: Order) -> None:
    """The key on the last line makes an escalation happen once."""
    note = order.note
    if not note:
        if order.writes:
            raise ValueError("it changes the case without a note")
        return
    if note.rstrip().splitlines()[-1:] != [order.identity.line]:
        raise ValueError(f"the last line of its note is not {order.identity.line!r}")
    if size(note) > MOST_BYTES:
        raise ValueError(f"its note is longer than {MOST_BYTES} bytes")
