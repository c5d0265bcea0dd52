"""The result of an import for people."""

from collections.abc import Iterator

from sfdc_escalator.errors import counted
from sfdc_escalator.native.imported import INACTIVE, Imported, ImportedFile, ImportedRule
from sfdc_escalator.native.remark import Remark

WORDS = {"written": "written", "unchanged": "unchanged", "kept": "KEPT: it was edited since its import"}
SAMPLE = "; sample: comes with every Developer Edition"
HOLIDAYS = "Salesforce's API does not give the holidays of business hours, so a run does not know them"


def import_text(found: Imported) -> str:
    return "\n".join(lines(found))


def lines(found: Imported) -> Iterator[str]:
    for file in found.files:
        if file.skipped:
            yield f"{file.file}: skipped: {file.skipped}"
        for rule in file.rules:
            yield from rule_lines(file, rule, found)
    yield from (f"{path}: left from an earlier import: its rule {moved(path)}; remove the file" for path in found.left)
    for file in found.files:
        if file.holidays:
            yield f"{file.file}: {counted(len(file.holidays), 'holiday')}: {HOLIDAYS}"
            yield from (f"  {one}" for one in file.holidays)
    totals = found.totals
    policies = counted(len(found.states), "policy", "policies")
    yield f"in all: {counts_text(totals)}; {policies}" + ("" if any(totals.values()) else ": nothing to import")


def moved(path: str) -> str:
    return "is active now" if path.startswith(INACTIVE) else "is not active any more"


def rule_lines(file: ImportedFile, rule: ImportedRule, found: Imported) -> Iterator[str]:
    inactive = "" if rule.active else " (inactive)"
    made = f"{rule.path}: {WORDS[found.states[rule.path]]}" if rule.path else "no policy: it does nothing"
    yield f'{file.file}: rule "{rule.rule}"{inactive}: {counts_text(rule.counts)}; {made}{SAMPLE * rule.sample}'
    for entry in rule.entries:
        yield from (remark_line(file, one) for one in entry.remarks)


def counts_text(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {status}" for status, count in counts.items())


def remark_line(file: ImportedFile, one: Remark) -> str:
    nearest = f"; nearest: {one.nearest}" if one.nearest else ""
    return f"{file.file}:{one.line}: {one.weight}: {one.construct}: {one.why}{nearest}"
