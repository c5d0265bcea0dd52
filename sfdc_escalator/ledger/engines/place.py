"""The place of a ledger file: the path that the user gave, or the state folder."""

import os
from collections.abc import Mapping
from pathlib import Path

from sfdc_escalator.errors import EscalatorError, Invalid, LedgerUnusable, Problem

NETWORK_DISKS = ("nfs", "cifs", "smb", "fuse.sshfs", "glusterfs", "fuse.glusterfs", "ceph", "fuse.ceph")
"""File systems on which SQLite's locks and shared memory do not work between hosts; matched by their beginning."""

HERE = Path()


def absolute(where: str, environ: Mapping[str, str], folder: Path) -> str:
    """The same place for every working folder: a URL of another engine, or the absolute path of an SQLite file. Raises
    Invalid."""
    scheme, is_url, _ = where.partition("://")
    return where if is_url and scheme != "sqlite" else str(path_of(where, environ, folder))


def path_of(where: str, environ: Mapping[str, str] | None = None, folder: Path = HERE) -> Path:
    """The absolute path of the ledger file that `where` (a path or `sqlite:///...`) names. Raises Invalid.

    A relative path starts from `folder`, `~` is the HOME of `environ`.
    """
    scheme, mark, rest = where.partition("://")
    if not mark:
        rest = where
    elif scheme != "sqlite":
        raise Invalid(
            "the ledger's address is not understood",
            [Problem("a ledger", found=f"{scheme}://...", expected="a path or sqlite:///PATH")],
        )
    elif not rest.startswith("/"):
        raise Invalid(f"the ledger {where!r} is not a file: write sqlite:///relative/path or sqlite:////absolute/path")
    elif "?" in rest:
        raise Invalid(
            "a ledger's sqlite URL takes no options",
            [Problem("a ledger", found=f"?{rest.partition('?')[2]}", expected="sqlite:///PATH, without ?")],
        )
    else:
        rest = rest[1:]
    if not rest.strip() or "\0" in rest or rest == ":memory:":
        raise Invalid("the ledger's path is empty or not a file; expected a path such as escalations.db")
    return Path(os.path.abspath(folder / at_home(rest, environ or {})))


def at_home(path: str, environ: Mapping[str, str]) -> Path:
    """The path with `~` replaced."""
    home = environ.get("HOME")
    if home and path.partition("/")[0] == "~":
        return Path(home + path[1:])
    return Path(path).expanduser()


def state_folder(environ: Mapping[str, str]) -> Path:
    """`$XDG_STATE_HOME/sfdc-escalator`. A relative setting is ignored, as that standard says."""
    home = environ.get("XDG_STATE_HOME", "")
    base = Path(home) if home.startswith("/") else at_home("~/.local/state", environ)
    return base / "sfdc-escalator"


def default_path(organization_id: str, environ: Mapping[str, str]) -> Path:
    """The ledger of this org when no other is named."""
    if not organization_id.isalnum():
        raise EscalatorError(f"{organization_id!r} is not an organization id")
    return state_folder(environ) / f"{organization_id}.db"


def only_ledger(environ: Mapping[str, str]) -> Path:
    """The only ledger in the state folder. Raises Invalid when there is none, or more than one."""
    folder = state_folder(environ)
    try:
        found = sorted(path for path in folder.glob("*.db") if not path.name.startswith("."))
    except OSError as error:
        raise LedgerUnusable(f"cannot look for ledgers in {folder}: {error.strerror}") from error
    if len(found) == 1:
        return found[0]
    if not found:
        raise Invalid(f"the folder {folder} has no ledger: the first live run creates it; or name one with --ledger")
    raise Invalid(
        f"there are {len(found)} ledgers in {folder}; name one with --ledger",
        [Problem("a ledger", file=str(path)) for path in found],
    )


def disk_of(path: Path, mounts: str) -> str:
    """The type of the file system that holds `path`, by the text of /proc/mounts; empty when it is not there."""
    best, kind, places = "", "", {str(path), *map(str, path.parents)}
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = fields[1].encode("ascii", "backslashreplace").decode("unicode_escape")  # a space is \040
        if point in places and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind


def refuse_network_disk(path: Path, mounts: str | None = None) -> None:
    """Raises LedgerUnusable where `path` is on a network disk: two hosts would not see each other's locks."""
    if mounts is None:
        try:
            mounts = Path("/proc/mounts").read_text(errors="surrogateescape")
        except OSError:
            return  # not a Linux system: nothing to ask
    kind = disk_of(Path(os.path.realpath(path)), mounts)
    if kind.startswith(NETWORK_DISKS):
        raise LedgerUnusable(
            f"the ledger {path} is on a network disk ({kind}), where SQLite's locks do not work; put it on a local disk"
        )
