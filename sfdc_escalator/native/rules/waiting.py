"""Salesforce picks the entry first and waits then: a case of an entry with a clock never falls to one below."""

from collections.abc import Sequence

from sfdc_escalator.escalation.conditions.tree import All
from sfdc_escalator.escalation.policy.policy import OPEN_CASES
from sfdc_escalator.escalation.proof.implication import contradiction
from sfdc_escalator.native.rules.escalation import Escalation

MOST_PROOFS = 40


def must_keep(one: Escalation, below: Sequence[Escalation]) -> bool:
    """True where the entry waits, and one below may take its cases meanwhile."""
    acting = [other for other in below if other.acts]
    return one.waits and (len(acting) > MOST_PROOFS or any(may_share(one, other) for other in acting))


def may_share(one: Escalation, other: Escalation) -> bool:
    """False where no open case meets the criteria of both."""
    return contradiction(All((OPEN_CASES, one.condition, other.condition))) is None
