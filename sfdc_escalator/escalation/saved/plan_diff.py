"""The orders that a plan of now would add to a saved one, drop from it, or change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sfdc_escalator.escalation.decisions.order import Order
from sfdc_escalator.escalation.decisions.outcome import Outcome
from sfdc_escalator.escalation.policy.steps import Step
from sfdc_escalator.escalation.saved.plan import PolicyOfPlan

NO_MATCH = "no route matches it as the plan says"
StepFacts = tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Dropped:
    """An order that a plan of now does not have, with the reason."""

    order: Order
    reason: str


@dataclass(frozen=True, slots=True)
class Changed:
    """An order with other steps now, or with another note because its policy is another one. Times are not compared,
    nor the note of a policy that is the same: they change by themselves."""

    saved: Order
    now: Order

    @property
    def has_another_note(self) -> bool:
        return self.saved.note != self.now.note


@dataclass(frozen=True, slots=True)
class PlanDiff:
    """`policies` are those with another digest now, or that are new or gone."""

    added: tuple[Order, ...]
    dropped: tuple[Dropped, ...]
    changed: tuple[Changed, ...]
    policies: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.dropped or self.changed)


def plan_diff(
    saved: Sequence[Order], now: Sequence[Order], ends: Sequence[Outcome], policies: Sequence[str] = ()
) -> PlanDiff:
    """`ends` are all matches of the plan of now, which give the reasons; `policies` those that changed since."""
    old, new = {one.key: one for one in saved}, {one.key: one for one in now}
    return PlanDiff(
        added=tuple(one for key, one in new.items() if key not in old),
        dropped=tuple(Dropped(one, reason_of(one, ends, new)) for key, one in old.items() if key not in new),
        changed=tuple(
            Changed(one, new[key]) for key, one in old.items() if key in new and is_changed(one, new[key], policies)
        ),
        policies=tuple(policies),
    )


def is_changed(saved: Order, now: Order, policies: Sequence[str]) -> bool:
    same_note = saved.note == now.note or saved.identity.policy not in policies
    return facts(saved.steps) != facts(now.steps) or not same_note


def facts(steps: Sequence[Step]) -> list[StepFacts]:
    return [(one.name, None if one.is_note else one.before, None if one.is_note else one.after) for one in steps]


def reason_of(order: Order, ends: Sequence[Outcome], new: Mapping[str, Order]) -> str:
    """The end of its match now; or the order that its case has in its place."""
    of_case = [one for one in ends if one.case_id == order.case_id and one.policy == order.identity.policy]
    about = order.identity.route, order.identity.rung, order.identity.turn
    same = next((one for one in of_case if (one.route, one.rung, one.turn) == about), None)
    if same is not None:
        return f"{same.state.value}: {same.reason}"
    other = next((one for one in of_case if one.key in new), None)
    return f"the route {other.route} matches it now" if other else NO_MATCH


def policies_changed(saved: Sequence[PolicyOfPlan], now: Sequence[PolicyOfPlan]) -> tuple[str, ...]:
    """The names of the policies that differ."""
    return tuple(sorted({name for name, _ in set(saved) ^ set(now)}))
