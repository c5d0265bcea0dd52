"""Files that belong to a file of rules: those of its own project, and other versions of a process."""

from collections.abc import Sequence
from pathlib import Path

from sfdc_escalator.native.source.finding import SourceFile
from sfdc_escalator.native.source.kinds import PROCESS, stem_of


def nearest_of(file: SourceFile, others: Sequence[SourceFile]) -> SourceFile | None:
    """The one that shares the deepest folder with the file; None where several share it, or there is none."""
    shared = [(common(file.path, one.path), one) for one in others]
    most = max((depth for depth, _ in shared), default=0)
    nearest = [one for depth, one in shared if depth == most]
    return nearest[0] if len(nearest) == 1 else None


def common(one: Path, other: Path) -> int:
    """The number of folders that both paths begin with."""
    depth = 0
    for left, right in zip(one.absolute().parts, other.absolute().parts, strict=False):
        if left != right:
            break
        depth += 1
    return depth


def older_versions(files: Sequence[SourceFile]) -> frozenset[Path]:
    """The processes of which there is a newer version, or that say of themselves that they are not the default one."""
    processes = [one for one in files if one.root.name == PROCESS]
    newest: dict[tuple[Path, str], int] = {}
    for one in processes:
        newest[family(one)] = max(version(one), newest.get(family(one), 0))
    return frozenset(
        one.path
        for one in processes
        if version(one) < newest[family(one)] or one.root.value("isVersionDefault").lower() == "false"
    )


def family(file: SourceFile) -> tuple[Path, str]:
    return file.path.parent, file.root.value("versionMaster") or file.root.value("name") or stem_of(file.name)[0]


def version(file: SourceFile) -> int:
    written = file.root.value("versionNumber")
    return int(written) if written.isascii() and written.isdigit() and len(written) < 9 else 0
