"""Priorities that a condition or a table looks for although the policy's `priorities` does not list them."""

from collections.abc import Iterator, Sequence

from sfdc_escalator.escalation.conditions.comparison import TESTS, as_text
from sfdc_escalator.escalation.readiness.picklists import AFFIRMED
from sfdc_escalator.files.checks.compared_fields import Compared, compared_fields
from sfdc_escalator.files.checks.cross_checks import Cross, mapping
from sfdc_escalator.files.text.document import Document
from sfdc_escalator.files.text.fault import Fault, nearest, one_of, shown


def rank_lints(document: Document) -> Iterator[Cross]:
    """Check a valid policy that lists its priorities. An example may try one that is not listed."""
    listed = mapping(document.value).get("priorities")
    if isinstance(listed, list):
        yield from (Cross(one.loc, fault) for one in compared_fields(document) if (fault := unranked(one, listed)))


def unranked(compared: Compared, priorities: Sequence[str]) -> Fault | None:
    asked = compared.asked
    operator = AFFIRMED.get(asked.key)
    if operator is None or asked.key in ("example", "chosen") or not is_priority(asked.path) or asked.records:
        return None
    (value,) = asked.values
    if any(TESTS[operator](one, value) for one in priorities):
        return None
    given = as_text(value)
    return Fault(
        f"`priorities` does not list {shown(given)}",
        found=shown(given),
        expected=one_of(priorities),
        nearest=nearest(given, priorities),
        on_key=compared.on_key,
        severity="warning",
    )


def is_priority(path: str) -> bool:
    """True for the priority of the case, or of one above it."""
    *above, last = path.lower().split(".")
    return last == "priority" and all(step == "parent" for step in above)
