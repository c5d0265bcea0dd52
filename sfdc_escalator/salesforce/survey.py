"""What is asked once per run: who we are, the org's name, its queues with members, open cases, the objects read."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from sfdc_escalator.errors import OrgUnavailable
from sfdc_escalator.escalation.case import long_id
from sfdc_escalator.escalation.org import Caller, Describe, FieldInfo, Queue, Survey
from sfdc_escalator.escalation.policy import Policy
from sfdc_escalator.salesforce.client import Client, Record, query_path
from sfdc_escalator.salesforce.describe import fields_in, objects_needed, parse_fields, standard_describe
from sfdc_escalator.salesforce.failures import Rejected, not_an_org
from sfdc_escalator.salesforce.records import pick, read
from sfdc_escalator.salesforce.write import KEY_FIELD, KEY_OBJECT

QUEUES = "SELECT QueueId, Queue.Name, Queue.DeveloperName FROM QueueSobject WHERE SobjectType = 'Case'"
MEMBERS = "SELECT GroupId, UserOrGroupId FROM GroupMember WHERE Group.Type IN ('Queue','Regular')"
OPEN = "SELECT COUNT() FROM Case WHERE IsClosed = false"
FARTHEST = 5  # levels of a path (SOQL reference, relationship limits)


def identify(client: Client) -> Caller:
    """The org and user behind the token, and the org's time; needs no more than the api scope."""
    resources, now = client.resources()
    organization_id, user_id = _ids_in(resources.get("identity"))
    return Caller(f"{client.session.scheme}://{client.session.netloc}", organization_id, user_id, now)


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


def survey(client: Client, caller: Caller, policies: Sequence[Policy]) -> Survey:
    """See `Org.survey`."""
    standard = standard_describe().objects
    paths = fields_in(path for policy in policies for path in policy.paths())
    names = ["Case", *sorted(objects_needed(paths, Describe({name: standard[name] for name in ("Case", "Name")})))]
    row = f"sobjects/Organization/{caller.organization_id}?fields=Name,IsSandbox"
    asked = (row, *map(query_path, (QUEUES, MEMBERS, OPEN)), describe_path(KEY_OBJECT), *map(describe_path, names))
    organization, queues, members, opened, keys, case, *related = client.try_get(*asked)
    for answer in (organization, queues, members, opened, case):
        if isinstance(answer, OrgUnavailable):
            raise answer
    known = dict(_described(names, [case, *related]))
    return Survey(
        caller=caller,
        name=str(pick(organization, "Name")),
        is_sandbox=pick(organization, "IsSandbox") is True,
        queues=queues_of(client.records(queues), client.records(members)),
        open_cases=_count(opened),
        describe=_completed(client, paths, known),
        api_left=client.session.api_left,
        level="proved" if holds_keys_once(keys) else "guarded",
    )


def holds_keys_once(answer: Any) -> bool:
    """Whether the describe is that of the object for keys: creatable, its key unique and told apart by case."""
    if not isinstance(answer, dict) or pick(answer, "createable") is not True:
        return False
    found = (field for field in answer.get("fields", ()) if pick(field, "name") == KEY_FIELD)
    return any(pick(field, "unique") is True and pick(field, "createable") is True for field in found)


def describe_path(name: str) -> str:
    return f"sobjects/{name}/describe"


def _described(names: Iterable[str], answers: Iterable[Any]) -> Iterable[tuple[str, Mapping[str, FieldInfo]]]:
    """An object that we may not see counts as one without fields."""
    for name, answer in zip(names, answers, strict=True):
        if isinstance(answer, OrgUnavailable) and not isinstance(answer, Rejected):
            raise answer
        yield name, {} if isinstance(answer, Rejected) else parse_fields(answer)


def _completed(client: Client, paths: frozenset[str], known: dict[str, Mapping[str, FieldInfo]]) -> Describe:
    """Follows the paths, object by object, until everything on them is described."""
    known.setdefault("Name", standard_describe().objects["Name"])
    for _ in range(FARTHEST):
        names = sorted(objects_needed(paths, Describe(known)))
        if not names:
            break
        known.update(_described(names, client.try_get(*map(describe_path, names))))
    return Describe(known)


def _count(body: Any) -> int:
    total = pick(body, "totalSize") if isinstance(body, dict) else None
    if not isinstance(total, int):
        raise not_an_org("a count without totalSize")
    return total


def queues_of(queues: Iterable[Record], members: Iterable[Record]) -> dict[str, Queue]:
    """Queues by DeveloperName, each with its users: its own, and those of public groups in it, however deep."""
    inside: dict[str, set[str]] = {}
    for group, member in read(_membership, members):
        inside.setdefault(group, set()).add(member)
    return {name: Queue(queue, label, users_of(queue, inside)) for name, queue, label in read(_queue, queues)}


def _membership(record: Record) -> tuple[str, str]:
    return long_id(pick(record, "GroupId")), long_id(pick(record, "UserOrGroupId"))


def _queue(record: Record) -> tuple[str, str, str]:
    queue = pick(record, "Queue")
    return str(queue["DeveloperName"]), long_id(pick(record, "QueueId")), str(queue["Name"])


def users_of(group: str, inside: Mapping[str, set[str]]) -> frozenset[str]:
    """The user ids in a group and the groups in it; groups in a circle end the search."""
    seen, todo = {group}, [group]
    while todo:
        news = inside.get(todo.pop(), set()) - seen
        seen |= news
        todo += news
    return frozenset(member for member in seen if member.startswith("005"))
