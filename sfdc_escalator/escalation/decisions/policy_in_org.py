"""One policy in one org: the facts that its matches depend on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.related import Related
from sfdc_escalator.escalation.conditions.tree import leaves
from sfdc_escalator.escalation.decisions.episodes import episode, is_over
from sfdc_escalator.escalation.decisions.own_steps import in_doubt
from sfdc_escalator.escalation.note.quick_texts import paths_read
from sfdc_escalator.escalation.policy.policy import NEW_RECORD, Policy, Route
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.needs import Need
from sfdc_escalator.escalation.world.org import OrgFacts

NONE = frozenset[Need]()
DONE = (
    EscalationState.APPLIED,
    EscalationState.ADOPTED,
    EscalationState.SUPERSEDED,
    EscalationState.CLOSED,
    EscalationState.UNDONE,
)


@dataclass(frozen=True, slots=True)
class PolicyInOrg:
    """`unpolled` gives the reason why a route was not read, `unfit` why this org cannot carry it out.

    A rung that it cannot carry out stands there as `route/rung`. `warnings` name values that this org does not have.
    """

    policy: Policy
    org_facts: OrgFacts
    history: History
    now: datetime
    unpolled: Mapping[str, str]
    unfit: Mapping[str, str]
    beside: tuple[Policy, ...] = field(default=(), repr=False)
    """The other policies of the same run."""
    warnings: tuple[str, ...] = ()
    circumstances: Circumstances = field(init=False, compare=False, repr=False)
    judged: tuple[tuple[Route, Condition], ...] = field(init=False, compare=False, repr=False)
    """The routes that can be judged, each with its condition."""

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "circumstances", Circumstances(self.now, self.org_facts.queues, self.org_facts.calendars)
        )
        routes = (route for route in self.policy.routes if route.name not in self.unpolled)
        object.__setattr__(self, "judged", tuple((route, self.policy.condition(route)) for route in routes))

    def is_outside(self, case: Case, unread: frozenset[Need] = NONE) -> bool:
        """True where a plain field of the scope shows that no route matches the case."""
        for one in self.policy.gates:
            if not one.holds(case, self.circumstances) and (not unread or unread.isdisjoint(one.needs)):
                return True
        return False

    def escalations(self, case: Case) -> tuple[Escalation, ...]:
        return self.history.of_case(case.id, self.policy.name)

    def every(self, case: Case) -> tuple[Escalation, ...]:
        """The starts and rungs of the case, by this policy."""
        return tuple(one for one in self.history.by_case.get(case.id, ()) if one.policy == self.policy.name)

    def in_doubt(self, case: Case) -> frozenset[Need]:
        """The fields of the case of which it is not known whether they hold our own values."""
        escalations = self.history.by_case.get(case.id, ())
        return in_doubt(escalations, case, (self.policy, *self.beside), self.org_facts.targets) if escalations else NONE

    @property
    def needs(self) -> frozenset[Need]:
        """The needs of the routes that can be judged."""
        own, describe = self.policy.needs(route for route, _ in self.judged), self.org_facts.describe
        return (
            own
            | paths_read(self.org_facts.quick_texts.values(), describe)
            | describe.readable(self.policy.optional_paths)
        )

    def circumstances_of(self, route: Route, case: Case, *, newer_messages: bool = False) -> Circumstances:
        """The circumstances with the time of the route's last escalation of the case; with `newer_messages` only
        messages since then count, if there was one."""
        here = self.circumstances
        if case.id not in self.history.by_case:  # as nearly every case
            return here
        at = self.escalated_at(route, case)
        return Circumstances(here.now, here.queues, here.calendars, at, newer_messages) if at else here

    def escalated_at(self, route: Route, case: Case) -> datetime | None:
        names, escalations = route.names, self.history.by_case.get(case.id, ())
        times = (
            one.tried_at
            for one in escalations
            if one.state in DONE and one.is_start and one.policy == self.policy.name and one.route in names
        )
        return max((at for at in times if at), default=None)

    def over(self, escalation: Escalation, route: Route, case: Case) -> bool:
        """True where the escalation's episode is over, by the rules of its own route."""
        own = next((one for one in self.policy.routes if escalation.route in one.names), route)
        return is_over(escalation, own, self.escalations(case), self.now, self.newest_record(own, case))

    def episode(self, route: Route, case: Case) -> int:
        return episode(route, self.escalations(case), self.now, self.newest_record(route, case))

    def newest_record(self, route: Route, case: Case) -> datetime | None:
        """The creation time of the newest related record that the route counts, where such a one begins an episode."""
        if route.rearm != NEW_RECORD:
            return None
        counted = (leaf for leaf in leaves(route.when) if isinstance(leaf, Related))
        return max((one.created for leaf in counted for one in leaf.counted(case, self.circumstances)), default=None)
