"""The policy of one rule while it grows, entry by entry."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.native.criteria.criteria import Criteria
from sfdc_escalator.native.criteria.fields import Fields
from sfdc_escalator.native.criteria.tree import said_list
from sfdc_escalator.native.criteria.values import NotMappable
from sfdc_escalator.native.policy.draft import Entry, PolicyDraft, RouteDraft
from sfdc_escalator.native.remark import Remark
from sfdc_escalator.native.rules.hours import Hours
from sfdc_escalator.native.rules.workflow import Workflow
from sfdc_escalator.native.source.element import Element

T = TypeVar("T")
CASE_OF_LETTERS = "Salesforce compares texts of formulas with case, a policy without"
TEMPLATES = ("template", "assignedToTemplate", "notifyToTemplate")


@dataclass(frozen=True, slots=True)
class Material:
    """The facts that entries are read with. `file` is the name of the file; `reads_all` says that a server can filter
    by nothing in a condition."""

    file: str
    fields: Fields
    hours: Hours
    workflow: Workflow
    reads_all: Callable[[Condition], bool]


@dataclass(slots=True)
class Once:
    """The remarks that are made once for a file."""

    told: set[str] = field(default_factory=set)

    def remark(self, line: int, construct: str, why: str) -> list[Remark]:
        """The remark, the first time."""
        if why in self.told:
            return []
        self.told.add(why)
        return [Remark(line, construct, why, weight="remark")]

    def keep(self, remarks: Iterable[Remark]) -> Iterator[Remark]:
        """The remarks; those that only remark each the first time."""
        for one in remarks:
            if one.weight != "remark" or one.why not in self.told:
                if one.weight == "remark":
                    self.told.add(one.why)
                yield one


@dataclass(slots=True)
class Book:
    """`called` is the rule as reasons name it: `Rule "Standard"`; `unit` what it consists of: entry or milestone."""

    material: Material
    draft: PolicyDraft
    called: str
    unit: str
    once: Once

    def route(
        self,
        name: str,
        number: int,
        entry: Element,
        remarks: Sequence[Remark],
        body: Mapping[str, Any],
        about: str = "",
        *,
        templates: bool = True,
    ) -> None:
        """Adds a route."""
        comments = (
            f"{self.unit} {number}, {self.material.file}:{entry.line}{f': {about}' if about else ''}",
            *comments_of(remarks),
            *(f"{one.name}: {one.text} (texts are not imported)" for one in templates_in(entry) if templates),
        )
        reason = f"{self.called}, {self.unit} {number}{f': {about}' if about else ''}."
        self.draft.routes.append(RouteDraft(name, without_braces(reason), comments, body))

    def keeping(
        self,
        name: str,
        number: int,
        entry: Element,
        remarks: Sequence[Remark],
        condition: Condition,
        about: str,
        *,
        templates: bool = True,
    ) -> None:
        """Adds a route that only keeps its cases from the routes below."""
        scan = {"scan": True} if self.material.reads_all(condition) else {}
        body = {"when": said_list(condition), **scan, "escalate": "none"}
        self.route(name, number, entry, remarks, body, about, templates=templates)

    def fence(self, name: str, number: int, entry: Element, criteria: Criteria, remarks: Sequence[Remark]) -> Entry:
        self.keeping(name, number, entry, remarks, criteria.condition, "not imported; no route below takes its cases")
        return Entry(number, entry.line, "unmapped", name, remarks=tuple(remarks))

    def idle(self, name: str, number: int, entry: Element, criteria: Criteria, remarks: Sequence[Remark]) -> Entry:
        self.keeping(name, number, entry, remarks, criteria.condition, "Salesforce does nothing here")
        return Entry(number, entry.line, "idle", name, remarks=tuple(remarks))


def comments_of(remarks: Sequence[Remark]) -> Iterator[str]:
    words = {"unmapped": "not mapped", "warned": "differs"}
    for one in remarks:
        if one.weight in words:
            nearest = f"; nearest: {one.nearest}" if one.nearest else ""
            yield f"{words[one.weight]}: {one.construct}: {one.why}{nearest}"


def templates_in(entry: Element) -> Iterator[Element]:
    for child in entry.children:
        if child.name in TEMPLATES and child.text:
            yield child
        yield from templates_in(child)


def without_braces(text: str) -> str:
    """The text of a reason: braces name fields there."""
    return " ".join(text.translate({ord("{"): "(", ord("}"): ")"}).split())


def attempt(read: Callable[[], T], element: Element, remarks: list[Remark]) -> T | None:
    """The result of `read`; None, with a remark, where it cannot be said."""
    try:
        return read()
    except NotMappable as error:
        line = line_of(element, error.construct)
        remarks.append(Remark(line, error.construct, error.why, error.nearest))
        return None


def line_of(element: Element, construct: str) -> int:
    found = (one.line for one in inside(element) if construct and construct in (one.name, one.text))
    return next(found, element.line)


def inside(element: Element) -> Iterator[Element]:
    for child in element.children:
        yield child
        yield from inside(child)


def strangers(element: Element, known: Iterable[str], remarks: list[Remark]) -> None:
    """Reports the parts of an element that are not known: nobody can say what they do."""
    for child in element.children:
        if child.name not in known:
            remarks.append(Remark(child.line, child.name, "this part of a rule is not known to the importer"))


def is_fenced(remarks: Iterable[Remark]) -> bool:
    return any(one.weight == "unmapped" for one in remarks)


def status_of(remarks: Iterable[Remark]) -> str:
    return "warned" if any(one.weight == "warned" for one in remarks) else "mapped"
