"""Errors of pydantic as faults in the words of the file: the place, the value found, the values allowed."""

from collections.abc import Iterable, Iterator
from typing import Any

from sfdc_escalator.errors import Problem
from sfdc_escalator.files.language.shape import SchemaError, keys_at
from sfdc_escalator.files.text.fault import Fault, comma, described, nearest, one_of, shortened, shown, unknown
from sfdc_escalator.files.text.yaml_document import Document, Path

TYPES = {
    "string_type": "a text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}
RENAMED = {"over_guards": "bypass_guards"}
"""Keys of earlier versions whose new name is spelt too differently to be found as the nearest one."""
YAML_1_1 = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def problems_of(document: Document, faults: Iterable[SchemaError]) -> Iterator[Problem]:
    """Each fault once. A key that is missing because it is misspelt is one fault, not two."""
    faults = list(faults)
    misspelt = {(fault.loc[:-1], meant(fault)) for fault in faults if fault.kind == "extra_forbidden"}
    for fault in faults:
        if fault.kind != "missing" or (fault.loc[:-1], fault.loc[-1]) not in misspelt:
            wrong = wrong_of(document, fault)
            yield from (problem_of(document, fault.loc, one) for one in (wrong, *wrong.more))


def problem_of(document: Document, loc: tuple[str | int, ...], wrong: Fault) -> Problem:
    """The problem at the value of `loc`, or at its key."""
    path = document.path((*loc, *wrong.inside) if wrong.at is None else wrong.at)
    on_key = wrong.on_key or loc[-1:] == ("[key]",)
    if wrong.key is not None:
        path, on_key = (*path, wrong.key), True
    line, column = document.place(path, on_key)
    return Problem(
        wrong.message, document.file, line, column, wrong.found, wrong.expected, wrong.nearest, wrong.severity
    )


def meant(fault: SchemaError) -> str | None:
    """The key of this mapping that was probably meant."""
    key, keys = str(fault.loc[-1]), keys_at(fault.loc[:-1])
    return RENAMED[key] if RENAMED.get(key) in keys else nearest(key, keys)


def wrong_of(document: Document, fault: SchemaError) -> Fault:
    if isinstance(wrong := fault.about.get("error"), Fault):
        if wrong.message.startswith("this "):
            return wrong.but(message=subject(document.path(fault.loc)) + wrong.message.removeprefix("this"))
        return wrong
    if fault.kind == "extra_forbidden" and fault.value is None and " " in str(fault.loc[-1]):
        return comma(str(fault.loc[-1]))
    if fault.kind == "extra_forbidden":
        return unknown("key", str(fault.loc[-1]), keys_at(fault.loc[:-1]), nearest=meant(fault), on_key=True)
    if fault.kind == "missing":
        return Fault(f"`{fault.loc[-1]}` is missing", expected=f"`{fault.loc[-1]}:` in this mapping")
    return by_type(document.path(fault.loc), fault)


def by_type(path: Path, fault: SchemaError) -> Fault:
    what, value = subject(path), fault.value
    if fault.kind == "too_short":
        return Fault(f"{what} is empty", found=shown(value), expected="one entry or more")
    if fault.kind == "greater_than_equal":
        return Fault(f"{what} is too small", found=shown(value), expected=f"{fault.about['ge']} or more")
    if fault.kind == "literal_error":
        allowed = [choice.strip("'") for choice in fault.about["expected"].replace(" or ", ", ").split(", ")]
        if not isinstance(value, str):
            return Fault(f"{what} must be {one_of(allowed)}", found=shown(value), expected=one_of(allowed))
        near = nearest(value, allowed)
        return Fault(f"{what} cannot be `{shown(value)}`", found=shown(value), expected=one_of(allowed), nearest=near)
    expected = TYPES.get(fault.kind, "another value")
    near = YAML_1_1.get(value.lower()) if fault.kind == "bool_type" and isinstance(value, str) else None
    return Fault(f"{what} must be {expected}", found=described(value), expected=expected, nearest=near)


def subject(path: Path) -> str:
    """The name of the value at a path, for a message."""
    if not path:
        return "a policy"
    names: list[Any] = [part for part in path if isinstance(part, str)]
    key = f"`{shortened(names[-1])}`" if names else "a policy"
    return f"an entry of {key}" if isinstance(path[-1], int) else key
