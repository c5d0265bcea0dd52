"""Tries the steps of policies out in a sandbox: on an open case, rolled back; then carried out on marked cases.

The marked cases are deleted again, whatever happens; those that could not be deleted are reported.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import NamedTuple

from sfdc_escalator.errors import Severity, StoppedEarly
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS
from sfdc_escalator.escalation.readiness.gap import Gap, GapKind
from sfdc_escalator.escalation.readiness.inspection import OrgInspection
from sfdc_escalator.escalation.readiness.rights import right_lost_in
from sfdc_escalator.escalation.readiness.sentences import sentence
from sfdc_escalator.escalation.readiness.step_variants import StepVariant, step_variants
from sfdc_escalator.escalation.world.case import ATTRIBUTES, FieldValues
from sfdc_escalator.escalation.world.org import OrgFacts
from sfdc_escalator.pipeline.ports.inspector import Rehearsal, Rollback
from sfdc_escalator.pipeline.ports.writing import Answer, Chunk, Committed, Moved, RolledBack, Write
from sfdc_escalator.salesforce.line.client import Client
from sfdc_escalator.salesforce.readiness import marked_cases
from sfdc_escalator.salesforce.readiness.marked_cases import MARK, Marked, reason
from sfdc_escalator.salesforce.readiness.probe import rollback, sent
from sfdc_escalator.salesforce.reading.lookups import read_back
from sfdc_escalator.salesforce.reading.records import read
from sfdc_escalator.salesforce.schema.values import needed, record_id
from sfdc_escalator.salesforce.soql.soql import ids, select
from sfdc_escalator.salesforce.writing.write import MOST, composite

AHEAD = timedelta(days=1)  # the guard's question is not asked here: nobody else knows the case
NEW = "a new case"
WORDS = "sfdc-escalator rehearses its steps in this sandbox. The case and this note are deleted again."
SEVERITY: dict[str, Severity | None] = {
    "honoured": None,
    "broken": "error",
    "refused": "error",
    "not_probed": "warning",
}
NO_RIGHT = "INSUFFICIENT_ACCESS"


class Failure(NamedTuple):
    """An error of a variant of the steps, and the case. `values` fill the sentence of the kind."""

    variant: StepVariant
    kind: GapKind
    values: Mapping[str, str]
    where: str


@dataclass(frozen=True, slots=True)
class Stage:
    """The org where the steps are tried out. `stopped` gives the reason to send nothing more; a call under way is
    finished."""

    client: Client
    org_facts: OrgFacts
    inspection: OrgInspection
    stopped: Callable[[], str | None]
    mark: str = field(default_factory=lambda: f"{MARK} {uuid.uuid4().hex}")

    def clean(self) -> list[str]:
        return marked_cases.whatever_happens(self.client, self.mark, self.org_facts.caller.user_id)

    def go_on(self) -> None:
        if cause := self.stopped():
            raise StoppedEarly(f"stopped by {cause} before everything was tried out")

    def send(self, variants: Mapping[str, StepVariant], *, doomed: bool = False) -> Answer:
        """Sends the steps on these cases as a run would; `doomed`: rolled back whatever the org answers."""
        self.go_on()
        together = any(variant.policy.together for variant in variants.values())
        writes = tuple(write_of(case_id, variant) for case_id, variant in variants.items())
        chunk = Chunk(writes, self.org_facts.caller.now + AHEAD, together)
        request = composite(chunk, self.client.base, self.org_facts.caller.user_id, weak=True)
        if doomed:  # the guard's last row is asked for at the end in place of the beginning, and one that is not there
            fresh, last, *steps = request.body["compositeRequest"]
            never = {**last, "url": last["url"].replace(".records[0].", ".records[1].")}
            body = {**request.body, "compositeRequest": [fresh, *steps, never]}
            request = replace(request, body=body, parts=(request.parts[0], *request.parts[2:], request.parts[1]))
        return sent(self.client, request)


def write_of(case_id: str, variant: StepVariant) -> Write:
    return Write("", case_id, WORDS, False, variant.values)


def rehearse(stage: Stage, policies: Sequence[Policy]) -> Rehearsal:
    """For a sandbox; the caller has checked that."""
    if not stage.inspection.may_delete:
        gap = Gap(GapKind.NO_DELETE)
        return Rehearsal(Rollback("not_probed", sentence(gap)), gaps=(gap,))
    earlier = marked_cases.of_earlier_probes(stage.client)
    variants = step_variants(policies, stage.org_facts)
    try:
        tried = try_out(stage, variants[:MOST])
    except BaseException as error:
        raise with_left_cases(error, stage.clean()) from error
    org = tuple(org_gaps(tried.rollback, stage.clean(), earlier))
    return replace(tried, variants=len(variants), tried=min(len(variants), MOST), gaps=(*tried.gaps, *org))


def org_gaps(outcome: Rollback, left: Sequence[str], earlier: Sequence[str]) -> Iterator[Gap]:
    if severity := SEVERITY[outcome.state]:
        values = {"state": outcome.state.replace("_", " "), "reason": outcome.reason}
        yield Gap(GapKind.ROLLBACK, values=values, severity=severity)
    if left:
        yield Gap(GapKind.CASES_LEFT, values={"cases": tuple(left)})
    if earlier:
        yield Gap(GapKind.CASES_LEFT_BEFORE, values={"cases": tuple(earlier)}, severity="warning")


def with_left_cases(error: BaseException, left: Sequence[str]) -> BaseException:
    """The same error, with the cases that are left in the org; an interruption by somebody is not a defect."""
    gap = Gap(GapKind.CASES_LEFT, values={"cases": tuple(left)})
    after = sentence(gap) if left else "none of the marked cases is left"
    if isinstance(error, KeyboardInterrupt):
        return StoppedEarly(f"interrupted; {after}")
    error.args = (f"{error}; {after}",)
    return error


def gaps_of(failures: Sequence[Failure]) -> tuple[Gap, ...]:
    """Each failure once, with all the cases on which it was seen."""
    found: dict[tuple[object, ...], tuple[Failure, list[str]]] = {}
    for one in failures:
        same = one.variant.policy.file, one.variant.name, one.kind, tuple(sorted(one.values.items()))
        found.setdefault(same, (one, []))[1].append(one.where)
    return tuple(
        Gap(
            one.kind,
            values={**one.values, "variant": one.variant.name, "where": tuple(where)},
            routes=(one.variant.route.name,),
            file=one.variant.policy.file,
        )
        for one, where in found.values()
    )


def try_out(stage: Stage, variants: Sequence[StepVariant]) -> Rehearsal:
    """Tries all the steps; rolled back only where the org is proved to roll back."""
    stage.go_on()
    safe = [one for one in variants if not (one.queue and right_lost_in(one.queue, stage.org_facts, stage.inspection))]
    count = len(safe) or (stage.inspection.open_case is None)
    made = marked_cases.create(stage.client, stage.mark, count) if count else Marked(())
    case = stage.inspection.open_case or next(iter(made.cases), None)
    stage.go_on()
    outcome = roll_back(stage, case)
    failures: list[Failure] = []
    if case and outcome.state == "honoured":
        where = f"case {case[1]}" if stage.inspection.open_case else NEW
        for variant in variants:
            failures += refused(stage, case[0], variant, where)
    if made.cases and outcome.state != "broken":
        failures += carried_out(stage, dict(zip((case_id for case_id, _ in made.cases), safe, strict=False)))
    if count and not made.cases and variants:
        failures.append(Failure(variants[0], GapKind.NO_MARKED_CASE, {"reason": made.reason}, NEW))
    gaps = gaps_of(failures)
    return Rehearsal(
        outcome,
        routes=len({(one.policy.name, one.route.name) for one in variants}),
        rolled_back=outcome.state == "honoured" and bool(variants),
        marked=len(safe) if made.cases and outcome.state != "broken" else 0,
        kept_from=tuple(
            sorted({one.queue for one in variants if one.queue} - {one.queue for one in safe if one.queue})
        ),
        failed=len(gaps),
        gaps=gaps,
    )


def roll_back(stage: Stage, case: tuple[str, str] | None) -> Rollback:
    if case is None:
        return Rollback("not_probed", "there is no case")
    return rollback(stage.client, stage.org_facts, case, weak=stage.inspection.guard == "weak")


def refused(stage: Stage, case_id: str, variant: StepVariant, where: str) -> Iterator[Failure]:
    """The org's objections to these steps on a case, in a request that is always rolled back."""
    answer = stage.send({case_id: variant}, doomed=True)
    if not isinstance(answer, (Moved, RolledBack)):  # what can never be committed may be sent again
        answer = stage.send({case_id: variant}, doomed=True)
    if not isinstance(answer, Moved):
        yield refusal(variant, answer, where)


def refusal(variant: StepVariant, answer: Answer, where: str) -> Failure:
    message = reason(answer)
    kind = GapKind.STEPS_NOT_TRIED
    if isinstance(answer, RolledBack):
        is_right = NO_RIGHT in message and variant.saves_after_move
        kind = GapKind.STEPS_REFUSED_AFTER_MOVE if is_right else GapKind.STEPS_REFUSED
    return Failure(variant, kind, {"reason": message}, where)


def carried_out(stage: Stage, rows: Mapping[str, StepVariant]) -> Iterator[Failure]:
    """Escalates a case for each variant, and reads it back."""
    for together in (False, True):
        some = {case_id: one for case_id, one in rows.items() if one.policy.together == together}
        yield from escalated(stage, some) if some else ()


def escalated(stage: Stage, rows: Mapping[str, StepVariant]) -> Iterator[Failure]:
    """All at once; where the org refuses that, one by one, since it fails all of a batch for the fault of one."""
    answer = stage.send(rows)
    if isinstance(answer, Committed):
        yield from unlike(stage, rows)
    elif len(rows) > 1:
        for case_id, variant in rows.items():
            yield from escalated(stage, {case_id: variant})
    else:
        yield from (refusal(variant, answer, NEW) for variant in rows.values())


def unlike(stage: Stage, rows: Mapping[str, StepVariant]) -> Iterator[Failure]:
    """The differences from what was written: automation of the org changed it, or the note is gone."""
    fields = dict.fromkeys((*ATTRIBUTES, *(name for variant in rows.values() for name in variant.values)))
    after = read_back(stage.client, list(rows), list(fields))
    notes = stage.client.lookups([select(["ParentId"], "CaseComment", f"ParentId IN {ids(list(rows))}")])[0]
    noted = set(read(lambda note: needed(note, "ParentId", record_id), notes))
    targets = {target.id: name for name, target in stage.org_facts.targets.items()}
    for case_id, variant in rows.items():
        if case_id not in noted:
            yield Failure(variant, GapKind.NOTE_LOST, {}, NEW)
        for step, wanted, there in steps_of(variant, after.get(case_id, {})):
            if wanted is not None and wanted != there:
                written, found = (targets.get(one or "", one or "nothing") for one in (wanted, there))
                yield Failure(variant, GapKind.STEP_UNDONE, {"step": step, "written": written, "found": found}, NEW)


def steps_of(variant: StepVariant, after: FieldValues) -> list[tuple[str, str | None, str | None]]:
    """Each step with the value that was written and the value that is there."""
    return [(step.key, variant.values.get(step.field), after.get(step.field)) for step in FIELD_STEPS]
