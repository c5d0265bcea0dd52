"""Queues, business hours and Quick Texts that a route or a rung names and the org does not have."""

from collections.abc import Iterable, Iterator

from sfdc_escalator.escalation.note.quick_texts import (
    PLACEHOLDER,
    case_path,
    possible_names,
    possible_texts,
    quick_text_paths,
    unknown_placeholders,
)
from sfdc_escalator.escalation.policy.escalate import NoteSpec
from sfdc_escalator.escalation.readiness.fields import unreadable_field
from sfdc_escalator.escalation.readiness.gap import GIVEN_BY_TABLES, Gap, GapKind
from sfdc_escalator.escalation.readiness.inspection import KnownNames
from sfdc_escalator.escalation.readiness.spelling import nearest
from sfdc_escalator.escalation.world.org import OrgFacts

TEXT_KEYS = ("quick_text", *GIVEN_BY_TABLES)


def missing_queues(wanted: Iterable[str], org_facts: OrgFacts, known: KnownNames) -> Iterator[Gap]:
    keys, allowed = ("queue", "in"), tuple(org_facts.queues)
    for queue in dict.fromkeys(wanted):
        if queue in org_facts.queues:
            continue
        if queue in known.queues:
            yield Gap(GapKind.QUEUE_OBJECTS, queue, keys, allowed=allowed, blocks=True)
        else:
            yield Gap(GapKind.QUEUE, queue, keys, nearest=nearest(queue, allowed), allowed=allowed, blocks=True)


def missing_hours(wanted: Iterable[str], org_facts: OrgFacts, known: KnownNames) -> Iterator[Gap]:
    keys, active = ("business_hours",), tuple(name for name, is_active in known.hours.items() if is_active)
    for name in wanted:
        if name in org_facts.calendars:
            continue
        if known.hours.get(name) is False:
            yield Gap(GapKind.HOURS_INACTIVE, name, keys, allowed=active, blocks=True)
        else:
            yield Gap(GapKind.HOURS, name, keys, nearest=nearest(name, active), allowed=active, blocks=True)


def missing_quick_texts(note: NoteSpec, org_facts: OrgFacts, known: KnownNames) -> Iterator[Gap]:
    """The gap where the org has no Quick Text of the list; the template is used then. It names the last one."""
    names = note.quick_texts
    if names and not possible_texts(names, org_facts.quick_texts):
        last = possible_names(names)[-1]
        near = nearest(last, known.quick_texts)
        yield Gap(GapKind.QUICK_TEXT, last, TEXT_KEYS, nearest=near, severity="warning", instead=("quick_text",))


def unfilled_quick_texts(note: NoteSpec, org_facts: OrgFacts) -> Iterator[Gap]:
    """Quick Texts with a placeholder that cannot be filled: such a note holds every case."""
    for name, text in possible_texts(note.quick_texts, org_facts.quick_texts).items():
        yield from unfilled(name, text, note, org_facts)


def unfilled(name: str, text: str, note: NoteSpec, org_facts: OrgFacts) -> Iterator[Gap]:
    """The placeholders of one Quick Text that cannot be filled. Where the policy writes its name as `HIP {route}`, the
    key marks the place."""
    instead = ("quick_text",)
    for path in sorted(quick_text_paths(text)):
        if gap := unreadable_field(path, org_facts.describe):
            written = next(one[0] for one in PLACEHOLDER.finditer(text) if case_path(one[1], one[2]) == path)
            kind = GapKind.QUICK_TEXT_FIELD if gap.kind is GapKind.FIELD else GapKind.QUICK_TEXT_COMPOUND
            yield Gap(kind, name, TEXT_KEYS, {**gap.values, "placeholder": written}, gap.nearest, instead=instead)
    for placeholder in unknown_placeholders(text, (part.name for part in note.parts), note.texts):
        yield Gap(GapKind.PLACEHOLDER, name, TEXT_KEYS, {"placeholder": placeholder}, instead=instead)
