"""The fault of one value: what was found, what was expected, and the nearest allowed name."""

import difflib
from collections.abc import Iterable
from typing import Any

from sfdc_escalator.errors import Severity

SHOWN = 60


class Fault(ValueError):
    """One fault of one value; it never changes, `but` gives a changed copy.

    `on_key`: the place of the key is reported, not that of the value. `key`: the fault is that of this key inside the
    value. `inside`: the path inside the value. `at`: the path in the file, when the fault is not in this value. `more`:
    further faults of the same value.
    """

    message: str
    found: str | None
    expected: str | None
    nearest: str | None
    key: str | None
    inside: tuple[str | int, ...]
    on_key: bool
    severity: Severity
    at: tuple[str | int, ...] | None
    more: tuple["Fault", ...]

    def __init__(
        self,
        message: str,
        *,
        found: str | None = None,
        expected: str | None = None,
        nearest: str | None = None,
        key: str | None = None,
        inside: tuple[str | int, ...] = (),
        on_key: bool = False,
        severity: Severity = "error",
        at: tuple[str | int, ...] | None = None,
        more: tuple["Fault", ...] = (),
    ) -> None:
        super().__init__(message)
        facts: dict[str, Any] = {
            "message": message,
            "found": found,
            "expected": expected,
            "nearest": nearest,
            "key": key,
        }
        facts |= {"inside": inside, "on_key": on_key, "severity": severity, "at": at, "more": more}
        self.__dict__.update(facts)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in Fault.__annotations__:
            raise AttributeError(f"a fault never changes: `but({name}=...)` gives a copy")
        super().__setattr__(name, value)

    def but(self, **changes: Any) -> "Fault":
        """A copy with these facts changed."""
        facts = {name: self.__dict__[name] for name in Fault.__annotations__} | changes
        return Fault(facts.pop("message"), **facts)


def shown(value: Any) -> str:
    """The value on one line, of a bounded length, for a message."""
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, str):
        return shortened(value) if value.strip() else "an empty text"
    return "nothing" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def described(value: Any) -> str:
    """As `shown`, with texts in quotes, for messages about the type."""
    return f'"{shortened(value)}"' if isinstance(value, str) and value.strip() else shown(value)


def shortened(text: str) -> str:
    line = "".join(char if char.isprintable() else seen(char) for char in text[: SHOWN * 4])
    line = " ".join(line.split())
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "\N{HORIZONTAL ELLIPSIS}"


def seen(char: str) -> str:
    """A character that is not printable: white space of YAML as a space, any other by its number."""
    return " " if char in " \t\r\n" else f"\\u{ord(char):04x}"


def nearest(name: str, allowed: Iterable[str]) -> str | None:
    """The allowed name that was probably meant; None when no name is near."""
    if len(name) > 100:
        return None
    folded = {choice.casefold(): choice for choice in sorted(allowed, reverse=True)}
    close = difflib.get_close_matches(name.casefold(), folded, n=1)
    return folded[close[0]] if close else None


def nearest_in(prefix: str, name: str, allowed: Iterable[str]) -> str | None:
    """The nearest name among names with this prefix, compared without it."""
    near = nearest(name.removeprefix(prefix), allowed) if name.startswith(prefix) else None
    return near and prefix + near


def one_of(allowed: Iterable[str]) -> str:
    names = list(allowed)
    listed = ", ".join(names[:40]) + (", ..." if len(names) > 40 else "")
    return f"one of {listed}" if len(names) > 1 else listed


def unknown(what: str, name: str, allowed: Iterable[str], otherwise: str | None = None, **facts: Any) -> Fault:
    """The fault of a name that is not among the allowed ones. `otherwise` is what is expected when none is allowed;
    `facts` are further facts of the fault."""
    names = list(allowed)
    expected = one_of(names) if names else otherwise
    facts = {"expected": expected, "nearest": nearest(name, names), **facts}
    return Fault(f"unknown {what} `{shortened(name)}`", found=shown(name), **facts)


def comma(rest: str) -> Fault:
    """The fault of a text inside `{...}` that a comma cut in two: its rest was read as a key without a value."""
    message = "a comma inside `{...}` starts a new key"
    return Fault(message, found=shown(rest), expected="quotes around a text with a comma in it", on_key=True)
