"""The escalations of an org that the ledger records, read once per run, as a value."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType

from sfdc_escalator.escalation.world.case import FieldValues
from sfdc_escalator.escalation.world.keys import FIRST_RUNG, UNDO, Identity, RouteName
from sfdc_escalator.escalation.world.ladder_facts import Hold, LadderFacts, Standing
from sfdc_escalator.escalation.world.policy_use import PolicyUses
from sfdc_escalator.escalation.world.waitlist import Waitlist

TRY_AGAIN = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6), timedelta(days=1))


class EscalationState(StrEnum):
    """The states of an escalation in the ledger. `skipped` and `withheld` are states of rungs: a turn that was not
    carried out, and a move that a guard withheld. What a person took back is `undone`."""

    PLANNED = "planned"
    SENDING = "sending"
    APPLIED = "applied"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    ADOPTED = "adopted"
    SUPERSEDED = "superseded"
    GONE = "gone"
    CLOSED = "closed"
    UNDONE = "undone"
    SKIPPED = "skipped"
    WITHHELD = "withheld"


NOT_SENT = frozenset(
    {EscalationState.PLANNED, EscalationState.REJECTED, EscalationState.SKIPPED, EscalationState.WITHHELD}
)
CASE_CLOSED = "the case was closed since"
"""The message of an escalation that is undone and whose episode ended with its case. One that is undone has no other
message; where its text was erased, that there is one says the same."""


@dataclass(frozen=True, slots=True)
class Escalation:
    """One escalation as the ledger records it: its start, one turn of a rung, or the undo of either.

    `before` and `wrote` hold the fields that steps may write; None where we sent nothing (adopted, found). `attempts`
    counts the rejections of a rejected escalation, and the deferrals in a row of a planned one; `tried_at` is the org's
    time of the last try. `ended_at` is the org's time at which the route was first seen not to match. `ladder` stands
    with the start; `moment` is the time at which the turn of a rung was due, `start_key` the key of its start.
    """

    key: str
    policy: str
    route: str
    case_id: str
    state: EscalationState
    rung: str = "start"
    episode: int = 1
    turn: int = 1
    before: FieldValues | None = field(default=None, hash=False)
    wrote: FieldValues | None = field(default=None, hash=False)
    attempts: int = 0
    tried_at: datetime | None = None
    message: str = ""
    case_number: str = ""
    ended_at: datetime | None = None
    ladder: LadderFacts | None = field(default=None, hash=False)
    moment: datetime | None = None
    start_key: str = ""

    @classmethod
    def of(
        cls,
        identity: Identity,
        state: EscalationState,
        *,
        before: FieldValues | None = None,
        wrote: FieldValues | None = None,
        attempts: int = 0,
        tried_at: datetime | None = None,
        message: str = "",
        ladder: LadderFacts | None = None,
        moment: datetime | None = None,
        start_key: str = "",
    ) -> "Escalation":
        """The escalation with this identity."""
        return cls(
            key=identity.key,
            policy=identity.policy,
            route=identity.route,
            case_id=identity.case_id,
            state=state,
            rung=identity.rung,
            episode=identity.episode,
            turn=identity.turn,
            before=before,
            wrote=wrote,
            attempts=attempts,
            tried_at=tried_at,
            message=message,
            ladder=ladder,
            moment=moment,
            start_key=start_key,
        )

    @property
    def is_start(self) -> bool:
        """True for a start, False for a turn of a rung."""
        return self.rung == FIRST_RUNG

    @property
    def is_undo(self) -> bool:
        """True for what took a start or a turn of a rung back."""
        return self.rung == UNDO

    @property
    def was_sent(self) -> bool:
        """True where it is in the org, or may be; False where it was rejected, returned, skipped or withheld."""
        return self.state not in NOT_SENT

    @property
    def is_found(self) -> bool:
        """True where its note was found in the org: it was written, but the values before and after are not known."""
        written = (EscalationState.APPLIED, EscalationState.SUPERSEDED, EscalationState.UNDONE)
        is_written = self.state in written and not self.is_undo
        return is_written and self.tried_at is not None and self.before is None and self.wrote is None

    @property
    def is_open(self) -> bool:
        """True where the case counts as escalated by it, or may have been."""
        return self.state in (
            EscalationState.APPLIED,
            EscalationState.ADOPTED,
            EscalationState.UNKNOWN,
            EscalationState.SENDING,
        )

    @property
    def origin(self) -> str:
        """The case on which it began: the keys of its rungs name it."""
        return (self.ladder.origin if self.ladder else "") or self.case_id

    def on_case(self, case_id: str, case_number: str) -> "Escalation":
        """The same escalation on the case into which its own was merged."""
        ladder = self.ladder
        if self.is_start and case_id != self.case_id and (ladder or self.is_found):
            ladder = replace(ladder or LadderFacts(), origin=self.origin)
        return replace(self, case_id=case_id, case_number=case_number, ladder=ladder)

    def try_again_at(self) -> datetime | None:
        """The time at which a rejected escalation is tried again: after 15 min, 1 h, 6 h, then daily."""
        if self.state is not EscalationState.REJECTED or self.tried_at is None:
            return None
        return self.tried_at + TRY_AGAIN[min(self.attempts, len(TRY_AGAIN)) - 1]


@dataclass(frozen=True)
class History:
    """`by_case` holds starts and turns of rungs. `live` holds (policy, route) of the routes that have run live in this
    org, `users` our user ids so far.

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

    def with_escalations(self, news: Iterable[Escalation]) -> "History":
        """The same history with these escalations added; a known key takes the new state."""
        new = {one.key: one for one in news}
        if not new:
            return self
        homes = {case_id for case_id, known in self.by_case.items() if any(one.key in new for one in known)}
        touched = homes | {one.case_id for one in new.values()}
        known = {one.key: one for case_id in self.by_case if case_id in touched for one in self.by_case[case_id]}
        changed = History.of((known | new).values()).by_case
        kept = {case_id: some for case_id, some in self.by_case.items() if case_id in changed or case_id not in touched}
        return replace(self, by_case=MappingProxyType({**kept, **changed}))
