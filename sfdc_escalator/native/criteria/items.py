"""One criterion (`criteriaItems`) as a condition."""

from collections.abc import Callable, Iterator, Mapping

from sfdc_escalator.escalation.conditions.comparison import Operator, moment
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.native.criteria.fields import FieldPath, Fields
from sfdc_escalator.native.criteria.tree import UNKNOWN, Tree, both, either, fails
from sfdc_escalator.native.criteria.values import NotMappable, Pieces, boundary, literal, pieces
from sfdc_escalator.native.remark import Remark
from sfdc_escalator.native.source.element import Element

KNOWN = ("field", "operation", "value")
ORDERED: Mapping[str, Operator] = {
    "lessThan": "less_than", "lessOrEqual": "at_most", "greaterThan": "more_than", "greaterOrEqual": "at_least",
}  # fmt: skip
RELATIVE = ("TODAY", "YESTERDAY", "TOMORROW", "LAST_", "NEXT_", "THIS_")
Say = Callable[[str, str, str | None], None]


def item_tree(item: Element, fields: Fields, remarks: list[Remark]) -> Tree:
    """The condition, or what cannot be judged; the reasons are added to the remarks."""

    def warn(construct: str, why: str, nearest: str | None = None) -> None:
        remarks.append(Remark(line_of(item, construct), construct, why, nearest, "warned"))

    try:
        return checked_item(item, fields, warn)
    except NotMappable as error:
        remarks.append(Remark(line_of(item, error.construct), error.construct, error.why, error.nearest))
        return UNKNOWN


def line_of(item: Element, construct: str) -> int:
    """The line of the part of the criterion that has this text or name; else that of the criterion."""
    return next((child.line for child in item.children if construct in (child.text, child.name)), item.line)


def checked_item(item: Element, fields: Fields, warn: Say) -> Tree:
    for child in item.children:
        if child.name not in KNOWN:
            why = "two fields are not compared with each other" if child.name == "valueField" else "it is not known"
            raise NotMappable(child.name, why)
    path, operation = fields.of_criteria(item.value("field")), item.value("operation")
    if len(list(item.all("value"))) > 1:
        raise NotMappable("value", "a criterion with more than one value is not known")
    if operation not in OPERATIONS:
        why = "this program has no such comparison" if operation == "within" else "the operation is not known"
        raise NotMappable(operation or item.name, why)
    return OPERATIONS[operation](path, item.value("value"), operation, warn)


def equal(path: FieldPath, value: str, operation: str, warn: Say) -> Tree:
    listed, negative = kept(value, warn), operation == "notEqual"
    if not listed:
        return leaf(path, "is_empty", not negative, operation)
    if path.info is None and (relative := next(filter(is_relative, listed), None)):
        raise NotMappable(relative, "a date that moves with the day is not compared", "age")
    literals = [literal(one, path.is_checkbox) for one in listed]
    for one in literals:
        path.check("is", one, value)
    if len(literals) == 1:
        return Field(path.path, "is_not" if negative else "is", literals[0])
    return Field(path.path, "not_in" if negative else "in", tuple(literals))


def kept(value: str, warn: Say) -> tuple[str, ...]:
    """The values of the list. Raises NotMappable where it has none."""
    found: Pieces = pieces(value)
    if found.dropped and not found.values:
        raise NotMappable(value, "a list of empty values")
    if found.dropped:
        warn(value, "an empty piece of the list is dropped", None)
    return found.values


def leaf(path: FieldPath, operator: Operator, operand: str | bool | float, construct: str) -> Tree:
    path.check(operator, operand, construct)
    return Field(path.path, operator, operand)


def texts(path: FieldPath, value: str, operation: str, warn: Say) -> Tree:
    """`contains`, `notContain`, `startsWith`."""
    listed = kept(value, warn)
    if not listed:
        raise NotMappable(operation, "a comparison with a part of a text needs a value", "is_empty")
    if path.info is not None and path.info.type == "multipicklist":
        raise NotMappable(operation, f"{path.path} is a multi-picklist, which is compared by its values", "includes")
    operator: Operator = "starts_with" if operation == "startsWith" else "contains_any"
    for one in listed:
        path.check(operator, one, value)
    if operator == "starts_with":
        return either(*(Field(path.path, operator, one) for one in listed))
    if any(";" in one for one in listed):
        raise NotMappable(value, "`;` separates the values of a multi-picklist", "`matches`, a pattern")
    found = Field(path.path, operator, listed)
    return fails(found) if operation == "notContain" else found


def among(path: FieldPath, value: str, operation: str, warn: Say) -> Tree:
    """`includes`, `excludes`: `A;B` is both, a comma either."""
    listed = kept(value, warn)
    if not listed:
        raise NotMappable(operation, "a comparison with chosen values needs a value", "is_empty")
    if path.info is not None and path.info.type != "multipicklist":
        raise NotMappable(operation, f"{path.path} is not a multi-picklist", "equals")
    chosen = [Pieces(tuple(filter(None, map(str.strip, one.split(";")))), one.count(";") > 0) for one in listed]
    if not all(one.values for one in chosen):
        raise NotMappable(value, "a list of empty values")
    plain = tuple(one.values[0] for one in chosen if len(one.values) == 1)
    sets = [
        both(*(Field(path.path, "contains_any", (one,)) for one in some.values))
        for some in chosen
        if len(some.values) > 1
    ]
    found = either(*([Field(path.path, "contains_any", plain)] if plain else []), *sets)
    return fails(found) if operation == "excludes" else found


def ordered(path: FieldPath, value: str, operation: str, warn: Say) -> Tree:
    """Less, more: with one number or ISO date."""
    if not value:
        raise NotMappable(operation, "a comparison by size needs a value", "is_empty")
    try:
        limit = boundary(value)
    except ValueError:
        raise NotMappable(value, "it is not one number or ISO date", nearest_of(value)) from None
    if isinstance(limit, str) and path.info is not None and path.info.type == "datetime" and len(limit) == 10:
        limit = f"{limit}T00:00:00Z"
        warn(value, "the day begins at midnight UTC here, in Salesforce in the zone of the org", limit)
    path.check(ORDERED[operation], limit, value)
    return Field(path.path, ORDERED[operation], limit)


def is_relative(value: str) -> bool:
    """True for a date such as `TODAY`, `LAST_N_DAYS:3`."""
    name, _, count = value.partition(":")
    words = name.replace("_", "")
    plain = words.isascii() and words.isalpha() and words.isupper() and (not count or count.isdigit())
    return plain and (name in RELATIVE or ("_" in name and name.startswith(RELATIVE)))


def nearest_of(value: str) -> str | None:
    if value.upper().startswith(RELATIVE):
        return "age"
    month, _, rest = value.partition("/")
    day, _, year = rest.partition("/")
    if all(part.isdigit() for part in (month, day, year)) and len(year) == 4:
        iso = f"{year}-{month:0>2}-{day:0>2}"
        return iso if moment(iso) else None
    return None


OPERATIONS: Mapping[str, Callable[[FieldPath, str, str, Say], Tree]] = {
    **dict.fromkeys(("equals", "notEqual"), equal),
    **dict.fromkeys(("contains", "notContain", "startsWith"), texts),
    **dict.fromkeys(("includes", "excludes"), among),
    **dict.fromkeys(ORDERED, ordered),
}


def item_trees(items: Iterator[Element], fields: Fields, remarks: list[Remark]) -> list[Tree]:
    return [item_tree(item, fields, remarks) for item in items]
