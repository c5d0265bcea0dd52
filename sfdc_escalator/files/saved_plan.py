"""A saved plan as a file: read whole, and checked before anything else is done with it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from sfdc_escalator.errors import Invalid, PlanRefused, Problem
from sfdc_escalator.escalation.saved.plan import FORMAT, SavedPlan
from sfdc_escalator.escalation.saved.plan_json import SHA256, sha256_of
from sfdc_escalator.escalation.saved.plan_of import plan_of
from sfdc_escalator.files.text.plain_file import open_to_read

MOST_BYTES = 32 * 1024 * 1024
HOW = "a file that `run --dry-run --out FILE` wrote"


def read_saved_plan(path: Path) -> SavedPlan:
    """The plan. Raises Invalid for a file that cannot be read, or is not a plan of this version; PlanRefused for one
    that was changed after it was written."""
    found = parsed(path, content_of(path))
    check_format(path, found)
    if found.get(SHA256) != (actual := sha256_of(found)):
        raise PlanRefused(
            f"{path} was changed after it was written, or is damaged: its sha256 is {shown(found.get(SHA256))}, that "
            f"of its content {actual}. Nothing was done; make the plan anew and have it approved"
        )
    try:
        return plan_of(found)
    except ValueError as error:
        raise invalid(path, f"this is not a plan that can be carried out: {str(error)[:300]}", expected=HOW) from error


def content_of(path: Path) -> bytes:
    try:
        with open_to_read(path) as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise invalid(path, f"the plan cannot be read: {reason}") from error
    if len(content) > MOST_BYTES:
        most = f"at most {MOST_BYTES // 1024 // 1024} MB"
        raise invalid(path, "the file is too large for a plan", found=f"more than {MOST_BYTES} bytes", expected=most)
    return content


def parsed(path: Path, content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content.decode("utf-8"), object_pairs_hook=once_each, parse_constant=no_number)
    except UnicodeDecodeError as error:
        raise invalid(path, f"the plan is not UTF-8 text: byte {error.start}", expected=HOW) from error
    except json.JSONDecodeError as error:
        place = (error.lineno, error.colno)
        raise invalid(path, f"the plan is not whole JSON: {error.msg.lower()}", place, expected=HOW) from error
    except RecursionError as error:
        raise invalid(path, "the plan is not a plan: it is nested too deep", expected=HOW) from error
    except ValueError as error:
        raise invalid(path, f"the plan is not sound JSON: {str(error)[:200]}", expected=HOW) from error
    if not isinstance(found, dict):
        raise invalid(path, "the plan is not a JSON object", expected=HOW)
    return found


def once_each(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """The object; a key that stands twice would be read differently by different readers."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the key {name!r:.60} stands twice in one object")
        found[name] = value
    return found


def no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number of JSON")


def check_format(path: Path, found: dict[str, Any]) -> None:
    version = found.get("format")
    if "format" not in found:
        what = "a report of a run" if "escalations" in found else "another JSON object"
        raise invalid(path, "this is not a saved plan", found=what, expected=HOW)
    if type(version) is not int or version != FORMAT:
        advice = "use the sfdc-escalator that wrote it, or make the plan anew"
        message = f"the plan has a format that this program does not know; {advice}"
        raise invalid(path, message, found=f"format {shown(version)}", expected=f"format {FORMAT}")


def shown(value: Any) -> str:
    return "missing" if value is None else f"{value!s:.64}"


def invalid(path: Path, message: str, place: tuple[int, int] | None = None, **more: str) -> Invalid:
    line, column = place or (None, None)
    problem = Problem(message, str(path), line, column, **more)  # type: ignore[arg-type]
    return Invalid(f"{path}: {message}", [problem])
