"""Quick Texts: a note's text that an admin keeps in the org, with our placeholders and Salesforce's merge fields.

Everything is filled in at once and never read again, so that text of the case cannot become a placeholder.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sfdc_escalator.escalation.conditions.comparison import fold
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.org import Describe

PLACEHOLDER = re.compile(r"\{!\s*([^{}]*?)\s*\}|\{([A-Za-z]\w*(?:\.[A-Za-z]\w*)*)\}")
PATH = re.compile(r"[A-Za-z]\w*(?:\.[A-Za-z]\w*){0,5}", re.ASCII)
OWN = ("parts", "findings", "route", "policy", "now")
FOREIGN = frozenset({"user", "organization", "label", "setup", "profile", "system", "recipient", "sender", "api"})
"""The first parts of merge fields that are not a record of the case."""
WHOLE = "parts"


def names_for(names: Sequence[str | Table[str]], case: Case) -> list[str]:
    """The names for this case; a table without a row for it gives none."""
    found = [one.value(case) if isinstance(one, Table) else one for one in names]
    return [name for name in found if name is not None]


def possible_names(names: Sequence[str | Table[str]]) -> list[str]:
    """Every name that some case may use, in the order in which they are tried."""
    return list(dict.fromkeys(name for one in names for name in (one.values if isinstance(one, Table) else (one,))))


def possible_texts(names: Sequence[str | Table[str]], messages: Mapping[str, str]) -> dict[str, str]:
    """The messages that some case may use, by name: none after a Quick Text that serves every case."""
    found: dict[str, str] = {}
    for one in names:
        for name in possible_names([one]):
            if message := chosen_text([name], messages):
                found.setdefault(*message)
        if not isinstance(one, Table) and one in found:
            break
    return found


def chosen_text(names: Sequence[str], messages: Mapping[str, str]) -> tuple[str, str] | None:
    """The name and message of the first Quick Text that the org has and that is not empty."""
    found = ((name, messages.get(fold(name), "")) for name in names)
    return next(((name, plain_lines(message)) for name, message in found if message.strip()), None)


def plain_lines(message: str) -> str:
    return message.replace("\r\n", "\n").replace("\r", "\n").strip()


def case_path(merge: str | None, own: str | None) -> str | None:
    """The path of the case that a placeholder names; None where it names something else, or nothing."""
    name = merge if merge is not None else own or ""
    if not PATH.fullmatch(name) or "." not in name:
        return None
    first, _, rest = name.partition(".")
    if first.lower() in FOREIGN or first.lower() == "route":
        return None
    return rest if first.lower() == "case" else name


def quick_text_paths(message: str) -> frozenset[str]:
    """The fields of the case that a Quick Text reads."""
    found = (case_path(one[1], one[2]) for one in PLACEHOLDER.finditer(message))
    return frozenset(path for path in found if path)


def paths_read(messages: Iterable[str], describe: Describe) -> frozenset[str]:
    """The fields that these Quick Texts read and the org has."""
    return describe.readable(frozenset[str]().union(*map(quick_text_paths, messages)))


def unknown_placeholders(message: str, parts: Iterable[str], texts: Iterable[str]) -> tuple[str, ...]:
    """The placeholders that have no meaning in a note with these parts and texts of its route."""
    known = {*OWN, *parts, *(f"route.{text}" for text in (*texts, "reason", "name"))}
    return tuple(
        one[0] for one in PLACEHOLDER.finditer(message) if not case_path(one[1], one[2]) and (one[2] or "") not in known
    )


@dataclass(frozen=True, slots=True)
class Filling:
    """The values of placeholders: parts of the note (title, text), texts of the route, fields of the case."""

    parts: Mapping[str, tuple[str, str]]
    texts: Mapping[str, str]
    fields: Mapping[str, str]

    def value(self, placeholder: re.Match[str]) -> str:
        path, own = case_path(placeholder[1], placeholder[2]), placeholder[2] or ""
        if path is not None:
            return self.fields.get(path, "")
        return self.parts[own][1] if own in self.parts else self.texts.get(own, placeholder[0])


def fill_in(message: str, filling: Filling) -> str:
    """The message with everything filled in; the parts that it does not name are added below it."""
    named = {one[2] for one in PLACEHOLDER.finditer(message)}
    body = PLACEHOLDER.sub(filling.value, message)
    if WHOLE in named:
        return body
    return "\n\n".join([body, *blocks(part for name, part in filling.parts.items() if name not in named)])


def blocks(parts: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{title}:\n{text}" for title, text in parts]


def filled_sentence(text: str, fields: Mapping[str, Any]) -> str:
    """A text of the route with its `{Case.Field}` placeholders filled; empty when one of them is."""
    missing = False

    def value(placeholder: re.Match[str]) -> str:
        nonlocal missing
        path = case_path(None, placeholder[2])
        found = str(fields.get(path, "")) if path else placeholder[0]
        missing = missing or not found
        return found

    filled = PLACEHOLDER.sub(value, text)
    return "" if missing else filled
