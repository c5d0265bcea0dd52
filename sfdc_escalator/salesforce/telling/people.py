"""The users, queues and groups that notices need, by id: 2,000 ids in a call (Object Reference, User, Group)."""

from collections.abc import Iterable, Iterator, Sequence

from sfdc_escalator.escalation.notices.people import Group, People, Person
from sfdc_escalator.escalation.world.case import long_id
from sfdc_escalator.salesforce.line.client import Client
from sfdc_escalator.salesforce.line.pages import Record
from sfdc_escalator.salesforce.reading.lookups import in_ids
from sfdc_escalator.salesforce.reading.org_facts import membership, users_of
from sfdc_escalator.salesforce.reading.records import read
from sfdc_escalator.salesforce.schema.values import flag, given, needed, pick, record_id, text

USER, GROUP = "005", "00G"
OF_PERSON = ("Id", "Name", "IsActive", "Email", "TimeZoneSidKey", "ManagerId")
OF_USER = (*OF_PERSON, *(f"Manager.{name}" for name in OF_PERSON))
OF_GROUP = ("Id", "Name", "Email")
OF_MEMBER = ("GroupId", "UserOrGroupId")


def people(client: Client, ids: Sequence[str]) -> People:
    """See `Org.people`."""
    users, groups = (sorted({long_id(one) for one in ids if one.startswith(kind)}) for kind in (USER, GROUP))
    asked = in_ids(OF_USER, "User", "Id", users), in_ids(OF_GROUP, "Group", "Id", groups), members_in(groups)
    answers = iter(client.lookups([query for queries in asked for query in queries]))
    of_users, of_groups, of_members = ([row for _ in queries for row in next(answers)] for queries in asked)
    persons = {person.id: person for person in persons_of(of_users)}
    inside = all_inside(client, read(membership, of_members)) if groups else {}
    found = read(lambda record: group_of(record, inside), of_groups)
    return People(persons, {group.id: group for group in found})


def members_in(groups: Sequence[str]) -> list[str]:
    return in_ids(OF_MEMBER, "GroupMember", "GroupId", groups)


def all_inside(client: Client, members: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """The members of each group, and those of the groups inside them; one more call for each level."""
    inside: dict[str, set[str]] = {}
    while members := list(members):
        for group, member in members:
            inside.setdefault(group, set()).add(member)
        deeper = sorted({member for _, member in members if member.startswith(GROUP)} - inside.keys())
        inside.update((group, set()) for group in deeper)
        rows = (row for rows in client.lookups(members_in(deeper)) for row in rows)
        members = read(membership, rows)
    return inside


def persons_of(records: Iterable[Record]) -> Iterator[Person]:
    """The managers, then the users."""
    records = list(records)
    yield from read(person_of, (manager for record in records if (manager := pick(record, "Manager"))))
    yield from read(person_of, records)


def person_of(record: Record) -> Person:
    return Person(
        id=needed(record, "Id", record_id),
        name=given(record, "Name", text) or "",
        is_active=needed(record, "IsActive", flag),
        email=given(record, "Email", text) or "",
        timezone=given(record, "TimeZoneSidKey", text) or "",
        manager_id=given(record, "ManagerId", record_id) or "",
    )


def group_of(record: Record, inside: dict[str, set[str]]) -> Group:
    group = needed(record, "Id", record_id)
    name, email = given(record, "Name", text) or "", given(record, "Email", text) or ""
    return Group(group, name, email, users_of(group, inside))
