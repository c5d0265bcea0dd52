"""`owner`: the owner of the case."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar, Literal

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clauses.wording import CASE, Clause, label, listed
from sfdc_escalator.escalation.conditions.condition import Finding
from sfdc_escalator.escalation.conditions.declaration import Given, Key, Kind, OneOf, Refusal, Several, Takes, Terms
from sfdc_escalator.escalation.conditions.findings import compared, in_words, shown
from sfdc_escalator.escalation.conditions.leaf import Demand, Leaf, asked_of
from sfdc_escalator.escalation.conditions.narrowing import EVERYTHING, IdAmong, Narrowing
from sfdc_escalator.escalation.world.case import Case, Value
from sfdc_escalator.escalation.world.needs import Need
from sfdc_escalator.escalation.world.org import Queue

USER_PREFIX = "005"
MOST_QUEUES = 6
ASKED = {"user": "a user", "in_queue": "in queue", "member_of": "a member of"}


@dataclass(frozen=True, slots=True)
class Owner(Leaf):
    """The owner is a user, one of the queues, or a member of one of them. Queues by DeveloperName."""

    kind: ClassVar[str] = "owner"
    who: Literal["user", "in_queue", "member_of"]
    queues: tuple[str, ...] = ()

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset({"OwnerId"})

    def look(self, case: Case, circumstances: Circumstances) -> Value:
        return case.owner_name or case.owner_id

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        if self.who == "user":
            return case.owner_id.startswith(USER_PREFIX)
        known = self.known(circumstances)
        if self.who == "in_queue":
            return any(case.owner_id == queue.id for queue in known)
        return any(case.owner_id in queue.members for queue in known)

    def known(self, circumstances: Circumstances) -> list[Queue]:
        """The queues that the org has."""
        return [circumstances.queues[name] for name in self.queues if name in circumstances.queues]

    def narrowed(self, want: bool, circumstances: Circumstances) -> Narrowing:
        if self.who == "user":
            return EVERYTHING
        known = self.known(circumstances)
        members = frozenset[str]().union(*(queue.members for queue in known))
        owners = members if self.who == "member_of" else frozenset(queue.id for queue in known)
        return IdAmong("OwnerId", owners, want)

    @property
    def queues_named(self) -> tuple[str, ...]:
        return self.queues

    def described(self, finding: Finding) -> str:
        asked = f"{ASKED[self.who]} {', '.join(self.queues)}".strip()
        return compared(f"the owner is {shown(finding.seen)}", f"asked for: {asked}", finding)

    @property
    def brief(self) -> str:
        return f"owner {in_words(self.who)} {', '.join(self.queues)}".rstrip()

    def clause(self, holds: bool = True, subject: str = CASE) -> Clause:
        queues, is_ = listed([label(name) for name in self.queues]), "is" if holds else "is not"
        if self.who == "user":
            return Clause(f"{subject} {'belongs to a person' if holds else 'stands in a queue'}")
        if self.who == "in_queue":
            return Clause(f"{subject} {is_} in the queue {queues}")
        return Clause(f"the owner {is_} a member of {queues}")

    @property
    def subject(self) -> object:
        return "owner"

    def possible(self, demands: Sequence[Demand]) -> bool:
        """A queue owns the case, or a user who is a member of some queues."""
        asked = asked_of(Owner, demands)
        queues = sorted({queue.lower() for one, _ in asked for queue in one.queues})
        if len(queues) > MOST_QUEUES:
            return True
        users = [(None, frozenset(some)) for size in range(len(queues) + 1) for some in combinations(queues, size)]
        owners = [*users, *((queue, frozenset[str]()) for queue in (*queues, ""))]
        return any(all(one.holds_of(queue, member_of) == holds for one, holds in asked) for queue, member_of in owners)

    def holds_of(self, queue: str | None, member_of: frozenset[str]) -> bool:
        """The finding for an owner that is this queue, or a user who is a member of those queues."""
        if self.who == "user":
            return queue is None
        named = {name.lower() for name in self.queues}
        return queue in named if self.who == "in_queue" else not member_of.isdisjoint(named)


def build(given: Given, terms: Terms) -> Owner:
    return Owner(given["owner"], tuple(dict.fromkeys(terms.queues.get(name, name) for name in given.get("in", ()))))


def names_queues(given: Given) -> Iterator[Refusal]:
    who = given["owner"]
    if who == "user" and "in" in given:
        yield Refusal("`user` takes no `in`", "no `in`", who)
    if who != "user" and "in" not in given:
        yield Refusal(f"`{who}` needs `in`", "`in: [...]` with queues or teams", who)


KIND = Kind(
    about="The owner of the case: a user, a queue, or a member of a team.",
    keys=(
        Key(
            "owner",
            OneOf(("user", "in_queue", "member_of")),
            "The owner: a `user`, a queue (`in_queue`), or a member of a team (`member_of`).",
            True,
        ),
        Key("in", Several(Takes.QUEUE), "Teams, or queues by their DeveloperName."),
    ),
    build=build,
    examples=("{owner: user}", "{owner: in_queue, in: [Support]}"),
    refusals=names_queues,
)
