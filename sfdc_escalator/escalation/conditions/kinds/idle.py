"""`idle`: the time since the customer or the agent last wrote."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clauses.wording import CASE, Clause, timed
from sfdc_escalator.escalation.conditions.clocks.clock import Clock
from sfdc_escalator.escalation.conditions.clocks.clock_narrowing import at_least_as_old
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.declaration import Given, Key, Kind, OneOf, Refusal, Terms
from sfdc_escalator.escalation.conditions.kinds.age import plain_age
from sfdc_escalator.escalation.conditions.leaf import Leaf
from sfdc_escalator.escalation.conditions.narrowing import Narrowing
from sfdc_escalator.escalation.conditions.shared_keys import LIMIT_KEYS, clocks, needs_limit
from sfdc_escalator.escalation.conditions.tree import together
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.needs import MESSAGES, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle(Clock):
    """The time since the customer or the agent last wrote; the case's age where they never did.

    With `after_word_of` the clock starts with that side's first message that waits for an answer of the other, and
    runs only while one waits. The case itself is the customer's first message.
    """

    kind: ClassVar[str] = "idle"
    starts_with_case: ClassVar[bool] = True
    who: Literal["customer", "agent", "anyone"]
    after_word_of: Literal["customer", "agent"] | None = None

    def start(self, case: Case, circumstances: Circumstances) -> datetime | None:
        who = ("customer", "agent") if self.who == "anyone" else (self.who,)
        said = [(one.speaker, min(one.at, circumstances.now)) for one in case.comments]  # no clock runs backwards
        last = max((at for speaker, at in said if speaker in who and speaker != self.after_word_of), default=None)
        if self.after_word_of is None:
            return max(last or case.created, case.created)
        waiting = [at for speaker, at in said if speaker == self.after_word_of]
        waiting += [case.created] if self.after_word_of == "customer" else []
        first = min((at for at in waiting if last is None or at > last), default=None)
        return first and max(first, case.created)  # an e-mail is older than the case that it made

    @property
    def sources(self) -> frozenset[Need]:
        return frozenset[Need](MESSAGES)

    def narrowed(self, want: bool, circumstances: Circumstances) -> Narrowing:
        return at_least_as_old(self, want, circumstances)

    @property
    def thing(self) -> str:
        return self.who

    def time_text(self, time: str) -> str:
        who = "nobody has" if self.who == "anyone" else f"the {self.who} has not"
        waiting = f" after a message of the {self.after_word_of}" if self.after_word_of else ""
        return f"{who} spoken for {time}{waiting}"

    def clause(self, holds: bool = True, subject: str = CASE) -> Clause:
        who = "nobody has" if self.who == "anyone" else f"the {self.who} has not"
        text = f"{who} written for {{}}"
        if self.after_word_of:
            text = f"a message of the {self.after_word_of} has waited for an answer of the {self.who} for {{}}"
        return Clause(timed(text, self.operator, self.limit, self.calendar, holds))

    def consequence(self) -> Leaf | None:
        """The case is at least that old."""
        return plain_age(self, "CreatedDate")


def build(given: Given, terms: Terms) -> Condition:
    return together(clocks(Idle, given, terms, who=given["idle"], after_word_of=given.get("after_word_of")))


def refusals(given: Given) -> Iterator[Refusal]:
    yield from needs_limit(given)
    who = given["idle"]
    if who == given.get("after_word_of"):
        other = "agent" if who == "customer" else "customer"
        message = f"the {who} cannot wait for an answer of the same side"
        yield Refusal(message, f"`{other}`", who, "after_word_of")


KIND = Kind(
    about="The time since the customer or the agent last wrote.",
    keys=(
        Key("idle", OneOf(("customer", "agent", "anyone")), "The time since this side last wrote.", True),
        *LIMIT_KEYS,
        Key(
            "after_word_of",
            OneOf(("customer", "agent")),
            "Counts from the first message of this side that waits for an answer.",
        ),
    ),
    build=build,
    examples=("{idle: agent, at_least: 1d}", "{idle: agent, at_least: 4h, after_word_of: customer}"),
    refusals=refusals,
)
