"""One case of a comparison: what both sides did to it, and why that is not the same."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sfdc_escalator.backtest.polls import MOST, Polls
from sfdc_escalator.backtest.shadow.fitness import left_out, possible, untold, values_of
from sfdc_escalator.backtest.shadow.past import Known, PastCase, field_of, past_case
from sfdc_escalator.backtest.shadow.would_do import WouldDo, judged
from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.policy.steps import Setting
from sfdc_escalator.escalation.shadow.acts import COMPARED, ESCALATED, Effect, OurAct
from sfdc_escalator.escalation.shadow.comparison import Pair, paired
from sfdc_escalator.escalation.shadow.reasons import Evidence, reason_of
from sfdc_escalator.escalation.shadow.rules import TOGETHER, Change, rule_changes, their_acts
from sfdc_escalator.escalation.world.case import Case, FieldChange
from sfdc_escalator.escalation.world.org import OrgFacts
from sfdc_escalator.pipeline.ports.past import PastCases
from sfdc_escalator.pipeline.read_models.shadow import Row

A_MINUTE = timedelta(minutes=1)
AUTOMATED = "Automated Process"


class Story:
    """The policies, the org, and what is the same for all cases. `with_history` are the fields that have one; `lost`
    are the cases on which the policies would have set a field without one, by field."""

    def __init__(
        self, policies: Sequence[Policy], facts: OrgFacts, past: PastCases, names: Mapping[str, str], begin: datetime
    ) -> None:
        self.policies, self.facts, self.names, self.begin = policies, facts, names, begin
        self.lost: dict[str, list[str]] = {}
        self.left_out = left_out(policies, facts, past.broken)
        seen = {path.lower() for case in past.cases for path in case.field_changes}
        self.with_history = seen if facts.tracked is None else {name.lower() for name in facts.tracked}
        self.kept = frozenset(path for path in COMPARED if path.lower() in self.with_history)
        self.possible = possible(policies, facts.targets, self.left_out)
        setting = Setting(facts.targets, ())
        each = [judged(one, self.left_out[one.name], past.broken, setting) for one in policies]
        self.would_do = WouldDo(each, polls_of(past, facts), Known(past.closed, names))

    def rows(self, case: Case) -> Iterator[Row]:
        """The pairs of the case, each with its reason."""
        case = by_name(case, self.names)
        past = past_case(case, self._replaced(case))
        pairs = paired(self._acts(past), their_acts(case))
        edits = edits_of(case)
        differ = any(pair.kind != "equal" for pair in pairs)
        unedited = self.would_do.acts(past.without(edits)) if edits and differ else []
        for pair in pairs:
            reason = reason_of(pair, self._evidence(past, pair, pairs, edits, unedited))
            yield Row(pair, case.number, case.subject, reason, self.names)

    def _acts(self, past: PastCase) -> list[OurAct]:
        """The acts of the policies, as far as a history would show them; cases with others are noted as lost."""
        every = self.would_do.acts(past)
        unseen = (act for act in every if act.effect.field not in self.kept and not act.is_faint)
        for field in {act.effect.field for act in unseen if act.at >= self.begin}:
            self.lost.setdefault(field, []).append(past.case.number)
        return [act for act in every if act.effect.field in self.kept]

    def _replaced(self, case: Case) -> list[Change]:
        """The changes by rules that a policy may make in their place; the others stay in the history."""
        return [(path, one) for path, one in rule_changes(case) if self.may_do(Effect(case.id, path, str(one.after)))]

    def may_do(self, effect: Effect) -> bool:
        """True where some route gives this value to this field. Without the rules of the org nothing escalates."""
        return effect.field == ESCALATED or effect.key[1:] in self.possible

    def _evidence(
        self, past: PastCase, pair: Pair, pairs: Sequence[Pair], edits: Sequence[Change], unedited: Sequence[OurAct]
    ) -> Evidence:
        return Evidence(
            pairs=pairs,
            edits=edits,
            unedited=unedited,
            untold=tuple(untold(self.policies, self._routes_of(pair), self.facts.describe, self.with_history)),
            is_untold=is_untold(past.case),
            is_possible=pair.effect.key[1:] in self.possible,
            kept_by=self.would_do.keeper(past, pair.theirs.at) if pair.kind == "only theirs" and pair.theirs else "",
            now=self.facts.caller.now,
        )

    def _routes_of(self, pair: Pair) -> frozenset[str]:
        """The route that acted, or those that might have."""
        if pair.ours:
            return frozenset({pair.ours.route})
        wanted, targets = pair.effect.key[1:], self.facts.targets
        routes = (route for policy in self.policies for route in policy.routes)
        return frozenset(route.name for route in routes if wanted in set(values_of(route, targets)))


def polls_of(past: PastCases, facts: OrgFacts) -> Polls:
    """A poll every minute since the oldest case was made, as far back as an org keeps the history of fields."""
    now = facts.caller.now.replace(second=0, microsecond=0)
    first = min((case.created for case in past.cases), default=now).replace(second=0, microsecond=0)
    here = Circumstances(facts.caller.now, facts.queues, facts.calendars)
    return Polls(max(first, now - (MOST - 2) * A_MINUTE), facts.caller.now, A_MINUTE, org=here)


def by_name(case: Case, names: Mapping[str, str]) -> Case:
    """The case with the changes by the user Automated Process as those of rules, where the type of the user is not
    known."""

    def known(one: FieldChange) -> FieldChange:
        return replace(one, by_rule=True, by_person=False) if names.get(one.by) == AUTOMATED else one

    changes = {path: tuple(map(known, some)) for path, some in case.field_changes.items()}
    return replace(case, field_changes=changes)


def edits_of(case: Case) -> list[Change]:
    """The changes by people after the creation of the case, oldest first."""
    rules = frozenset(rule_changes(case))
    every = ((path, one) for path, some in case.field_changes.items() for one in some)
    by_people = (one for one in every if one[1].by_person and one not in rules)
    later = (one for one in by_people if one[1].at - case.created > TOGETHER)
    return sorted(later, key=lambda one: (one[1].at, one[0]))


def is_untold(case: Case) -> bool:
    """True where the case was changed later than its history shows."""
    modified = field_of(case, "LastModifiedDate")
    shown = [one.at for some in case.field_changes.values() for one in some]
    return isinstance(modified, datetime) and modified - max((case.created, *shown)) > TOGETHER
