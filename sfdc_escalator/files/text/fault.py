"""What is wrong with one value, in plain words: what stands there, what is allowed, and the nearest allowed name."""

import difflib
from collections.abc import Iterable
from typing import Any

from sfdc_escalator.errors import Severity

SHOWN = 60


class Fault(ValueError):
    """One fault of one value. `on_key`: the fault is the key's, so its place is reported; `key`: of that key inside.

    `inside`: where in the value it stands; `at`: where in the file, when it is not in this value. `more`: further ones.
    """

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
    ) -> None:
        super().__init__(message)
        self.message, self.found, self.expected, self.nearest = message, found, expected, nearest
        self.key, self.inside, self.on_key, self.severity = key, inside, on_key, severity
        self.at: tuple[str | int, ...] | None = None
        self.more: tuple[Fault, ...] = ()


def shown(value: Any) -> str:
    """A value as a message shows it: on one line, of a bounded length."""
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, str):
        return shortened(value) if value.strip() else "an empty text"
    return "nothing" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def described(value: Any) -> str:
    """As `shown`, with texts in quotes: where it matters that it is a text."""
    return f'"{shortened(value)}"' if isinstance(value, str) and value.strip() else shown(value)


def shortened(text: str) -> str:
    line = "".join(char if char.isprintable() else seen(char) for char in text[: SHOWN * 4])
    line = " ".join(line.split())
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "\N{HORIZONTAL ELLIPSIS}"


def seen(char: str) -> str:
    """A character that prints nothing: white space of YAML as a space, any other by its number."""
    return " " if char in " \t\r\n" else f"\\u{ord(char):04x}"


def nearest(name: str, allowed: Iterable[str]) -> str | None:
    """The allowed name that was probably meant, or None."""
    if len(name) > 100:
        return None
    folded = {choice.casefold(): choice for choice in sorted(allowed, reverse=True)}
    close = difflib.get_close_matches(name.casefold(), folded, n=1)
    return folded[close[0]] if close else None


def nearest_in(prefix: str, name: str, allowed: Iterable[str]) -> str | None:
    """The same among names behind a prefix, which makes no two of them alike."""
    near = nearest(name.removeprefix(prefix), allowed) if name.startswith(prefix) else None
    return near and prefix + near


def one_of(allowed: Iterable[str]) -> str:
    names = list(allowed)
    listed = ", ".join(names[:40]) + (", ..." if len(names) > 40 else "")
    return f"one of {listed}" if len(names) > 1 else listed


def unknown(what: str, name: str, allowed: Iterable[str], otherwise: str | None = None) -> Fault:
    """A name that is none of the allowed ones; `otherwise` is said when there are none at all."""
    names = list(allowed)
    expected = one_of(names) if names else otherwise
    return Fault(
        f"unknown {what} `{shortened(name)}`", found=shown(name), expected=expected, nearest=nearest(name, names)
    )


def comma(rest: str) -> Fault:
    """A text in flow form that its comma ends: what follows became a key that says nothing."""
    message = "a comma inside `{...}` starts a new key"
    return Fault(message, found=shown(rest), expected="quotes around a text with a comma in it", on_key=True)


def not_yet(what: str, expected: str | None = None, *, key: str | None = None, on_key: bool = False) -> Fault:
    message = f"{what} is not carried out by this version yet"
    return Fault(message, expected=expected, key=key, on_key=on_key)
