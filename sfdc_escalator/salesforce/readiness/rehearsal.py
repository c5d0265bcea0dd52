"""The steps of a policy tried out in a sandbox: on an open case, rolled back; and in earnest, on marked cases.

The marked cases are deleted again, whatever happens; what could not be deleted is told.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import NamedTuple

from sfdc_escalator.errors import Severity, StoppedEarly
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS
from sfdc_escalator.escalation.world.case import ATTRIBUTES, FieldValues, long_id
from sfdc_escalator.escalation.world.org import OrgFacts
from sfdc_escalator.pipeline.ports.writing import Answer, Chunk, Committed, Moved, RolledBack
from sfdc_escalator.salesforce.line.client import Client
from sfdc_escalator.salesforce.readiness import marked_cases
from sfdc_escalator.salesforce.readiness.inspection import OrgInspection
from sfdc_escalator.salesforce.readiness.marked_cases import MARK, Marked, reason
from sfdc_escalator.salesforce.readiness.probe import Rollback, rollback, sent
from sfdc_escalator.salesforce.readiness.requirements import Gap
from sfdc_escalator.salesforce.readiness.rights import TOGETHER, lost_in
from sfdc_escalator.salesforce.readiness.step_variants import StepVariant, ways_of
from sfdc_escalator.salesforce.reading.lookups import read_back
from sfdc_escalator.salesforce.reading.records import pick
from sfdc_escalator.salesforce.soql.soql import ids, select
from sfdc_escalator.salesforce.writing.write import MOST, composite

AHEAD = timedelta(days=1)  # the guard's question is not asked here: nobody else knows the case
NEW = "a new case"
SEVERITY: dict[str, Severity | None] = {
    "honoured": None,
    "broken": "error",
    "refused": "error",
    "not_probed": "warning",
}
NO_RIGHT = "INSUFFICIENT_ACCESS"
NO_DELETE = "this user may not delete cases, so --probe makes none: give it Delete on Case in this sandbox"


class Trouble(NamedTuple):
    """What is wrong with a way, and on which case it was seen."""

    way: StepVariant
    message: str
    where: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """`words` for people; `problems` by the policy's file, those of the org itself without one."""

    rollback: Rollback
    words: str
    problems: tuple[tuple[str | None, Gap], ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """Where it is played. `stopped` says why nothing more is to be sent; what is under way is awaited."""

    client: Client
    org_facts: OrgFacts
    seen: OrgInspection
    stopped: Callable[[], str | None]
    mark: str = field(default_factory=lambda: f"{MARK} {uuid.uuid4().hex}")

    def clean(self) -> list[str]:
        return marked_cases.whatever_happens(self.client, self.mark, self.org_facts.caller.user_id)

    def go_on(self) -> None:
        if why := self.stopped():
            raise StoppedEarly(f"stopped by {why} before everything was tried out")

    def send(self, ways: Mapping[str, StepVariant], *, doomed: bool = False) -> Answer:
        """The steps on these cases as a run would send them; `doomed` is rolled back whatever the org thinks of it."""
        self.go_on()
        together = any(way.policy.together for way in ways.values())
        chunk = Chunk(tuple(way.write(case) for case, way in ways.items()), self.org_facts.caller.now + AHEAD, together)
        request = composite(chunk, self.client.base, self.org_facts.caller.user_id, weak=True)
        if doomed:  # the guard's last row is asked for at the end in place of the beginning, and one that is not there
            fresh, last, *steps = request.body["compositeRequest"]
            never = {**last, "url": last["url"].replace(".records[0].", ".records[1].")}
            body = {**request.body, "compositeRequest": [fresh, *steps, never]}
            request = replace(request, body=body, parts=(request.parts[0], *request.parts[2:], request.parts[1]))
        return sent(self.client, request)


def rehearse(stage: Stage, policies: Sequence[Policy], *, weak: bool) -> Rehearsal:
    """For a sandbox; who calls has seen to that."""
    if not stage.seen.may_delete:
        return Rehearsal(Rollback("not_probed", NO_DELETE), "nothing", ((None, Gap("", (), NO_DELETE)),))
    earlier = marked_cases.of_earlier_probes(stage.client)
    ways = ways_of(policies, stage.org_facts)
    try:
        told, troubles, words = played(stage, ways[:MOST], weak=weak)
    except BaseException as error:
        raise ended(error, stage.clean()) from error
    left = stage.clean()
    org = [Gap("", (), f"all-or-nothing {told.words}", severity=severity)] if (severity := SEVERITY[told.state]) else []
    org += [Gap("", (), marked_cases.still_there(left))] if left else []
    org += [Gap("", (), marked_cases.from_before(earlier), severity="warning")] if earlier else []
    words += f"; only the first {MOST} of {len(ways)} ways were tried" if len(ways) > MOST else ""
    return Rehearsal(told, words, (*placed(troubles), *((None, one) for one in org)))


def ended(error: BaseException, left: Sequence[str]) -> BaseException:
    """The same error with what is left in the org; somebody who interrupts it is no defect."""
    after = marked_cases.still_there(left) if left else "none of the marked cases is left"
    if isinstance(error, KeyboardInterrupt):
        return StoppedEarly(f"interrupted; {after}")
    error.args = (f"{error}; {after}",)
    return error


def placed(troubles: Sequence[Trouble]) -> Iterator[tuple[str, Gap]]:
    """What was seen on several cases is told once."""
    told: dict[str, tuple[Trouble, list[str]]] = {}
    for one in troubles:
        told.setdefault(f"{one.way.policy.file} {one.way.name}: {one.message}", (one, []))[1].append(one.where)
    for one, where in told.values():
        yield one.way.policy.file, one.way.problem(f"{one.message} ({', '.join(where)})")


def played(stage: Stage, ways: Sequence[StepVariant], *, weak: bool) -> tuple[Rollback, list[Trouble], str]:
    """All the steps; their rolled-back rehearsal only where the org is proved to roll back."""
    stage.go_on()
    own = [way for way in ways if not (way.queue and lost_in(way.queue, stage.org_facts, stage.seen))]
    count = len(own) or (stage.seen.open_case is None)
    made = marked_cases.create(stage.client, stage.mark, count) if count else Marked(())
    case = stage.seen.open_case or next(iter(made.cases), None)
    stage.go_on()
    told = (
        rollback(stage.client, stage.org_facts, case, weak=weak) if case else Rollback("not_probed", "there is no case")
    )
    troubles: list[Trouble] = []
    if case and told.state == "honoured":
        where = f"case {case[1]}" if stage.seen.open_case else NEW
        for way in ways:
            troubles += refused(stage, case[0], way, where)
    if made.cases and told.state != "broken":
        troubles += in_earnest(stage, dict(zip((case_id for case_id, _ in made.cases), own, strict=False)))
    if count and not made.cases and ways:
        troubles.append(Trouble(ways[0], f"no marked case could be created, so nothing was proved: {made.why}", NEW))
    return told, troubles, in_words(ways, own, told, made, len(list(placed(troubles))))


def in_words(ways: Sequence[StepVariant], own: Sequence[StepVariant], told: Rollback, made: Marked, wrong: int) -> str:
    count = len({(way.policy.name, way.route.name) for way in ways})
    tried = ["rolled back on a case"] if told.state == "honoured" and ways else []
    earnest = f"in earnest on {many(len(own), 'marked case')}, deleted again"
    tried += [earnest] if own and made.cases and told.state != "broken" else []
    kept = sorted({way.queue for way in ways if way.queue} - {way.queue for way in own if way.queue})
    not_own = f" (not with {', '.join(kept)}: this user could not delete the cases any more)" if kept else ""
    verdict = f"{wrong} wrong" if wrong else "every step as the policy says"
    done = f"the steps of {many(count, 'route')}, {', then '.join(tried)}{not_own}: {verdict}"
    return done if tried else "nothing: there is no step that could be tried"


def many(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")


def refused(stage: Stage, case_id: str, way: StepVariant, where: str) -> Iterator[Trouble]:
    """What the org says against these steps on a case, in a request that is rolled back in any case."""
    answer = stage.send({case_id: way}, doomed=True)
    if not isinstance(answer, (Moved, RolledBack)):  # what can never be committed may be sent again
        answer = stage.send({case_id: way}, doomed=True)
    if not isinstance(answer, Moved):
        yield Trouble(way, refusal(way, answer), where)


def refusal(way: StepVariant, answer: Answer) -> str:
    why = reason(answer)
    if not isinstance(answer, RolledBack):
        return f"its steps could not be tried: {why}"
    hint = f"; if it is the move to the queue that costs the right to edit, {TOGETHER}"
    return f"the org refuses its steps: {why}{hint if NO_RIGHT in why and way.is_split else ''}"


def in_earnest(stage: Stage, rows: Mapping[str, StepVariant]) -> Iterator[Trouble]:
    """A case of its own for each way, escalated and read back."""
    for together in (False, True):
        some = {case: way for case, way in rows.items() if way.policy.together == together}
        yield from escalated(stage, some) if some else ()


def escalated(stage: Stage, rows: Mapping[str, StepVariant]) -> Iterator[Trouble]:
    """All at once; where the org refuses that, one by one, since it fails all of a batch for the fault of one."""
    answer = stage.send(rows)
    if isinstance(answer, Committed):
        yield from unlike(stage, rows)
    elif len(rows) > 1:
        for case, way in rows.items():
            yield from escalated(stage, {case: way})
    else:
        yield from (Trouble(way, refusal(way, answer), NEW) for way in rows.values())


def unlike(stage: Stage, rows: Mapping[str, StepVariant]) -> Iterator[Trouble]:
    """What is otherwise than written: automation of the org changed it, or the note is gone."""
    fields = dict.fromkeys((*ATTRIBUTES, *(name for way in rows.values() for name in way.values)))
    after = read_back(stage.client, list(rows), list(fields))
    notes = stage.client.lookups([select(["ParentId"], "CaseComment", f"ParentId IN {ids(list(rows))}")])[0]
    noted = {long_id(pick(note, "ParentId")) for note in notes}
    queues = {queue.id: name for name, queue in stage.org_facts.queues.items()}
    for case_id, way in rows.items():
        if case_id not in noted:
            yield Trouble(way, "the note is not on the case that the org says it wrote", NEW)
        for step, wanted, there in steps_of(way, after.get(case_id, {})):
            if wanted is not None and wanted != there:
                names = [queues.get(one or "", one or "nothing") for one in (wanted, there)]
                message = f"the org's automation undid its {step}: {names[0]} was written, {names[1]} is there"
                yield Trouble(way, message, NEW)


def steps_of(way: StepVariant, after: FieldValues) -> list[tuple[str, str | None, str | None]]:
    """Each step with the value that was written and the value that is there."""
    return [(step.key, way.values.get(step.field), after.get(step.field)) for step in FIELD_STEPS]
