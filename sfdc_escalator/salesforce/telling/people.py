"""The users, queues and groups that notices need, by id: 2,000 ids in a call (Object Reference, User, Group).

A field that our user may not read is left out: no notice stops a run. Without an address, a time zone or a manager, a
person is notified as one who has none.
"""

from collections.abc import Iterable, Iterator, Sequence

from sfdc_escalator.errors import OrgUnavailable
from sfdc_escalator.escalation.notices.people import Group, People, Person
from sfdc_escalator.escalation.world.case import long_id
from sfdc_escalator.salesforce.line.client import Client
from sfdc_escalator.salesforce.line.failures import Rejected
from sfdc_escalator.salesforce.line.pages import Record
from sfdc_escalator.salesforce.reading.lookups import in_ids
from sfdc_escalator.salesforce.reading.org_facts import membership, users_of
from sfdc_escalator.salesforce.reading.records import read
from sfdc_escalator.salesforce.reading.second_look import records_in
from sfdc_escalator.salesforce.schema.values import flag, given, needed, pick, record_id, text

USER, GROUP = "005", "00G"
OF_PERSON = ("Id", "Name", "IsActive", "Email", "TimeZoneSidKey", "ManagerId")
OF_GROUP = ("Id", "Name", "Email")
OPTIONAL = {"User": ("Email", "TimeZoneSidKey", "ManagerId"), "Group": ("Email",)}
Hidden = frozenset[tuple[str, str]]
"""Fields that our user may not read, each with its object."""
OF_MEMBER = ("GroupId", "UserOrGroupId")
Asked = tuple[list[str], list[str], list[str]]


def people(client: Client, ids: Sequence[str]) -> People:
    """See `Org.people`."""
    users, groups = (sorted({long_id(one) for one in ids if one.startswith(kind)}) for kind in (USER, GROUP))
    asked, found = answered(client, users, groups)
    answers = iter(found)
    of_users, of_groups, of_members = ([row for _ in queries for row in next(answers)] for queries in asked)
    persons = {person.id: person for person in persons_of(of_users)}
    inside = all_inside(client, read(membership, of_members)) if groups else {}
    each = read(lambda record: group_of(record, inside), of_groups)
    return People(persons, {group.id: group for group in each})


def answered(client: Client, users: Sequence[str], groups: Sequence[str]) -> tuple[Asked, list[list[Record]]]:
    """The queries for the users, for the groups and for their members, and the records of each query in order."""
    asked = queries(users, groups, frozenset())
    found = client.try_lookups([query for some in asked for query in some])
    if any(map(is_hidden, found)):
        asked = queries(users, groups, hidden_fields(client, users, groups))
        return asked, client.lookups([query for some in asked for query in some])
    return asked, [records_in(one) for one in found]


def queries(users: Sequence[str], groups: Sequence[str], hidden: Hidden) -> Asked:
    of_person = [name for name in OF_PERSON if ("User", name) not in hidden]
    of_manager = [f"Manager.{name}" for name in of_person] if "ManagerId" in of_person else []
    of_group = [name for name in OF_GROUP if ("Group", name) not in hidden]
    of_users = in_ids([*of_person, *of_manager], "User", "Id", users)
    return of_users, in_ids(of_group, "Group", "Id", groups), members_in(groups)


def hidden_fields(client: Client, users: Sequence[str], groups: Sequence[str]) -> Hidden:
    """The fields that the org does not show, each asked for by itself."""
    ids = {"User": users[:1], "Group": groups[:1]}
    each = [(source, name) for source, names in OPTIONAL.items() if ids[source] for name in names]
    found = client.try_lookups([in_ids(["Id", name], source, "Id", ids[source])[0] for source, name in each])
    return frozenset(one for one, answer in zip(each, found, strict=True) if is_hidden(answer))


def is_hidden(answer: list[Record] | OrgUnavailable) -> bool:
    return isinstance(answer, Rejected) and answer.error_code == "INVALID_FIELD"


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
