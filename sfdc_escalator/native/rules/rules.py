"""The rules and processes of one file, each with the policy that it becomes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from sfdc_escalator.native.policy.draft import Entry, PolicyDraft
from sfdc_escalator.native.remark import Remark
from sfdc_escalator.native.rules.assignment import assignment_entry
from sfdc_escalator.native.rules.book import Book, Material, Once
from sfdc_escalator.native.rules.entitlement import milestone_entry
from sfdc_escalator.native.rules.escalation import Escalation, escalation_entry
from sfdc_escalator.native.rules.waiting import must_keep
from sfdc_escalator.native.source.element import Element
from sfdc_escalator.native.source.kinds import ASSIGNMENT, ESCALATION, PROCESS, stem_of

SAMPLE = frozenset({"account.sla__c", "account.billingcountry"})
SAMPLE_NOTE = "comes with every Developer Edition"
WAITS = "its cases wait for its time"
SIDE_BY_SIDE = "Salesforce runs them side by side on a case; here the first in the file that matches has the case"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule or process. `kind` begins the name of its policy; `draft` is None where it makes none."""

    kind: str
    name: str
    active: bool
    sample: bool
    entries: tuple[Entry, ...]
    draft: PolicyDraft | None


def rules_of(root: Element, material: Material) -> Iterator[Rule]:
    """The rules of a file of Case rules, or its process."""
    once = Once()
    if root.name == PROCESS:
        yield process(root, material, once)
        return
    kind, unit = {ESCALATION: ("escalation", "escalationRule"), ASSIGNMENT: ("assignment", "assignmentRule")}[root.name]
    for element in root.all(unit):
        yield rule(kind, element, material, once)


def rule(kind: str, element: Element, material: Material, once: Once) -> Rule:
    name, entries = element.value("fullName"), list(element.all("ruleEntry"))
    sample = any(fields_asked(entry) >= SAMPLE for entry in entries)
    about = f"{kind.capitalize()} rule {name}" + (f"; {SAMPLE_NOTE}." if sample else ".")
    book = Book(material, PolicyDraft(about), f'Rule "{name}"', "entry", once)
    made = escalations(book, entries) if kind == "escalation" else assignments(book, entries)
    return Rule(kind, name, element.value("active").lower() == "true", sample, tuple(made), with_routes(book, made))


def fields_asked(entry: Element) -> frozenset[str]:
    return frozenset(one.value("field").lower() for one in entry.all("criteriaItems"))


def with_routes(book: Book, entries: Sequence[Entry]) -> PolicyDraft | None:
    """The policy, where some entry does something or cannot be judged."""
    return book.draft if any(one.status != "idle" for one in entries) else None


def assignments(book: Book, entries: Sequence[Element]) -> list[Entry]:
    return [assignment_entry(book, number, entry) for number, entry in enumerate(entries, 1)]


def escalations(book: Book, entries: Sequence[Element]) -> list[Entry]:
    """The routes of each entry, and behind one that waits a route that keeps its cases meanwhile."""
    made, ends = list[Escalation](), list[int]()
    for number, entry in enumerate(entries, 1):
        made.append(escalation_entry(book, number, entry))
        ends.append(len(book.draft.routes))
    routes, start = book.draft.routes, 0
    book.draft.routes = []
    for number, (one, end) in enumerate(zip(made, ends, strict=True), 1):
        book.draft.routes += routes[start:end]
        start = end
        if must_keep(one, islice(made, number, None)):
            name = book.draft.route_names.beside(one.entry.route or "", "-waits")
            book.keeping(name, number, entries[number - 1], (), one.condition, WAITS, templates=False)
    return [one.entry for one in made]


# -- entitlement processes ---------------------------------------------------------------------------------------------


def process(root: Element, material: Material, once: Once) -> Rule:
    name = root.value("name") or stem_of(material.file)[0]
    milestones = list(root.all("milestones"))
    book = Book(material, PolicyDraft(f"Entitlement process {name}."), f'Process "{name}"', "milestone", once)
    names = Counter(one.value("milestoneName").lower() for one in milestones)
    made = [
        milestone_entry(book, number, one, twice=names[one.value("milestoneName").lower()] > 1)
        for number, one in enumerate(milestones, 1)
    ]
    acting = [place for place, one in enumerate(made) if one.status != "idle"]
    if len(acting) > 1:
        line = milestones[acting[0]].line
        remark = Remark(line, "milestones", SIDE_BY_SIDE, weight="remark")
        made[acting[0]] = replaced(made[acting[0]], remark)
    active = root.value("active").lower() == "true"
    return Rule("entitlement", name, active, False, tuple(made), with_routes(book, made))


def replaced(entry: Entry, remark: Remark) -> Entry:
    return Entry(
        entry.number, entry.line, entry.status, entry.route, entry.minutes, entry.rungs, (*entry.remarks, remark)
    )
