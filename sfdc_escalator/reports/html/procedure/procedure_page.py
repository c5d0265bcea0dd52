"""The procedure page: the whole policy in words."""

from collections.abc import Iterator
from pathlib import PurePath

from sfdc_escalator.escalation.conditions.clauses.wording import listed, time_words
from sfdc_escalator.escalation.policy.policy import Policy, notes_of
from sfdc_escalator.reports.html.page import html_page
from sfdc_escalator.reports.html.procedure.conditions import clauses
from sfdc_escalator.reports.html.procedure.note import note_forms
from sfdc_escalator.reports.html.procedure.quiz import questions
from sfdc_escalator.reports.html.procedure.routes import route_text
from sfdc_escalator.reports.html.procedure.tables import table_texts
from sfdc_escalator.reports.html.procedure.teams import hours_of, message_rules, team_rows
from sfdc_escalator.reports.html.words import title


def procedure_html(policy: Policy) -> str:
    """The page of the policy for the people who follow it."""
    notifies = any(True for route in policy.routes for _ in route.recipients)
    return html_page(
        "procedure.html.j2",
        name=policy.name,
        heading=title(policy.name),
        description=policy.description,
        teams=tuple(team_rows(policy)),
        has_hours=bool(policy.hours),
        hours=tuple(hours_of(policy)),
        owner=owner_text(policy),
        messages=tuple(message_rules(policy.notices)) if notifies else (),
        scope=clauses(policy.scope),
        hold_while=clauses(policy.hold_while) if policy.hold_while else (),
        routes=tuple(map(route_text, policy.routes)),
        tables=tuple(table_texts(policy)),
        notes=tuple(note_forms(policy)),
        visibility=visibility(policy),
        people=tuple(left_to_people(policy)),
        quiz=tuple(questions(policy.examples)),
        file=PurePath(policy.file).name,
        digest=policy.digest,
    )


def owner_text(policy: Policy) -> str:
    """`Success is accountable for this procedure and reviews it every 90 days.`"""
    owner = policy.owner
    if not owner.accountable:
        return f"It is reviewed every {time_words(owner.review_every)}." if owner.review_every else ""
    review = f" and reviews it every {time_words(owner.review_every)}" if owner.review_every else ""
    return f"{title(owner.accountable)} is accountable for this procedure{review}."


def visibility(policy: Policy) -> str:
    """The people who see the notes."""
    seen = {note.visibility for note in policy.notes}
    if "published" not in seen:
        return "Only colleagues see the note; the customer does not."
    return (
        "The customer can see the note." if seen == {"published"} else "Some routes publish the note to the customer."
    )


def left_to_people(policy: Policy) -> Iterator[str]:
    """The things that no run does, each a sentence."""
    yield "Act on the case: take it, solve it, close it. A run hands it over; it never solves or closes it."
    if "published" not in {note.visibility for note in policy.notes}:
        yield "Write to the customer. A run never does."
    yield "Lower a priority. A run raises it, or leaves it as it is."
    if any(route.escalate and route.escalate.teams for route in policy.routes):
        yield "A case that a member of the responsible team owns already: it stays with this person."
    parts = dict.fromkeys(part.name for note in policy.notes for part in note.parts if part.is_required)
    if parts:
        yield f"Complete a note. Without {listed([title(one).lower() for one in parts])} the case waits for a person."
    yield "Put a case on hold for some time, with the reason."
    guards = policy.guards
    yield (
        f"Decide about many cases at once: over {guards.max_cases:,} cases of one route in a run, or over "
        f"{float(guards.max_share_of_open):.0%} of the open cases (from {guards.share_from:,} on), nothing moves until "
        "a person has looked."
    )
    if any(not notes_of(route) for route in policy.routes):
        yield "The routes without steps: they only notify, and people decide what is done."
