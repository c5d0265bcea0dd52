"""An entry of an assignment rule: its cases go to a queue or a user, at once."""

from sfdc_escalator.native.criteria.criteria import criteria_of
from sfdc_escalator.native.criteria.tree import said_list
from sfdc_escalator.native.policy.draft import Entry
from sfdc_escalator.native.remark import Remark
from sfdc_escalator.native.rules.book import CASE_OF_LETTERS, Book, attempt, is_fenced, line_of, status_of, strangers
from sfdc_escalator.native.rules.targets import called, target_of
from sfdc_escalator.native.source.element import Element

KNOWN = frozenset(
    {
        "assignedTo", "assignedToType", "booleanFilter", "criteriaItems", "formula", "template", "team",
        "overrideExistingTeams", "notifyCcRecipients", "senderEmail", "senderName", "replyToEmail",
        "disableEscalationWhenModified",
    }
)  # fmt: skip
AT_EVERY_POLL = "Salesforce assigns a case when it is made; a policy judges it at every poll"


def assignment_entry(book: Book, number: int, entry: Element) -> Entry:
    criteria = criteria_of(entry, book.material.fields)
    remarks = list(criteria.remarks)
    strangers(entry, KNOWN, remarks)
    team = attempt(lambda: target_of(entry, book.draft.teams), entry, remarks)
    remarks += case_team(entry)
    name = book.draft.route_names.take(called(entry), f"entry-{number}")
    if criteria.has_formula:
        remarks += book.once.remark(line_of(entry, "formula"), "formula", CASE_OF_LETTERS)
    if is_fenced(remarks):
        return book.fence(name, number, entry, criteria, remarks)
    if team is None:
        return book.idle(name, number, entry, criteria, remarks)
    remarks += book.once.remark(entry.line, "assignmentRule", AT_EVERY_POLL)
    scan = {"scan": True} if book.material.reads_all(criteria.condition) else {}
    body = {"when": said_list(criteria.condition), **scan, "escalate": {"queue": team}}
    book.route(name, number, entry, remarks, body)
    return Entry(number, entry.line, status_of(remarks), name, remarks=tuple(remarks))


def case_team(entry: Element) -> list[Remark]:
    """The case team, which a policy does not set."""
    found = [one for one in entry.all("team") if one.text]
    found += (one for one in entry.all("overrideExistingTeams") if one.is_true)
    return [Remark(one.line, one.name, "a policy sets no case team", weight="warned") for one in found]
