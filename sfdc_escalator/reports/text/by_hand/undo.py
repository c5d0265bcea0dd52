"""An undo, or its rehearsal: what goes back on each case, what stays, and the notes."""

from collections import Counter
from collections.abc import Iterator

from sfdc_escalator.escalation.policy.steps import StepState
from sfdc_escalator.escalation.undoing.fields import Touched, shown
from sfdc_escalator.escalation.undoing.note import by_whom, label_of
from sfdc_escalator.escalation.undoing.undo import Undo, UndoState
from sfdc_escalator.escalation.world.keys import FIRST_RUNG
from sfdc_escalator.pipeline.undoing.undo import UndoResult
from sfdc_escalator.reports.terminal import PLAIN, Page, table
from sfdc_escalator.reports.values import counted, visible

MOST_NOTES = 10
NOTHING_WRITTEN = "Nothing was written. The same command with --yes takes this back."
AGAIN = "The same command finishes what is left."


def undo_text(result: UndoResult, page: Page = PLAIN) -> str:
    return "\n".join(lines(result, page))


def lines(result: UndoResult, page: Page) -> Iterator[str]:
    yield from map(visible, head(result))
    if result.undos:
        yield ""
        rows = [row(one, result) for one in result.undos]
        yield table(("Case", "Takes back", "State", "Steps", "Reason"), rows, page=page)
    if result.is_rehearsal:
        yield from notes(result)
    else:
        yield from sent(result)
    yield ""
    yield summary(result)
    if result.is_rehearsal and result.count(UndoState.PLANNED):
        yield NOTHING_WRITTEN
    elif result.exit_code == 3 and not result.is_rehearsal:
        yield AGAIN


def head(result: UndoResult) -> Iterator[str]:
    org_facts, caller = result.prepared.org_facts, result.caller
    kind = "sandbox" if org_facts.is_sandbox else "production"
    what = "What an undo would take back" if result.is_rehearsal else f"Undo {result.run}"
    yield f"{what} on {org_facts.name} ({kind}, {caller.organization_id}) at {caller.now:%Y-%m-%d %H:%M:%S} UTC"
    yield f"ledger: {result.ledger}   guard: {result.guard}   audit head {result.audit_head or 'none'}"


def row(one: Undo, result: UndoResult) -> tuple[str, ...]:
    target = one.target
    rung = "" if target.rung == FIRST_RUNG else f"/{target.rung}"
    about = f"{target.route}{rung}"
    return target.case_number or target.case_id, about, one.state.value, steps_text(one, result), one.reason


def steps_text(one: Undo, result: UndoResult) -> str:
    """The steps that are sent, and the fields that stay."""
    names = result.prepared.names
    found = ["note" for step in one.steps if step.is_note]
    for step in one.put_back.steps:
        before, after = (shown(step.name, value, names) for value in (step.before, step.after))
        if step.state is StepState.NOT_APPLIED and step.reason:
            found.append(f"{label_of(step.name)} stays {after} ({step.reason})")
        else:
            found.append(f"{label_of(step.name)} {before} -> {after}")
    found += [stays_text(field, result) for field in one.touched]
    return ", ".join(found) or "-"


def stays_text(field: Touched, result: UndoResult) -> str:
    names = result.prepared.names
    return f"{label_of(field.step)} stays {shown(field.step, field.value, names)} ({by_whom(field, names)})"


def notes(result: UndoResult) -> Iterator[str]:
    planned = [one.order for one in result.undos if one.order]
    for order in planned[:MOST_NOTES]:
        yield ""
        yield visible(f"The note for case {order.case_number}:")
        yield from (f"  | {visible(line)}" for line in order.note.splitlines())
    if len(planned) > MOST_NOTES:
        yield f"... and {len(planned) - MOST_NOTES:,} more: --json"


def sent(result: UndoResult) -> Iterator[str]:
    """The notices that were sent, and those that wait."""
    post = result.post
    counts = {"sent": post.sent, "waiting": post.counts.waiting, "undelivered": post.counts.undelivered}
    found = [f"{count:,} {name}" for name, count in {**counts, "dropped": post.dropped}.items() if count]
    if found:
        yield ""
        yield f"Notices: {', '.join(found)}"
    yield from (visible(f"! {problem}") for problem in post.problems)


def summary(result: UndoResult) -> str:
    counts = Counter(one.state for one in result.undos)
    states = [f"{counts[state]} {state.value}" for state in UndoState if counts[state]] or ["nothing was written"]
    return f"{counted(len(result.undos), 'escalation')}: {', '.join(states)}"
