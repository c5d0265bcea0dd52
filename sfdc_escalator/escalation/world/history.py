"""The escalations of an org that the ledger records, as a value: all of the cases that a run needs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from types import MappingProxyType

from sfdc_escalator.escalation.world.escalation import Escalation
from sfdc_escalator.escalation.world.keys import RouteName
from sfdc_escalator.escalation.world.ladder_facts import Hold, Standing
from sfdc_escalator.escalation.world.policy_use import PolicyUses
from sfdc_escalator.escalation.world.waitlist import Waitlist


@dataclass(frozen=True)
class History:
    """`by_case` holds starts and turns of rungs: all of a case, or none. It has the cases with an escalation that is
    not over, and those that were added by `with_past`. A case that was not asked for is not
    there, whatever the ledger has about it.

    `live` holds (policy, route) of the routes that have run live in this org, `users` our user ids so far. `empty` is
    True where the ledger has no escalation, over or not, and no live route.

    `org_time` is the org's time at the last run that was carried out; None when it is not known. `waitlist` is what
    that run left for a person. `rungs` gives the org's time at which a live run first saw a rung, by its id, on a
    route that still has it. `holds` are those that last, and those of cases with an open escalation. `standings` are
    those after the last run, by the key of the start, each with the digest of its policy. `policy_uses` are
    the policies that runs use.
    """

    by_case: Mapping[str, tuple[Escalation, ...]] = field(default_factory=lambda: MappingProxyType({}))
    live: frozenset[tuple[str, str]] = frozenset()
    users: frozenset[str] = frozenset()
    empty: bool = True
    org_time: datetime | None = None
    waitlist: Waitlist = field(default_factory=Waitlist)
    rungs: Mapping[RouteName, Mapping[str, datetime]] = field(default_factory=lambda: MappingProxyType({}))
    holds: tuple[Hold, ...] = ()
    standings: Mapping[str, tuple[Standing, str]] = field(default_factory=lambda: MappingProxyType({}))
    policy_uses: PolicyUses = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(
        cls,
        escalation: Iterable[Escalation],
        live: Iterable[tuple[str, str]] = (),
        users: Iterable[str] = (),
        *,
        empty: bool = False,
        org_time: datetime | None = None,
        waitlist: Waitlist | None = None,
    ) -> "History":
        by_case: dict[str, tuple[Escalation, ...]] = {}
        for one in escalation:
            by_case[one.case_id] = (*by_case.get(one.case_id, ()), one)
        return cls(
            MappingProxyType(by_case), frozenset(live), frozenset(users), empty, org_time, waitlist or Waitlist()
        )

    def of_case(self, case_id: str, policy: str) -> tuple[Escalation, ...]:
        """The starts of this policy on the case."""
        return tuple(one for one in self.by_case.get(case_id, ()) if one.policy == policy and one.is_start)

    def rungs_of(self, start: Escalation, names: Iterable[str]) -> tuple[Escalation, ...]:
        """The turns of rungs of this escalation, whose route has these names. A turn that was found in the org by its
        note does not name its start: it belongs to the one of its policy, route and episode."""
        names, about = frozenset(names), (start.policy, start.episode)
        found = (one for one in self.by_case.get(start.case_id, ()) if not (one.is_start or one.is_undo))
        return tuple(
            one
            for one in found
            if one.start_key == start.key
            or (not one.start_key and (one.policy, one.episode) == about and one.route in names)
        )

    def undos_of(self, start: Escalation) -> tuple[Escalation, ...]:
        """The undos of this escalation, and of turns of its rungs, whatever became of them."""
        found = self.by_case.get(start.case_id, ())
        return tuple(one for one in found if one.is_undo and one.start_key == start.key)

    def holds_of(self, case_id: str) -> tuple[Hold, ...]:
        return self._holds.get(case_id, ())

    def find(self, key: str) -> Escalation | None:
        return self._by_key.get(key)

    def starts(self) -> tuple[Escalation, ...]:
        return self._starts

    def everything(self) -> tuple[Escalation, ...]:
        """The starts and the turns of rungs."""
        return self._everything

    # Each policy asks for these in every stage of a run.

    @cached_property
    def _holds(self) -> Mapping[str, tuple[Hold, ...]]:
        found: dict[str, tuple[Hold, ...]] = {}
        for one in self.holds:
            found[one.case_id] = (*found.get(one.case_id, ()), one)
        return found

    @cached_property
    def _starts(self) -> tuple[Escalation, ...]:
        return tuple(one for one in self._everything if one.is_start)

    @cached_property
    def _everything(self) -> tuple[Escalation, ...]:
        return tuple(escalation for escalations in self.by_case.values() for escalation in escalations)

    @cached_property
    def _by_key(self) -> Mapping[str, Escalation]:
        return {one.key: one for one in self._everything}

    def with_past(self, past: Iterable[Escalation]) -> "History":
        """The same history with these escalations of the ledger. One that is known stays as it is: this run may have
        settled it since."""
        return self.with_escalations(one for one in past if one.key not in self._by_key)

    def with_escalations(self, news: Iterable[Escalation]) -> "History":
        """The same history with these escalations added; a known key takes the new state."""
        new = {one.key: one for one in news}
        if not new:
            return self
        homes = {before.case_id for key in new if (before := self._by_key.get(key))}
        touched = homes | {one.case_id for one in new.values()}
        known = {one.key: one for case_id in self.by_case if case_id in touched for one in self.by_case[case_id]}
        changed = History.of((known | new).values()).by_case
        kept = {case_id: some for case_id, some in self.by_case.items() if case_id in changed or case_id not in touched}
        return replace(self, by_case=MappingProxyType({**kept, **changed}))
