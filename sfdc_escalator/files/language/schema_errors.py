"""Errors of pydantic as faults in the words of the file: the place, the value found, the values allowed."""

from collections.abc import Iterable, Iterator
from typing import Any

from sfdc_escalator.errors import Problem
from sfdc_escalator.files.language.shape import SchemaError, keys_at
from sfdc_escalator.files.text.document import Document, Path, problem_of
from sfdc_escalator.files.text.fault import Fault, comma, described, nearest, one_of, shortened, shown, unknown
from sfdc_escalator.files.values.texts import YAML_1_1

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


def problems_of(document: Document, errors: Iterable[SchemaError]) -> Iterator[Problem]:
    """Each fault once. A key that is missing because it is misspelt is one fault, not two."""
    errors = list(errors)
    misspelt = {(error.loc[:-1], meant(error)) for error in errors if error.kind == "extra_forbidden"}
    for error in errors:
        if error.kind != "missing" or (error.loc[:-1], error.loc[-1]) not in misspelt:
            fault = fault_of(document, error)
            yield from (problem_of(document, error.loc, one) for one in (fault, *fault.more))


def meant(error: SchemaError) -> str | None:
    """The key of this mapping that was probably meant."""
    key, keys = str(error.loc[-1]), keys_at(error.loc[:-1])
    return RENAMED[key] if RENAMED.get(key) in keys else nearest(key, keys)


def fault_of(document: Document, error: SchemaError) -> Fault:
    if isinstance(fault := error.about.get("error"), Fault):
        if fault.message.startswith("this "):
            return fault.but(message=subject(document.path(error.loc)) + fault.message.removeprefix("this"))
        return fault
    if error.kind == "extra_forbidden" and error.value is None and " " in str(error.loc[-1]):
        return comma(str(error.loc[-1]))
    if error.kind == "extra_forbidden":
        return unknown("key", str(error.loc[-1]), keys_at(error.loc[:-1]), nearest=meant(error), on_key=True)
    if error.kind == "missing":
        return Fault(f"`{error.loc[-1]}` is missing", expected=f"`{error.loc[-1]}:` in this mapping")
    return by_type(document.path(error.loc), error)


def by_type(path: Path, error: SchemaError) -> Fault:
    what, value = subject(path), error.value
    if error.kind == "too_short":
        return Fault(f"{what} is empty", found=shown(value), expected="one entry or more")
    if error.kind == "greater_than_equal":
        return Fault(f"{what} is too small", found=shown(value), expected=f"{error.about['ge']} or more")
    if error.kind == "literal_error":
        allowed = [choice.strip("'") for choice in error.about["expected"].replace(" or ", ", ").split(", ")]
        if not isinstance(value, str):
            return Fault(f"{what} must be {one_of(allowed)}", found=shown(value), expected=one_of(allowed))
        near = nearest(value, allowed)
        return Fault(f"{what} cannot be `{shown(value)}`", found=shown(value), expected=one_of(allowed), nearest=near)
    expected = TYPES.get(error.kind, "another value")
    near = YAML_1_1.get(value.lower()) if error.kind == "bool_type" and isinstance(value, str) else None
    return Fault(f"{what} must be {expected}", found=described(value), expected=expected, nearest=near)


def subject(path: Path) -> str:
    """The name of the value at a path, for a message."""
    if not path:
        return "a policy"
    names: list[Any] = [part for part in path if isinstance(part, str)]
    key = f"`{shortened(names[-1])}`" if names else "a policy"
    return f"an entry of {key}" if isinstance(path[-1], int) else key
