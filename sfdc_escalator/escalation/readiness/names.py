"""Queues, users, business hours, Quick Texts and recipients that a route or a rung names and the org does not have."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sfdc_escalator.escalation.note.quick_texts import (
    PLACEHOLDER,
    case_path,
    possible_names,
    possible_texts,
    quick_text_paths,
    unknown_placeholders,
)
from sfdc_escalator.escalation.notices.channels_used import people_told, teams_told
from sfdc_escalator.escalation.policy.escalate import NoteSpec
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.policy.team import Team
from sfdc_escalator.escalation.readiness.fields import unreadable_field
from sfdc_escalator.escalation.readiness.gap import GIVEN_BY_TABLES, Gap, GapKind
from sfdc_escalator.escalation.readiness.inspection import KnownNames
from sfdc_escalator.escalation.readiness.spelling import nearest
from sfdc_escalator.escalation.world.org import Describe, OrgFacts, username_key

USER = "User"
NO_OWNERS = frozenset({"Guest", "CspLitePortal", "CsnOnly", "AutomatedProcess"})
"""The types of users that cannot own a case: guests, high-volume portals, Chatter alone, automation."""
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


def missing_users(teams: Iterable[Team], org_facts: OrgFacts) -> Iterator[Gap]:
    """The users of these teams that the org does not have, or who cannot own a case."""
    for name in dict.fromkeys(team.user for team in teams if team.user):
        user = org_facts.users.get(username_key(name))
        if user is None:
            yield Gap(GapKind.USER, name, ("user",), blocks=True)
        elif not user.is_active:
            yield Gap(GapKind.USER_INACTIVE, name, ("user",), blocks=True)
        elif user.user_type in NO_OWNERS:
            yield Gap(GapKind.USER_NO_OWNER, name, ("user",), {"type": user.user_type}, blocks=True)


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


# -- recipients: nothing is blocked by them ----------------------------------------------------------------------------


def missing_recipients(policy: Policy, route: Route, org_facts: OrgFacts, known: KnownNames) -> Iterator[Gap]:
    """The recipients of the route and its rungs that the org does not have."""
    teams = [policy.teams[name] for name in teams_told(policy, route) if name in policy.teams]
    queues = (team.queue for team in teams if team.queue)
    yield from (replace(gap, severity="warning", blocks=False) for gap in missing_queues(queues, org_facts, known))
    for path in people_told(policy, route):
        if gap := missing_person(path, org_facts.describe):
            yield gap


def missing_person(path: str, describe: Describe) -> Gap | None:
    """The gap where a step of the path is not a lookup, or the last one does not lead to a user."""
    start, keys = "Case", ("person",)
    for step in path.split("."):
        fields, found = describe.objects.get(start), describe.reference(step, start)
        if fields is None:
            return None  # it was not asked for
        if found is None or not found.reference_to:
            near = nearest(step, [info.relationship for info in fields.values() if info.relationship])
            values = {"object": start, "name": step}
            return Gap(GapKind.PERSON, path, keys, values, near, severity="warning")
        start = USER if USER in found.reference_to else found.reference_to[0]
    return None if start == USER else Gap(GapKind.NOT_A_USER, path, keys, {"object": start}, severity="warning")
