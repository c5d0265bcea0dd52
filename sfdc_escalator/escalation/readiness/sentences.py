"""The one sentence of each kind of gap.

It is here and not with the reports, because a run needs it too: for the reason of a case that is rejected, and of a
route that is not read.
"""

from collections.abc import Mapping, Sequence

from sfdc_escalator.errors import Problem
from sfdc_escalator.escalation.readiness.gap import Gap, GapKind

MOST_ALLOWED = 12
MOST_LISTED = 10
KEEP_THE_RIGHT = "write `fields: together` under `defaults`, add the user to the queue, or give it Modify All on Case"
PERMISSION = "give it edit access to the field in a permission set"
HISTORY = "switch it on in Setup, Object Manager, Case, Set History Tracking"
INDEX = "filter by an indexed field such as CreatedDate, or ask Salesforce for an index"
MEANT = "write `scan: true` if this is intended"

SENTENCES: Mapping[GapKind, str] = {
    GapKind.FIELD: "{subject}: {object} has no {name} that the user may read",
    GapKind.COMPOUND_FIELD: "{subject} consists of several fields: read one of them, such as {part}",
    GapKind.RELATION: "{subject}: {object} has no such child relationship that the user may read",
    GapKind.RELATED_FIELD: "{subject}: {object} has no {name} that the user may read",
    GapKind.RELATED_FILTER: "{subject}: records cannot be looked up by {name}; expected a field of one short value",
    GapKind.STANDARD_FIELD: "no standard field is called `{subject}`",
    GapKind.MISFIT: "`{field}` is {type}",
    GapKind.COMPARED_VALUE: "{field} {subject!r} is not a value of this org's picklist, so no case may have it",
    GapKind.COMPARED_INACTIVE: "{field} {subject!r} is inactive in this org's picklist: only older cases may have it",
    GapKind.QUEUE: "this org has no queue {subject!r} for cases",
    GapKind.QUEUE_OBJECTS: "the queue {subject!r} does not serve cases: add Case to its supported objects (Setup, "
    "Queues)",
    GapKind.USER: "this org has no user with the Username {subject!r} whom this user may see",
    GapKind.USER_INACTIVE: "the user {subject!r} is not active, so no case can be given to them",
    GapKind.USER_NO_OWNER: "the user {subject!r} is of the type {type}, which cannot own a case",
    GapKind.HOURS: "this org has no active business hours {subject!r}",
    GapKind.HOURS_INACTIVE: "the business hours {subject!r} of this org are not active",
    GapKind.PERSON: "{subject}: {object} has no lookup {name} that the user may read",
    GapKind.NOT_A_USER: "{subject} leads to {object}, not to a user",
    GapKind.QUICK_TEXT: "this org has no Quick Text {subject!r}, and none of those before it: the template is used",
    GapKind.QUICK_TEXT_FIELD: "the Quick Text {subject!r} holds {placeholder}: {object} has no {name} that the user "
    "may read",
    GapKind.QUICK_TEXT_COMPOUND: "the Quick Text {subject!r} holds {placeholder}, a field made of several: use {part}",
    GapKind.PLACEHOLDER: "the Quick Text {subject!r} holds {placeholder}, which is not a known placeholder",
    GapKind.HISTORY_TRACKING: "this org does not track the history of {subject}: " + HISTORY,
    GapKind.UNSEEN_ACTS: "this org does not track the history of {subject}: a change of it acknowledges an escalation, "
    "but not by whom, and a change that is undone before a run looks is not seen; " + HISTORY,
    GapKind.UNCOUNTABLE: "`{subject}` is of the type {type}: a report cannot count cases by it, so no value of it is "
    "kept",
    GapKind.VALUE: "{field} {subject!r} is not a value of this org's picklist",
    GapKind.VALUE_INACTIVE: "{field} {subject!r} is inactive in this org's picklist",
    GapKind.VALUE_OF_RECORD_TYPE: "{field} {subject!r} is not offered by these record types: {record_types}. Their "
    "cases may be rejected",
    GapKind.FIELD_HIDDEN: "this user may not see Case.{field}, which {routes} would set: " + PERMISSION,
    GapKind.FIELD_READ_ONLY: "this user may not edit Case.{field}, which {routes} would set: " + PERMISSION,
    GapKind.NOTES: "this user may not create case comments, which hold the notes: give it Edit on Case",
    GapKind.POSTS: "this user may not post in feeds, which `also_on` does: Chatter is off, or its permission is "
    "missing",
    GapKind.BELL_TYPE: "the channel {channel} needs the custom notification type {type}, which this org does not have, "
    "or which this user cannot see: make it in Setup, Custom Notifications",
    GapKind.BELL_RIGHT: "this user does not have the permission Send Custom Notifications, which the channel {channel} "
    "needs: add it in a permission set (only orgs made before Winter '21 do not ask for it)",
    GapKind.QUEUE_MAIL: "the queue {subject!r} has no e-mail address, by which the channel {channel} notifies the team "
    "{team}: add it in Setup, Queues, or give the team a `list`",
    GapKind.RIGHT_LOST: "the move to {subject} costs the right to edit the case before {routes} can go on "
    "(UserRecordAccess says that this user may not edit its case {case}): " + KEEP_THE_RIGHT,
    GapKind.RIGHT_AT_RISK: "the move to {subject} may cost the right to edit the case before {routes} can go on "
    "(Case is {sharing}, the user is not a member of the queue): " + KEEP_THE_RIGHT,
    GapKind.READS_ALL: "route {route} reads every open case: the server can filter by no condition in its `when`; "
    + MEANT,
    GapKind.READS_ALL_HERE: "route {route} reads every open case: this org can filter by no field in its `when`",
    GapKind.READS_APART: "route {route} needs a query of its own: only a subquery filters it, and that cannot be "
    "combined with other routes; " + MEANT,
    GapKind.READS_MORE: "route {route} reads more cases than match: a query has no room for `{condition}`, which is "
    "compared after reading; " + MEANT,
    GapKind.ROUTE_REFUSED: "route {route}: the org refuses its part of the poll: {reason}",
    GapKind.POLL_REFUSED: "the org refuses the poll: {reason}",
    GapKind.POLL_SLOW: "the poll is not selective ({operation} over {cases}, relative cost {cost}): it is slow "
    "from about 100,000 cases on, or refused; " + INDEX,
    GapKind.STEPS_REFUSED: "{variant}: the org refuses its steps: {reason}",
    GapKind.STEPS_REFUSED_AFTER_MOVE: "{variant}: the org refuses its steps: {reason}; if the move to the queue costs "
    "the right to edit, " + KEEP_THE_RIGHT,
    GapKind.STEPS_NOT_TRIED: "{variant}: its steps could not be tried: {reason}",
    GapKind.STEP_UNDONE: "{variant}: the org's automation undid its {step}: {written} was written, {found} is there",
    GapKind.NOTE_LOST: "{variant}: the note is not on the case, although the org confirmed it",
    GapKind.NO_MARKED_CASE: "{variant}: no marked case could be created, so nothing was proved: {reason}",
    GapKind.NO_DELETE: "this user may not delete cases, so --probe makes none: give it Delete on Case in this sandbox",
    GapKind.ROLLBACK: "all-or-nothing {state}: {reason}",
    GapKind.CASES_LEFT: "cases of this probe are left in the org, delete them: {cases}",
    GapKind.CASES_LEFT_BEFORE: "cases of an earlier probe are left in the org, delete them: {cases}",
    GapKind.HISTORY_CONDITION: "route {route}: a history file cannot answer its `{condition}` condition",
    GapKind.HISTORY_HOURS: "route {route}: a history file does not have the business hours {subject!r} of an org",
    GapKind.HISTORY_FIELD: "route {route} reads {subject}, which the mapping does not give",
}
USERS = (GapKind.USER, GapKind.USER_INACTIVE, GapKind.USER_NO_OWNER)
NAMES = (GapKind.QUEUE, GapKind.QUEUE_OBJECTS, *USERS, GapKind.HOURS, GapKind.HOURS_INACTIVE)
QUICK_TEXTS = (GapKind.QUICK_TEXT, GapKind.QUICK_TEXT_FIELD, GapKind.QUICK_TEXT_COMPOUND, GapKind.PLACEHOLDER)
TRIED = (
    GapKind.STEPS_REFUSED,
    GapKind.STEPS_REFUSED_AFTER_MOVE,
    GapKind.STEPS_NOT_TRIED,
    GapKind.STEP_UNDONE,
    GapKind.NOTE_LOST,
    GapKind.NO_MARKED_CASE,
)
USES: Mapping[GapKind, str] = {
    **dict.fromkeys(
        (GapKind.FIELD, GapKind.COMPOUND_FIELD, GapKind.HISTORY_TRACKING, GapKind.UNSEEN_ACTS), "read by {routes}"
    ),
    **dict.fromkeys((GapKind.RELATION, GapKind.RELATED_FIELD, GapKind.RELATED_FILTER), "read by {routes}"),
    **dict.fromkeys(NAMES, "required by {routes}"),
    **dict.fromkeys((GapKind.PERSON, GapKind.NOT_A_USER, GapKind.QUEUE_MAIL), "notified by {routes}"),
    **dict.fromkeys((GapKind.BELL_TYPE, GapKind.BELL_RIGHT), "used by {routes}"),
    **dict.fromkeys((*QUICK_TEXTS, GapKind.POSTS), "{routes}"),
    **dict.fromkeys((GapKind.VALUE, GapKind.VALUE_INACTIVE), "written by {routes}"),
    **dict.fromkeys(TRIED, "{where}"),
}
"""The routes or steps concerned, in brackets after the sentence."""
EXPECTED: Mapping[GapKind, str] = {
    GapKind.MISFIT: "{expected}",
    GapKind.UNCOUNTABLE: "a picklist, a checkbox, a number, a lookup, or a text field of your own with few values",
    GapKind.HISTORY_HOURS: "a calendar of the policy",
    GapKind.HISTORY_FIELD: "`{subject}: column` in `fields`",
}
"""The expected value; for the other kinds one of the allowed names."""


def sentence(gap: Gap) -> str:
    """The fault, without the routes where the sentence does not need them."""
    return SENTENCES[gap.kind].format_map(values_of(gap))


def message(gap: Gap) -> str:
    """The fault, and the routes that it concerns."""
    use = USES.get(gap.kind)
    return f"{sentence(gap)} ({use.format_map(values_of(gap))})" if use else sentence(gap)


def reason(gap: Gap) -> str:
    """The reason why a run does not carry out a route."""
    if gap.kind is GapKind.MISFIT:
        constant = f"`{gap.values['key']}` with {gap.subject} is the same for every case"
        return f"{sentence(gap)}: {constant}; expected {expected(gap)}"
    return sentence(gap) + (f"; did you mean {gap.nearest}?" if gap.nearest else "")


def expected(gap: Gap) -> str | None:
    """The expected value, or the allowed names where they are few."""
    if gap.kind in EXPECTED:
        return EXPECTED[gap.kind].format_map(values_of(gap))
    return f"one of {', '.join(gap.allowed)}" if 0 < len(gap.allowed) <= MOST_ALLOWED else None


def values_of(gap: Gap) -> dict[str, str]:
    values = {name: one if isinstance(one, str) else listed(one) for name, one in gap.values.items()}
    return {"subject": gap.subject, "routes": named(gap.routes), **values}


def listed(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_LISTED]) + (", ..." if len(names) > MOST_LISTED else "")


def named(routes: Sequence[str]) -> str:
    return f"route {routes[0]}" if len(routes) == 1 else f"routes {', '.join(routes)}"


def problem(gap: Gap, place: tuple[int, int] | None = None) -> Problem:
    """The gap for people, at a line and column of its file."""
    line, column = place or (None, None)
    found = gap.subject or None
    return Problem(message(gap), gap.file, line, column, found, expected(gap), gap.nearest, gap.severity)
