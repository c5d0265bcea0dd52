"""A copy of a ledger that is verified before anybody relies on it."""

from pathlib import Path

from sfdc_escalator.errors import AuditBroken, Problem
from sfdc_escalator.ledger.audit.verification import verify
from sfdc_escalator.ledger.engines.database import Database
from sfdc_escalator.ledger.store import SqlHistory, reader_of
from sfdc_escalator.pipeline.read_models.audit_trail import Verification


def backup(trail: SqlHistory, target: Path) -> Verification:
    """Copies the ledger to a new file, also while a run is at work. Raises Invalid where it is on a server,
    LedgerUnusable where the file exists already or cannot be made, AuditBroken where the copy does not verify."""
    found: list[Verification] = []

    def check(copy: Database) -> None:
        with reader_of(copy, AuditBroken) as copied:
            found.append(verify(copied))
        refuse_broken(found[0], f"the ledger {trail.where} does not verify; no backup was made")

    trail.database.copy_to(target, check)
    return found[0]


def refuse_broken(found: Verification, message: str) -> None:
    if found.problems:
        raise AuditBroken(message, [Problem(text) for text in found.problems])
