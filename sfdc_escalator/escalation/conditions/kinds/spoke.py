"""`spoke`: the agent or the customer wrote a message."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clauses.wording import CASE, Clause
from sfdc_escalator.escalation.conditions.condition import Finding
from sfdc_escalator.escalation.conditions.declaration import Key, Kind, OneOf
from sfdc_escalator.escalation.conditions.findings import compared, shown
from sfdc_escalator.escalation.conditions.leaf import Leaf
from sfdc_escalator.escalation.conditions.speech.messages import SINCE, SINCE_WORDS, Since, since_when
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.needs import MESSAGES, Need


@dataclass(frozen=True, slots=True)
class Spoke(Leaf):
    """The agent or the customer wrote a message, ever or since a time."""

    kind: ClassVar[str] = "spoke"
    who: Literal["agent", "customer"]
    since: Since | None = None

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset[Need](MESSAGES)

    def look(self, case: Case, circumstances: Circumstances) -> datetime | None:
        """The time of their last message."""
        return max((one.at for one in case.comments if one.speaker == self.who), default=None)

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        last = self.look(case, circumstances)
        if last is None or self.since is None:
            return last is not None
        start = since_when(self.since, case, circumstances)
        return start is not None and last > start

    def described(self, finding: Finding) -> str:
        seen = "never spoke" if finding.seen is None else f"spoke at {shown(finding.seen)}"
        return compared(
            f"the {self.who} {seen}", f"asked for: since {self.since}" if self.since else "asked for: ever", finding
        )

    @property
    def brief(self) -> str:
        return f"spoke {self.who}"

    def clause(self, holds: bool = True, subject: str = CASE) -> Clause:
        who = "an agent" if self.who == "agent" else "the customer"
        since = f" since {SINCE_WORDS[self.since]}" if self.since else ""
        return Clause(f"{who} has {'' if holds else 'not '}written{since}")


KIND = Kind(
    about="The agent or the customer wrote a message, ever or since a time.",
    keys=(
        Key("spoke", OneOf(("customer", "agent")), "This side wrote a message.", True),
        Key("since", OneOf(SINCE), "Only messages that are newer than this."),
    ),
    build=lambda given, _: Spoke(given["spoke"], given.get("since")),
    examples=("{spoke: agent}", "{spoke: customer, since: word_of.agent}"),
)
