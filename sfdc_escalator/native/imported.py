"""The result of an import, file by file."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sfdc_escalator.native.policy.draft import Entry

STATUSES = ("mapped", "warned", "unmapped", "idle")
INACTIVE = "inactive/"
State = Literal["written", "unchanged", "kept"]


@dataclass(frozen=True, slots=True)
class ImportedRule:
    """A rule or process. `path` of its policy below the folder, and its `text`; None where it makes none."""

    rule: str
    active: bool
    sample: bool
    entries: tuple[Entry, ...]
    path: str | None = None
    text: str | None = None

    @property
    def counts(self) -> dict[str, int]:
        found = Counter(one.status for one in self.entries)
        return {status: found[status] for status in STATUSES}


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """A file as found from the arguments; `skipped` says why nothing of it is imported."""

    file: str
    sha256: str
    skipped: str | None = None
    rules: tuple[ImportedRule, ...] = ()
    holidays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """All files, and what became of each policy, by its path. `left` are policies of earlier imports whose rule is now
    inactive, or active again, and stands elsewhere."""

    files: tuple[ImportedFile, ...]
    states: dict[str, State]
    left: tuple[str, ...] = ()

    @property
    def rules(self) -> Iterator[ImportedRule]:
        return (rule for file in self.files for rule in file.rules)

    @property
    def totals(self) -> dict[str, int]:
        return {status: sum(rule.counts[status] for rule in self.rules) for status in STATUSES}

    @property
    def exit_code(self) -> int:
        """3 where something is not mapped, or an edited policy was kept."""
        return 3 if self.totals["unmapped"] or "kept" in self.states.values() else 0


def other_place(path: str) -> str:
    """The path of the same policy if its rule were inactive, or active."""
    return path.removeprefix(INACTIVE) if path.startswith(INACTIVE) else f"{INACTIVE}{path}"


def policies_in(files: Sequence[ImportedFile]) -> dict[str, str]:
    """The text of each policy by its path below the folder."""
    return {rule.path: rule.text for file in files for rule in file.rules if rule.path and rule.text}
