"""Salesforce picks the entry first and waits then: a case of an entry with a clock never falls to one below."""

from collections.abc import Iterable
from itertools import islice

from sfdc_escalator.escalation.conditions.tree import All
from sfdc_escalator.escalation.policy.policy import OPEN_CASES
from sfdc_escalator.escalation.proof.implication import contradiction
from sfdc_escalator.native.rules.escalation import Escalation

MOST_PROOFS = 100


def must_keep(one: Escalation, below: Iterable[Escalation]) -> bool:
    """True where the entry waits, and one below may take its cases meanwhile."""
    if not one.waits:
        return False
    acting = list(islice((other for other in below if other.acts), MOST_PROOFS + 1))
    return len(acting) > MOST_PROOFS or any(may_share(one, other) for other in acting)


def may_share(one: Escalation, other: Escalation) -> bool:
    """False where no open case meets the criteria of both."""
    return contradiction(All((OPEN_CASES, one.condition, other.condition))) is None
