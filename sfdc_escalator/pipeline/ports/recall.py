"""Adds to a history what the ledger has of the cases that come into sight. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass

from sfdc_escalator.escalation.world.escalation import Escalation
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.pipeline.ports.ledger import HistoryReader


@dataclass(frozen=True, slots=True)
class Recall:
    """The past of one org. Before a case is judged, its past must be in the history."""

    ledger: HistoryReader
    organization_id: str

    def cases(self, history: History, case_ids: Iterable[str]) -> History:
        """The same history with everything about these cases."""
        return history.with_past(self.ledger.past(self.organization_id, frozenset(case_ids)))

    def keys(self, history: History, keys: Iterable[str]) -> History:
        """The same history with everything about the cases of the escalations with these keys."""
        return history.with_past(self.ledger.past(self.organization_id, (), frozenset(keys) - {""}))

    def around(self, history: History, found: Iterable[Escalation]) -> History:
        """The same history with everything about these escalations, their starts, and the cases that they are on now:
        a merge may have moved them."""
        some = tuple(found)
        keys = {key for one in some for key in (one.key, one.start_key) if key}
        return history.with_past(self.ledger.past(self.organization_id, {one.case_id for one in some}, keys))
