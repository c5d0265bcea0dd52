"""The erasure of the texts of a case, from the ledger alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sfdc_escalator.wiring.errand import Errand, busy_is_an_error
from sfdc_escalator.wiring.ledgers import known_ledger
from sfdc_escalator.wiring.outbox import organization_of
from sfdc_escalator.wiring.surroundings import Surroundings

if TYPE_CHECKING:
    from sfdc_escalator.pipeline.read_models.audit_trail import Erasure


def erased(surroundings: Surroundings, ledger: str | None, org: str, case: str, by: str, why: str) -> Erasure:
    """Erases the texts of the case of this name. Raises what `ledger.audit.erasure.erase` raises."""
    from sfdc_escalator.ledger.audit.erasure import erase

    errand = Errand(surroundings, org, ledger)
    with busy_is_an_error(), known_ledger(*errand.place) as book:
        return erase(book, organization_of(errand, book), case, by, why)
