"""The result of an import as JSON."""

from typing import Any

from sfdc_escalator.native.imported import Imported, ImportedFile, ImportedRule
from sfdc_escalator.native.policy.draft import Entry


def import_json(found: Imported) -> dict[str, Any]:
    files = [file_json(file, found) for file in found.files]
    return {"files": files, "totals": found.totals, "exit": found.exit_code}


def file_json(file: ImportedFile, found: Imported) -> dict[str, Any]:
    rules = [rule_json(rule, found) for rule in file.rules]
    return {"file": file.file, "sha256": file.sha256, "skipped": file.skipped, "rules": rules}


def rule_json(rule: ImportedRule, found: Imported) -> dict[str, Any]:
    return {
        "rule": rule.rule,
        "active": rule.active,
        "sample": rule.sample,
        "policy": rule.path,
        "state": found.states[rule.path] if rule.path else None,
        "entries": [entry_json(entry, with_route=rule.path is not None) for entry in rule.entries],
    }


def entry_json(entry: Entry, *, with_route: bool) -> dict[str, Any]:
    return {
        "entry": entry.number,
        "line": entry.line,
        "status": entry.status,
        "route": entry.route if with_route else None,
        "minutes": entry.minutes,
        "rungs": list(entry.rungs),
        "remarks": [
            {"line": one.line, "construct": one.construct, "why": one.why, "nearest": one.nearest}
            for one in entry.remarks
        ],
    }
