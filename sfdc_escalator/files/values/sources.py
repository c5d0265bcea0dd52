"""Fields and other sources as values of the policy file, and texts that name fields."""

import re
from typing import Any

from sfdc_escalator.files.text.fault import Fault, nearest, nearest_in, one_of, shown
from sfdc_escalator.files.values.texts import SNAKE, text

FIELD_PATH = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*){0,5}", re.ASCII)
RECORDS = frozenset({"account", "contact", "owner", "parent", "recordtype", "createdby", "lastmodifiedby", "manager"})
SPOKEN = ("comments", "comments.agent", "comments.customer", "emails", "emails.agent", "emails.customer")
OWN_SOURCES = ("findings", *SPOKEN, "route.reason")
RESERVED = frozenset({"findings", "comments", "route", "emails"})
PLACEHOLDER = re.compile(r"\{[!{]|\{[A-Za-z]\w*\}")
FIELD_PLACEHOLDER = re.compile(r"\{([A-Za-z]\w*(?:\.[A-Za-z]\w*)+)\}", re.ASCII)
IF_MISSING = ("say_so", "tell_owner", "hold")


def field_path(value: Any) -> str:
    """A field of the case, or of a record that it refers to."""
    path = text(value)
    if path.split(".")[0] in RESERVED:
        expected = "a field path; `text` reads comments" if path.startswith("comments") else "a field path"
        raise Fault(f"`{shown(path)}` is not a field", found=shown(path), expected=expected)
    if re.fullmatch(r"\d+[mhdw]", path):
        expected = "a field; the time is a limit beside it, such as `at_least: 4h`"
        raise Fault(f"`{path}` is not a field", found=path, expected=expected)
    if not FIELD_PATH.fullmatch(path):
        expected = "API names with dots between them, such as Subject, Risk__c, Account.Type"
        raise Fault(f"`{shown(path)}` is not a field path", found=shown(path), expected=expected)
    last = path.rpartition(".")[2].lower()
    if last in RECORDS or last.endswith("__r"):
        raise Fault(
            f"`{path}` is a record, not a field", found=path, expected=f"one of its fields, such as {path}.Name"
        )
    return path


def is_field(given: str) -> bool:
    """True for a field of the case, not the name of a part or a source of another kind."""
    plain = FIELD_PATH.fullmatch(given) and not SNAKE.fullmatch(given)
    return bool(plain) and given.partition(".")[0].lower() not in RESERVED


def text_source(value: Any) -> str:
    """The source of a `text` condition: a field path, or comments or e-mails, of everybody or of one side."""
    source = text(value)
    if source in SPOKEN:
        return source
    if source.split(".")[0].lower() in ("comments", "emails"):
        expected = f"{one_of(SPOKEN)}, or a field path"
        raise Fault(
            f"unknown source `{shown(source)}`", found=shown(source), expected=expected, nearest=nearest(source, SPOKEN)
        )
    return field_path(source)


def part_source(value: Any, texts: frozenset[str] | None) -> str:
    """The source of a part of the note. `texts` are the texts that some route gives; None when they cannot be known."""
    source = text(value)
    first = source.split(".")[0].lower()
    if first not in RESERVED:
        return field_path(source)
    if texts is None and source.startswith("route."):
        return source
    texts = texts or frozenset()
    allowed = (*OWN_SOURCES, *(f"route.{given}" for given in sorted(texts)))
    if source not in allowed:
        raise Fault(
            f"unknown source `{shown(source)}`",
            found=shown(source),
            expected=f"{one_of(allowed)}, or a field path",
            nearest=nearest_in("route.", source, ("reason", *texts)) or nearest(source, OWN_SOURCES[:-1]),
        )
    return source


def part_or_path(value: Any) -> str:
    """The name of a part of the note, or a field of the case."""
    given = text(value)
    return given if SNAKE.fullmatch(given) else field_path(given)


def part_name_of(path: str) -> str:
    """The name of the part that a required field is: `ClickUp_Project__c` -> `clickup_project`."""
    plain = path.rpartition(".")[2].removesuffix("__c").lower()
    return plain if SNAKE.fullmatch(plain) else "field"


def sentence(value: Any) -> str:
    """A text for a note; `{Case.Reason}` and `{Account.Name}` in it are replaced by fields of the case."""
    given = text(value)
    if placeholder := PLACEHOLDER.search(given):
        found, expected = shown(placeholder[0]), "a field such as `{Case.Subject}` or `{Account.Name}`"
        raise Fault(f"`{found}` has no value here", found=found, expected=expected)
    for path in placeholder_paths(given):
        field_path(path)
    return given.strip()


def placeholder_paths(given: str) -> tuple[str, ...]:
    """The fields of the case that the placeholders of a text name."""
    return tuple(path.removeprefix("Case.") for path in FIELD_PLACEHOLDER.findall(given))


def if_missing(value: Any) -> str:
    given = sentence(value)
    near = nearest(given, IF_MISSING)
    if given in IF_MISSING or len(given.split()) > 1 or (near is None and not SNAKE.fullmatch(given)):
        return given
    raise Fault(
        f"unknown choice `{shown(given)}`",
        found=shown(given),
        expected=f"{one_of(IF_MISSING)}, or a sentence",
        nearest=near,
    )
