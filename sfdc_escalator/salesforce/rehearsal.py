"""The steps of a policy tried out in a sandbox: on an open case, rolled back; and in earnest, on marked cases.

The marked cases are deleted again, whatever happened to them.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sfdc_escalator.errors import OrgUnavailable
from sfdc_escalator.escalation.case import long_id
from sfdc_escalator.escalation.history import Values
from sfdc_escalator.escalation.org import Survey
from sfdc_escalator.escalation.policy import Policy, Route
from sfdc_escalator.pipeline.ports import Chunk, Committed, Moved, RolledBack, RowError, Write
from sfdc_escalator.salesforce.client import Client
from sfdc_escalator.salesforce.demands import Lack
from sfdc_escalator.salesforce.failures import said
from sfdc_escalator.salesforce.probe import sent
from sfdc_escalator.salesforce.reads import read_back
from sfdc_escalator.salesforce.records import pick
from sfdc_escalator.salesforce.soql import ids, quote, select
from sfdc_escalator.salesforce.write import NO_ASSIGNMENT, composite

MOST = 100  # routes of one rehearsal
MARK = "sfdc-escalator probe"
WORDS = "sfdc-escalator rehearses its steps in this sandbox. The case and this note are deleted again."
AHEAD = timedelta(days=1)  # the guard's question is not asked here: nobody else knows the case


@dataclass(frozen=True, slots=True)
class Part:
    """One route's steps, as it would take them first of all."""

    policy: Policy
    route: Route
    owner_id: str | None
    status: str | None
    priority: str | None

    def write(self, case_id: str, note: str) -> Write:
        return Write("", case_id, note, False, self.owner_id, self.status, self.priority)

    def problem(self, words: str) -> Lack:
        return Lack(self.route.name, ("name",), f"route {self.route.name}: {words}", None)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """`words` for people; `problems` by the policy's file."""

    words: str
    problems: tuple[tuple[str, Lack], ...] = ()


def parts_of(policies: Sequence[Policy], survey: Survey) -> list[Part]:
    """The routes whose queue is there; of a table its first value."""
    found = []
    for policy in policies:
        for route in policy.routes:
            steps = route.escalate
            if steps is None or any(team.queue not in survey.queues for team in steps.teams):
                continue
            owner = survey.queues[steps.teams[0].queue].id if steps.teams else None
            found.append(Part(policy, route, owner, steps.status, next(iter(steps.priorities), None)))
    return found[:MOST]


def rehearse(
    client: Client, survey: Survey, policies: Sequence[Policy], open_case: tuple[str, str] | None
) -> Rehearsal:
    """For a sandbox that rolls back what fails; the caller knows that."""
    parts = parts_of(policies, survey)
    if not parts:
        return Rehearsal("no route with steps that this org could take")
    rolled_back = [found for part in parts if open_case and (found := refused(client, survey, part, open_case))]
    mark = f"{MARK} {uuid.uuid4().hex}"
    try:
        lasting = in_earnest(client, survey, parts, mark)
    finally:
        left = cleaned(client, mark)
    problems = [*rolled_back, *lasting]
    if left:
        problems.append((parts[0], parts[0].problem(f"marked cases could not be deleted: {', '.join(left)}")))
    return Rehearsal(words(len(parts), bool(open_case), problems), tuple((p.policy.file, one) for p, one in problems))


Found = tuple[Part, Lack]


def words(count: int, on_open_case: bool, problems: Sequence[Found]) -> str:
    wrong = f"{len(problems)} wrong" if problems else "every step as the policy says"
    both = "rolled back on an open case, then " if on_open_case else ""
    routes = "route" if count == 1 else "routes"
    return f"the steps of {count} {routes}, {both}in earnest on marked cases, which are deleted again: {wrong}"


def refused(client: Client, survey: Survey, part: Part, case: tuple[str, str]) -> Found | None:
    """What the org says against these steps on a real case, in a request that is rolled back in any case."""
    case_id, number = case
    chunk = Chunk((part.write(case_id, WORDS),), survey.caller.now + AHEAD, part.policy.together)
    request = composite(chunk, client.base, survey.caller.user_id, weak=True)
    # The guard's last row is asked for at the end in place of the beginning, and one that is not there.
    fresh, last, *steps = request.body["compositeRequest"]
    doomed = {**last, "url": last["url"].replace(".records[0].", ".records[1].")}
    body = {**request.body, "compositeRequest": [fresh, *steps, doomed]}
    order = (request.parts[0], *request.parts[2:], request.parts[1])
    answer = sent(client, replace(request, body=body, parts=order))
    if isinstance(answer, RolledBack):
        return part, part.problem(f"the org refuses its steps on case {number}: {in_words(answer.error)}")
    if isinstance(answer, Moved):
        return None
    return part, part.problem(f"its steps could not be rehearsed on case {number}: {getattr(answer, 'reason', answer)}")


def in_words(error: RowError) -> str:
    return said(error.code, error.message)


def in_earnest(client: Client, survey: Survey, parts: Sequence[Part], mark: str) -> list[Found]:
    """A case of our own for each route, escalated and read back."""
    made, why = create(client, mark, len(parts))
    if not made:
        return [(parts[0], parts[0].problem(f"no marked case could be created, so nothing was proved: {why}"))]
    found: list[Found] = []
    for together in (False, True):
        rows = {case: part for case, part in zip(made, parts, strict=False) if part.policy.together == together}
        found += escalated(client, survey, rows, together)
    return found


def escalated(client: Client, survey: Survey, rows: dict[str, Part], together: bool) -> list[Found]:
    """Those that the org refuses are told and left out, until the rest is written; then it is read."""
    found: list[Found] = []
    while rows:
        writes = tuple(part.write(case_id, WORDS) for case_id, part in rows.items())
        chunk = Chunk(writes, survey.caller.now + AHEAD, together)
        answer = sent(client, composite(chunk, client.base, survey.caller.user_id, weak=True))
        if isinstance(answer, Committed):
            return found + unlike(client, rows)
        if not isinstance(answer, RolledBack) or not answer.rows:
            reason = getattr(answer, "reason", None) or in_words(getattr(answer, "error"))  # noqa: B009
            return [*found, *((part, part.problem(f"was not escalated: {reason}")) for part in rows.values())]
        for case_id, error in answer.rows.items():
            part = rows.pop(case_id)
            found.append((part, part.problem(f"the org refuses its steps on a new case: {in_words(error)}")))
    return found


def unlike(client: Client, rows: Mapping[str, Part]) -> list[Found]:
    """What is otherwise than written: automation of the org changed it, or the note is gone."""
    after = read_back(client, list(rows))
    notes = client.lookups([select(["ParentId"], "CaseComment", f"ParentId IN {ids(list(rows))}")])[0]
    noted = {long_id(pick(note, "ParentId")) for note in notes}
    found = []
    for case_id, part in rows.items():
        if case_id not in noted:
            found.append((part, part.problem("the note is not on the case that the org says it wrote")))
        for step, wanted, seen in steps_of(part, after.get(case_id)):
            if wanted is not None and wanted != seen:
                message = f"the org's automation undid its {step}: {wanted} was written, {seen} is there"
                found.append((part, part.problem(message)))
    return found


def steps_of(part: Part, after: Values | None) -> list[tuple[str, str | None, str | None]]:
    owner, status, priority = (after.owner_id, after.status, after.priority) if after else (None, None, None)
    wanted = (("queue", part.owner_id), ("status", part.status), ("priority", part.priority))
    return [(step, value, seen) for (step, value), seen in zip(wanted, (owner, status, priority), strict=True)]


def create(client: Client, mark: str, count: int) -> tuple[list[str], str]:
    """The ids of new marked cases; or why there are none."""
    records = [{"attributes": {"type": "Case"}, "Subject": mark} for _ in range(count)]
    body = single(client, "POST", "composite/sobjects", {"allOrNone": True, "records": records})
    rows = body if isinstance(body, list) else []
    made = [long_id(row["id"]) for row in rows if isinstance(row, dict) and row.get("success") and row.get("id")]
    errors = [error for row in rows if isinstance(row, dict) for error in row.get("errors") or [row]]
    told = next((error for error in errors if isinstance(error, dict) and error.get("message")), {})
    return made, said(
        str(told.get("statusCode") or told.get("errorCode") or "no clear answer"), str(told.get("message", ""))
    )


def single(client: Client, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """The body of a composite's one answer; None where no clear one came."""
    part = {"method": method, "url": f"{client.base}/{path}", "referenceId": "one", "httpHeaders": NO_ASSIGNMENT}
    request = [{**part, "body": body} if body else part]
    try:
        answer = client.send({"allOrNone": False, "collateSubrequests": False, "compositeRequest": request})
        return json.loads(answer.text)["compositeResponse"][0]["body"]
    except (OrgUnavailable, ValueError, KeyError, IndexError, TypeError):
        return None


def cleaned(client: Client, mark: str) -> list[str]:
    """As `clean`, when nothing can be raised any more."""
    try:
        return clean(client, mark)
    except OrgUnavailable as error:
        return [f"cases of Subject {mark} ({error.message})"]


def clean(client: Client, mark: str) -> list[str]:
    """Deletes the marked cases; the numbers of those that are still there."""
    query = select(["Id", "CaseNumber"], "Case", f"Subject = {quote(mark)}")
    made = [long_id(pick(one, "Id")) for one in client.lookups([query])[0]]
    if made:
        single(client, "DELETE", f"composite/sobjects?ids={','.join(made)}&allOrNone=false")
    return [str(pick(one, "CaseNumber")) for one in client.lookups([query])[0]]
