"""The case as it would be without our own steps, which must not make a route match."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.comparison import fold
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.tree import could_hold
from sfdc_escalator.escalation.policy.ladder import Rung
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS, FieldStep, StepValue, every
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.needs import Need
from sfdc_escalator.escalation.world.org import Target

OWNER = "OwnerId"


def in_doubt(
    escalations: Iterable[Escalation], case: Case, policies: Sequence[Policy], targets: Mapping[str, Target]
) -> frozenset[Need]:
    """The fields of the case that may hold our own values: those that the steps of an escalation found in the org
    would write, where the case has such a value; of a route or rung that is not known, all fields that steps write."""
    fields = {name for one in escalations if one.is_found for name in may_have_written(one, case, policies, targets)}
    return frozenset(fields) | (owner_paths(case) if OWNER in fields else frozenset())


def may_have_written(
    escalation: Escalation, case: Case, policies: Sequence[Policy], targets: Mapping[str, Target]
) -> Iterator[str]:
    routes = (route for policy in policies if policy.name == escalation.policy for route in policy.routes)
    route = next((one for one in routes if escalation.route in one.names), None)
    carries_out = acting(route, escalation) if route else None
    for step in FIELD_STEPS:
        wanted = carries_out.escalate.steps.get(step.key) if carries_out and carries_out.escalate else None
        if carries_out is None or fold(case.text_of(step.field) or "") in values_of(step, wanted, targets):
            yield step.field


def acting(route: Route, escalation: Escalation) -> Route | Rung | None:
    """The route for a start, its rung for a turn; None for a rung that the route no longer has."""
    if escalation.is_start:
        return route
    return next((rung for rung in route.ladder.rungs if escalation.rung in rung.ids), None)


def values_of(step: FieldStep, wanted: StepValue | None, targets: Mapping[str, Target]) -> frozenset[str]:
    """Every value that the step may write, folded."""
    if step.names_team:
        return frozenset(fold(targets[team.target].id) for team in every(wanted) if team.target in targets)
    return frozenset(fold(value) for value in every(wanted))


def matches_without_us(
    condition: Condition,
    case: Case,
    escalations: Iterable[Escalation],
    circumstances: Circumstances,
    unread: frozenset[Need] = frozenset(),
) -> bool:
    """True where the condition also holds with the values from before our own steps."""
    return holds_surely(condition, without_our_steps(case, escalations), case, circumstances, unread)


def could_match_without_us(
    condition: Condition,
    case: Case,
    escalations: Iterable[Escalation],
    circumstances: Circumstances,
    unread: frozenset[Need],
) -> bool:
    """True where the condition may hold without our steps, for some value of the fields that were not read."""
    without = without_our_steps(case, escalations)
    return could_hold(condition, without, circumstances, unread | unknown_of_owner(without, case))


def holds_surely(
    condition: Condition, without: Case, case: Case, circumstances: Circumstances, unread: frozenset[Need]
) -> bool:
    return not could_hold(condition, without, circumstances, unread | unknown_of_owner(without, case), want=False)


def unknown_of_owner(without: Case, case: Case) -> frozenset[Need]:
    """The fields of the owner other than the id; those of an earlier owner are not known."""
    return frozenset() if without.owner_id == case.owner_id else owner_paths(case)


def owner_paths(case: Case) -> frozenset[Need]:
    return frozenset(path for path in case.fields if path.lower().startswith("owner."))


def without_our_steps(case: Case, escalations: Iterable[Escalation]) -> Case:
    """The case with each value that is still what we wrote replaced by the one from before."""
    sent = [one for one in escalations if one.was_sent and one.before and one.wrote]
    ours = [] if is_undone(sent) else [(one.before, one.wrote) for one in sent if one.before and one.wrote]
    now = {name: case.text_of(name) for _, wrote in ours for name in wrote}
    values = {
        name: taken_back(value, [(before.get(name), wrote.get(name)) for before, wrote in ours])
        for name, value in now.items()
    }
    return case if values == now else case.with_values(values)


def is_undone(sent: Sequence[Escalation]) -> bool:
    """True where all of this was taken back: what a field holds now is somebody else's, also where it is the same."""
    undone = {one.key for one in sent if one.is_start and one.state is EscalationState.UNDONE}
    return all(one.key in undone or one.start_key in undone for one in sent)


def taken_back(value: str | None, changes: list[tuple[str | None, str | None]]) -> str | None:
    """The value from before our changes (before, wrote), followed back step by step; each change counts once."""
    left = [(before, wrote) for before, wrote in changes if before != wrote]
    while found := next((one for one in left if one[1] == value), None):
        left.remove(found)
        value = found[0]
    return value
