"""Puts `import` together: native rules, what is known of standard fields, and the folder of the policies."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sfdc_escalator.errors import Invalid

if TYPE_CHECKING:
    from sfdc_escalator.escalation.conditions.condition import Condition
    from sfdc_escalator.native.imported import Imported, State


def import_rules(arguments: Sequence[tuple[Path, str]], out: Path) -> Imported:
    """Reads the files and writes the policies. Raises Invalid, and then nothing was written."""
    from sfdc_escalator.native.imported import Imported, other_place, policies_in
    from sfdc_escalator.native.translation import translated
    from sfdc_escalator.salesforce.schema.describe import standard_describe

    files = translated(arguments, standard_describe(), reads_all)
    texts = policies_in(files)
    states = {path: state_of(out / path, text) for path, text in texts.items()}
    write_all({out / path: texts[path] for path, state in states.items() if state == "written"}, out)
    left = tuple(other for path in texts if (out / (other := other_place(path))).exists())
    return Imported(files, states, left)


def reads_all(condition: Condition) -> bool:
    """True where a server can filter by nothing in the condition."""
    from sfdc_escalator.escalation.policy.policy import OPEN_CASES, Policy, Route
    from sfdc_escalator.salesforce.schema.describe import standard_describe
    from sfdc_escalator.salesforce.soql.narrowing import route_is_scan

    route = Route("one", "", condition, None)
    policy = Policy("one", "", "", "", (OPEN_CASES,), (), (route,))
    return route_is_scan(policy, route, standard_describe())


def state_of(path: Path, text: str) -> State:
    """The state in which the import leaves the policy: one that somebody edited is kept. Raises Invalid, also where
    something else than a file would be replaced."""
    from sfdc_escalator.files.text.plain_file import mode_to_replace, open_to_read
    from sfdc_escalator.native.policy.text import is_edited

    try:
        if not os.path.lexists(path):
            return "written"
        with open_to_read(path) as stream:
            there = stream.read()
        if there == text.encode():
            return "unchanged"
        if is_edited(there.decode("utf-8", "replace")):
            return "kept"
        mode_to_replace(path)
    except OSError as error:
        raise not_writable(path, error) from error
    return "written"


def write_all(texts: Mapping[Path, str], out: Path) -> None:
    """Writes all files or none: each is written beside its place first. Raises Invalid."""
    staged = list[tuple[str, Path]]()
    path = out
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            path.parent.mkdir(exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")
            staged.append((name, path))
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
                stream.write(text)
                os.fchmod(stream.fileno(), 0o644)
        for name, path in staged:
            os.replace(name, path)
    except OSError as error:
        raise not_writable(path, error) from error
    finally:
        for name, _ in staged:
            if os.path.lexists(name):
                os.unlink(name)


def not_writable(path: Path, error: OSError) -> Invalid:
    return Invalid(f"{path} cannot be written: {(error.strerror or str(error)).lower()}")
