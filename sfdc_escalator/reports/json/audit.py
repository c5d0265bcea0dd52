"""The audit trail."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sfdc_escalator.pipeline.read_models.audit_trail import AuditEvent, Erasure, EscalationEntry, Verification
from sfdc_escalator.reports.values import instant


def list_json(where: str, entries: Sequence[EscalationEntry]) -> dict[str, Any]:
    return {"ledger": where, "escalations": [{**asdict(entry), "at": instant(entry.at)} for entry in entries]}


def show_json(where: str, key: str, events: Sequence[AuditEvent]) -> dict[str, Any]:
    return {"ledger": where, "key": key, "events": [event_json(event) for event in events]}


def event_json(event: AuditEvent) -> dict[str, Any]:
    """One flat object; `body` is the text that was hashed, `texts` what it holds as salted hashes; null: erased."""
    return {
        "seq": event.seq,
        "at": instant(event.at),
        "event": event.event,
        "hash": event.hash,
        "note_text": event.note,
        "texts": dict(event.texts),
        "body": event.body,
    }


def erased_json(done: Erasure, by: str, why: str) -> dict[str, Any]:
    return {
        "ledger": done.where,
        "case_id": done.case_id,
        "case_number": done.case_number,
        "case_ids": done.case_ids,
        "by": by,
        "why": why,
        "texts": done.texts,
        "already": done.erased_before,
        "in_the_clear": done.in_the_clear,
        "cleaned": not done.not_cleaned,
        "not_cleaned": done.not_cleaned or None,
        "backups": done.copies,
    }


def verify_json(where: str, found: Verification) -> dict[str, Any]:
    return {
        "ok": not found.problems,
        "events": found.events,
        "idle_runs": found.idle_runs,
        "head": found.head,
        "problems": found.problems,
        "erased": found.erased,
        "pruned": [{**one._asdict(), "before": instant(one.before)} for one in found.pruned],
        "ledger": where,
    }
