"""The facts read once per run: our user, the org's name, queues with members, open cases, error_text objects."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from sfdc_escalator.errors import OrgUnavailable
from sfdc_escalator.escalation.conditions.tree import lookups_of, paths_of
from sfdc_escalator.escalation.note.quick_texts import quick_text_paths
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.case import long_id
from sfdc_escalator.escalation.world.needs import Lookup, Need, Records
from sfdc_escalator.escalation.world.org import Caller, Child, Describe, FieldInfo, OrgFacts, Queue
from sfdc_escalator.salesforce.line.client import Client
from sfdc_escalator.salesforce.line.composite import query_path
from sfdc_escalator.salesforce.line.failures import Rejected, not_an_org
from sfdc_escalator.salesforce.line.pages import Record
from sfdc_escalator.salesforce.line.shapes import objects
from sfdc_escalator.salesforce.line.token import Identity
from sfdc_escalator.salesforce.reading.org_settings import (
    calendars_of,
    quick_texts_of,
    rows_of,
    tracked_of,
    wishes_of,
)
from sfdc_escalator.salesforce.reading.org_settings import users_of as target_users_of
from sfdc_escalator.salesforce.reading.records import ENGINE_FIELDS, read
from sfdc_escalator.salesforce.schema.describe import (
    missing_object,
    objects_needed,
    parse_children,
    parse_fields,
    standard_describe,
)
from sfdc_escalator.salesforce.schema.values import count, flag, given, needed, pick, record_id, text
from sfdc_escalator.salesforce.writing.write import KEY_FIELD, KEY_OBJECT

QUEUES = "SELECT QueueId, Queue.Name, Queue.DeveloperName FROM QueueSobject WHERE SobjectType = 'Case'"
MEMBERS = "SELECT GroupId, UserOrGroupId FROM GroupMember WHERE Group.Type IN ('Queue','Regular')"
OPEN = "SELECT COUNT() FROM Case WHERE IsClosed = false"
FARTHEST = 5  # levels of a path (SOQL reference, relationship limits)


def identify(client: Client, known: Identity | None = None) -> Caller:
    """The org and user of the token, and the org's time: those that the login named, else by a call, which needs only
    the api scope."""
    address = f"{client.session.scheme}://{client.session.netloc}"
    if known:
        try:
            return Caller(address, *_ids_in(known.url), known.at)
        except OrgUnavailable:
            pass  # a login that names them otherwise
    resources, now = client.resources()
    return Caller(address, *_ids_in(resources.get("identity")), now)


def _ids_in(identity: Any) -> tuple[str, str]:
    """`https://login.salesforce.com/id/00D.../005...` (Identity URLs)."""
    if isinstance(identity, str):
        parts = urlsplit(identity).path.strip("/").split("/")
        try:
            if parts[:1] == ["id"] and len(parts) == 3:
                return long_id(parts[1]), long_id(parts[2])
        except ValueError:
            pass
    raise not_an_org("its resources name no identity")


def org_facts(
    client: Client,
    caller: Caller,
    policies: Sequence[Policy],
    beside: frozenset[str] = frozenset(),
    lookups: frozenset[Lookup] = frozenset(),
) -> OrgFacts:
    """See `Org.facts`. The objects on the paths `beside` are described too, and `lookups` are made beside those of the
    policies."""
    standard = standard_describe().objects
    needs = frozenset[Need](lookups).union(*(policy.all_needs for policy in policies))
    paths = paths_of(needs).union(beside, ENGINE_FIELDS, *(policy.optional_paths for policy in policies))
    starts = {one.through for one in lookups_of(needs) if isinstance(one, Records) and one.through}
    known_already = Describe({name: standard[name] for name in ("Case", "Name")})
    names = ["Case", *sorted(starts | objects_needed(paths, known_already))]
    row = f"sobjects/Organization/{caller.organization_id}?fields=Name,IsSandbox"
    wishes = wishes_of(policies, needs)
    asked = (row, *map(query_path, (QUEUES, MEMBERS, OPEN)), describe_path(KEY_OBJECT), *map(describe_path, names))
    organization, queues, members, opened, keys, *error_text = client.try_get(*asked)
    for answer in (organization, queues, members, opened, error_text[0]):
        if isinstance(answer, OrgUnavailable):
            raise answer
    in_queues, in_groups = client.records(queues, QUEUES), client.records(members, MEMBERS)
    wished = dict(zip(wishes, client.try_lookups(list(wishes.values())), strict=True))
    quick_texts = quick_texts_of(rows_of(wished.get("quick_texts")))
    more = frozenset(path for message in quick_texts.values() for path in quick_text_paths(message))
    known = Describe(dict(_described(names, error_text)), dict(_children(names, error_text)))
    known = _completed(client, paths | more, known)
    return OrgFacts(
        caller=caller,
        name=needed(organization, "Name", text),
        is_sandbox=needed(organization, "IsSandbox", flag),
        queues=queues_of(in_queues, in_groups),
        open_cases=_count(opened),
        describe=with_related(client, needs, known),
        api_left=client.session.api_left,
        level="proved" if holds_keys_once(keys) else "guarded",
        calendars=calendars_of(rows_of(wished.get("calendars"))),
        quick_texts=quick_texts,
        tracked=tracked_of(wished.get("tracked")),
        users=target_users_of(rows_of(wished.get("users"))),
    )


def holds_keys_once(answer: Any) -> bool:
    """True if the describe is that of the key object: it and its unique key are creatable."""
    if not isinstance(answer, dict) or pick(answer, "createable") is not True:
        return False
    found = (field for field in given(answer, "fields", objects) or () if pick(field, "name") == KEY_FIELD)
    return any(pick(field, "unique") is True and pick(field, "createable") is True for field in found)


def describe_path(name: str) -> str:
    return f"sobjects/{name}/describe"


def _described(names: Iterable[str], answers: Iterable[Any]) -> Iterable[tuple[str, Mapping[str, FieldInfo]]]:
    """The fields of each object; an object that the user may not see has no fields."""
    for name, answer in zip(names, answers, strict=True):
        if isinstance(answer, OrgUnavailable) and not isinstance(answer, Rejected):
            raise answer
        yield name, {} if isinstance(answer, Rejected) else parse_fields(answer)


def _children(names: Iterable[str], answers: Iterable[Any]) -> Iterator[tuple[str, Mapping[str, Child]]]:
    for name, answer in zip(names, answers, strict=True):
        yield name, {} if isinstance(answer, OrgUnavailable) else parse_children(answer)


def _completed(client: Client, paths: frozenset[str], known: Describe) -> Describe:
    """Describes the objects on the paths, one level after the other."""
    objects = {"Name": standard_describe().objects["Name"], **known.objects}
    for _ in range(FARTHEST):
        names = sorted(objects_needed(paths, Describe(objects)))
        if not names:
            break
        objects.update(_described(names, client.try_get(*map(describe_path, names))))
    return Describe(objects, known.children)


def with_related(client: Client, needs: frozenset[Need], known: Describe) -> Describe:
    """Describes the objects of the child relationships that the policies need."""
    asked = [one for one in lookups_of(needs) if isinstance(one, Records)]
    found = {one: known.child(one.relation, one.through or "Case") for one in asked}
    names = sorted({child.sobject for child in found.values() if child} - known.objects.keys())
    if names:
        more = dict(_described(names, client.try_get(*map(describe_path, names))))
        known = Describe({**known.objects, **more}, known.children)
    farther = {(path, child.sobject) for one, child in found.items() if child for path in one.fields if "." in path}
    parents = sorted({name for path, start in farther if (name := missing_object(path, known, start))})
    more = dict(_described(parents, client.try_get(*map(describe_path, parents)))) if parents else {}
    return Describe({**known.objects, **more}, known.children)


def _count(body: Any) -> int:
    return needed(body, "totalSize", count)


def queues_of(queues: Iterable[Record], members: Iterable[Record]) -> dict[str, Queue]:
    """Queues by DeveloperName, each with its users and those of the public groups in it, at any depth."""
    inside: dict[str, set[str]] = {}
    for group, member in read(membership, members):
        inside.setdefault(group, set()).add(member)
    return {name: Queue(queue, label, users_of(queue, inside)) for name, queue, label in read(_queue, queues)}


def membership(record: Record) -> tuple[str, str]:
    return needed(record, "GroupId", record_id), needed(record, "UserOrGroupId", record_id)


def _queue(record: Record) -> tuple[str, str, str]:
    queue = pick(record, "Queue")
    return needed(queue, "DeveloperName", text), needed(record, "QueueId", record_id), needed(queue, "Name", text)


def users_of(group: str, inside: Mapping[str, set[str]]) -> frozenset[str]:
    """The user ids in a group and in the groups in it; each group is visited once."""
    seen, todo = {group}, [group]
    while todo:
        more = inside.get(todo.pop(), set()) - seen
        seen |= more
        todo += more
    return frozenset(member for member in seen if member.startswith("005"))
