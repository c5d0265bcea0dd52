"""Policy files with their templates as one value with a digest: what a fleet stores, and what its runs read."""

import base64
import binascii
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sfdc_escalator.errors import Invalid
from sfdc_escalator.files.checks.cross_checks import mapping
from sfdc_escalator.files.policies import MAX_BYTES, NOTICES, notes_in, read_policies
from sfdc_escalator.files.text.plain_file import open_to_read
from sfdc_escalator.files.text.source_text import Unreadable, read_text
from sfdc_escalator.files.text.yaml_document import parse

FOLDER = "policies"
"""The folder of policy files in a snapshot, so that templates can stand in it and beside it."""
Stamp = tuple[str, int, int, int]
"""A file on disk: its path, time of change, size and inode."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The files by their path in the snapshot, in base64, because an invalid file may hold anything. `policies` are the
    paths of the policy files in their order. `stamp` changes with the files on disk."""

    digest: str
    policies: tuple[str, ...]
    files: Mapping[str, str]
    paths: tuple[Path, ...] = ()
    stamp: tuple[Stamp, ...] = ()

    def is_of(self, paths: Sequence[Path]) -> bool:
        """True while these files, and their templates, are as they were."""
        return tuple(paths) == self.paths and all(stamp_of(Path(one[0])) == one for one in self.stamp)


def snapshot(paths: Sequence[Path]) -> Snapshot:
    """Valid policies have the digest of their content: comments and layout do not count. Invalid ones have that of
    their bytes. Raises Invalid for a file that cannot be opened."""
    files: dict[str, Path] = {}
    policies, watched = [], set[Path]()
    before = stamp(paths)  # first of all: a change meanwhile is then seen later
    folders = list(dict.fromkeys(path.parent for path in paths))
    for path in paths:
        root = str(folders.index(path.parent))
        policies.append(f"{root}/{FOLDER}/{path.name}")
        files[policies[-1]] = path
        for places in templates(path):
            watched.update(places.values())
            files |= {f"{root}/{place}": file for place, file in found_in(places)}
    others = stamp(watched)
    texts = {name: base64.b64encode(content(path)).decode() for name, path in files.items()}
    return Snapshot(digest_of(paths, texts), tuple(policies), texts, tuple(paths), before + others)


def templates(path: Path) -> Iterator[dict[str, Path]]:
    """The two files that each template of a policy may be, by their place beside the folder of policies; the first one
    that exists counts. A missing template is reported by whoever reads the policy."""
    try:
        document = parse(str(path), read_text(path, "a policy file", MAX_BYTES))
    except Unreadable:
        return
    for given in (*(note for _, note in notes_in(document)), mapping(document.value, *NOTICES)):
        name = given.get("template")
        if isinstance(name, str) and not Path(name).is_absolute() and ".." not in Path(name).parts and "\0" not in name:
            yield {
                str(PurePosixPath(FOLDER, name)): path.parent / name,
                str(PurePosixPath(name)): path.parent / ".." / name,
            }


def found_in(places: Mapping[str, Path]) -> list[tuple[str, Path]]:
    """The file that counts, with its place."""
    return [(place, file) for place, file in places.items() if os.path.isfile(file)][:1]


def content(path: Path) -> bytes:
    """One byte more than a policy may have, so that a file that is too large stays so."""
    try:
        with open_to_read(path) as stream:
            return stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Invalid(f"the policy file {path} cannot be read: {reason.lower()}") from None


def digest_of(paths: Sequence[Path], texts: Mapping[str, str]) -> str:
    loaded = read_policies(paths, linted=False)
    named: object = texts if loaded.errors else [policy.digest for policy in loaded.policies]
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()


def stamp(paths: Iterable[Path]) -> tuple[Stamp, ...]:
    return tuple(map(stamp_of, sorted(paths)))


def stamp_of(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return str(path), 0, 0, 0
    return str(path), found.st_mtime_ns, found.st_size, found.st_ino


def unpack(snapshot: Snapshot, folder: Path) -> list[Path]:
    """Writes the files below `folder`, where they are not there as they should be; the paths of the policies. Raises
    OSError, and Invalid for a snapshot that is damaged."""
    for name, text in snapshot.files.items():
        place = PurePosixPath(name)
        try:
            data = base64.b64decode(text, validate=True)
        except binascii.Error:
            raise Invalid(f"the stored policies {snapshot.digest[:12]} are damaged") from None
        if place.is_absolute() or ".." in place.parts:
            raise Invalid(f"the stored policies {snapshot.digest[:12]} are damaged: a path leads out of their folder")
        replace_file(folder / place, data)
    return [folder / name for name in snapshot.policies]


def replace_file(path: Path, data: bytes) -> None:
    """Makes the file hold this, in one step."""
    try:
        if path.read_bytes() == data:
            return
    except OSError:
        pass
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")  # other runs write the same file
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
