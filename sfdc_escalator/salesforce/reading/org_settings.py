"""The facts that only some policies need: users who get cases, business hours, Quick Texts, fields with a history."""

from collections.abc import Iterable, Sequence
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from sfdc_escalator.errors import OrgUnavailable
from sfdc_escalator.escalation.conditions.clocks.stopped_clock import BusinessHours, values
from sfdc_escalator.escalation.conditions.comparison import fold
from sfdc_escalator.escalation.note.quick_texts import possible_names
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.readiness.requirements import business_hours
from sfdc_escalator.escalation.time.calendars import Calendar
from sfdc_escalator.escalation.time.opening_hours import Spans
from sfdc_escalator.escalation.world.needs import FieldChanges, Need
from sfdc_escalator.escalation.world.org import OrgUser, username_key
from sfdc_escalator.salesforce.line.pages import Record
from sfdc_escalator.salesforce.reading.records import read
from sfdc_escalator.salesforce.schema.values import flag, given, needed, pick, record_id, text
from sfdc_escalator.salesforce.soql import soql

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
TRACKED = (
    "SELECT QualifiedApiName, IsFieldHistoryTracked FROM FieldDefinition "
    "WHERE EntityDefinition.QualifiedApiName = 'Case'"
)
Answer = list[Record] | OrgUnavailable
WHOLE_DAY = timedelta(days=1)


def wishes_of(policies: Sequence[Policy], needs: frozenset[Need]) -> dict[str, str]:
    """The queries for the settings that these policies need, by setting."""
    asked = {name for policy in policies for condition in policy.conditions for name in business_hours(condition)}
    given = (one for policy in policies for calendar in policy.calendars for one in values(calendar))
    hours = sorted(asked | {one.name for one in given if isinstance(one, BusinessHours)})
    texts = sorted({name for policy in policies for note in policy.notes for name in possible_names(note.quick_texts)})
    wishes = {}
    if hours:
        times = [f"{day}{edge}Time" for day in DAYS for edge in ("Start", "End")]
        listed = ",".join(map(soql.quote, hours))
        wishes["calendars"] = soql.select(
            ["Name", "TimeZoneSidKey", *times], "BusinessHours", f"IsActive = true AND Name IN ({listed})"
        )
    if texts:
        listed = ",".join(map(soql.quote, texts))
        wishes["quick_texts"] = soql.select(["Name", "Message"], "QuickText", f"Name IN ({listed})", "ORDER BY Id")
    if users := sorted({team.user for policy in policies for team in policy.target_teams if team.user}):
        listed = ",".join(map(soql.quote, users))
        wishes["users"] = soql.select(
            ["Id", "Username", "Name", "IsActive", "UserType"], "User", f"Username IN ({listed})"
        )
    if any(isinstance(one, FieldChanges) for one in needs):
        wishes["tracked"] = TRACKED
    return wishes


def rows_of(answer: Answer | None) -> list[Record]:
    """The records of an answer; none when nothing was asked, or the org does not have the object."""
    return [] if answer is None or isinstance(answer, OrgUnavailable) else answer


def calendars_of(records: Iterable[Record]) -> dict[str, Calendar]:
    """Business hours by name, without holidays: the API does not relate them (Object Reference, Holiday)."""
    return {calendar.name: calendar for calendar in read(calendar_of, records)}


def calendar_of(record: Record) -> Calendar:
    week = tuple(spans_of(pick(record, f"{day}StartTime"), pick(record, f"{day}EndTime")) for day in DAYS)
    return Calendar(needed(record, "Name", text), ZoneInfo(needed(record, "TimeZoneSidKey", text)), week, frozenset())


def spans_of(start: str | None, end: str | None) -> Spans:
    """The open time of a day; midnight to midnight is all day, empty is closed (Object Reference, BusinessHours)."""
    if start is None or end is None:
        return ()
    opens, closes = time_of(start), time_of(end)
    closes = closes if closes > opens else WHOLE_DAY
    return ((opens, closes),)


def time_of(text: str) -> timedelta:
    found = time.fromisoformat(text)
    return timedelta(hours=found.hour, minutes=found.minute)


def quick_texts_of(records: Iterable[Record]) -> dict[str, str]:
    """The messages by folded name; of several with the same name the oldest."""
    found: dict[str, str] = {}
    for name, message in read(
        lambda one: (fold(needed(one, "Name", text)), given(one, "Message", text) or ""), records
    ):
        found.setdefault(name, message)
    return found


def users_of(records: Iterable[Record]) -> dict[str, OrgUser]:
    """The users by the key of their Username."""
    return dict(read(user_of, records))


def user_of(record: Record) -> tuple[str, OrgUser]:
    found = OrgUser(
        needed(record, "Id", record_id),
        needed(record, "Name", text),
        needed(record, "IsActive", flag),
        given(record, "UserType", text) or "",
    )
    return username_key(needed(record, "Username", text)), found


def tracked_of(answer: Answer | None) -> frozenset[str] | None:
    """The fields with a history; None if the org does not report them."""
    if answer is None or isinstance(answer, OrgUnavailable):
        return None
    rows = read(
        lambda one: (needed(one, "QualifiedApiName", text), given(one, "IsFieldHistoryTracked", flag)),
        answer,
    )
    return frozenset(tracked_path(name) for name, tracked in rows if tracked)


def tracked_path(name: str) -> str:
    """The path of a tracked field: `Owner` is tracked by its relationship's name, policies read its id."""
    return "OwnerId" if name == "Owner" else name
