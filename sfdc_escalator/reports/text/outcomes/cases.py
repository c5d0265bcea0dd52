"""The cases of a run's page: state, route, subject and account, the steps, and the reason."""

from collections.abc import Iterator, Mapping, Sequence

from sfdc_escalator.escalation.decisions.outcome import Outcome, State
from sfdc_escalator.escalation.policy.steps import FIELD_OF, Step, StepState
from sfdc_escalator.escalation.world.keys import FIRST_RUNG
from sfdc_escalator.reports.page import PLAIN, Page
from sfdc_escalator.reports.terminal import cut, width_of
from sfdc_escalator.reports.values import visible

MOST_CASES = 50
LEAST = 24
"""Columns for subject and account beside the rest; with less room they get a line of their own."""
LONGEST_ACCOUNT = 20
INDENT = "    "
SHOWN_BY_STATE = (State.PLANNED, State.APPLIED, State.WITHHELD)
"""The reason of these ends is plain from the state, or stands below the cases."""


def case_lines(outcomes: Sequence[Outcome], names: Mapping[str, str], page: Page = PLAIN) -> Iterator[str]:
    """The first cases in plan order, those that an earlier run escalated last. `names` are those of queues, by id."""
    ordered = sorted(outcomes, key=lambda one: one.state is State.ALREADY)
    shown = page.first(ordered, MOST_CASES)
    columns = Columns(shown)
    for one in shown:
        yield from columns.head(one, page)
        if steps := steps_text(one, names):
            yield visible(INDENT + steps)
        if reason := reason_text(one):
            yield visible(INDENT + reason)
    if len(ordered) > len(shown):
        yield f"... and {len(ordered) - len(shown):,} more: --all"


class Columns:
    """The first line of each case, in columns of one width."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self._widths = [max(map(width_of, texts)) for texts in zip(*map(self.cells, outcomes), strict=True)]

    @staticmethod
    def cells(one: Outcome) -> tuple[str, str, str]:
        return visible(one.case_number), one.state.value, visible(route_text(one))

    def head(self, one: Outcome, page: Page) -> Iterator[str]:
        number, state, route = self.cells(one)
        first, second, third = self._widths
        begin = padded(number, first) + "  " + page.state(state, padded(state, second)) + "  " + padded(route, third)
        room = page.width - width_of(begin) - 2
        if room >= LEAST:
            yield f"{begin}  {about(one, room)}".rstrip()
            return
        yield begin.rstrip()
        if text := about(one, page.width - len(INDENT)):
            yield INDENT + text


def padded(text: str, width: int) -> str:
    return text + " " * (width - width_of(text))


def about(one: Outcome, room: int) -> str:
    """The subject with the account in brackets, in the room that there is."""
    subject, account = visible(one.subject), cut(visible(one.account), LONGEST_ACCOUNT)
    if not account:
        return cut(subject, room)
    bracket = f"({account})"
    return f"{cut(subject, room - width_of(bracket) - 1)} {bracket}".strip()


def route_text(outcome: Outcome) -> str:
    """The route; of a rung with its id, and its turn where it repeats."""
    if outcome.rung == FIRST_RUNG:
        return outcome.route
    return f"{outcome.route}/{outcome.rung}" + (f" ({outcome.turn})" if outcome.turn > 1 else "")


def steps_text(outcome: Outcome, names: Mapping[str, str]) -> str:
    """The steps that are sent; the JSON report lists those that are already so, too."""
    owners = [step.before for step in outcome.steps if FIELD_OF.get(step.name) == "OwnerId"]
    known = {**names, **{owner_id: outcome.owner_name for owner_id in owners if owner_id and outcome.owner_name}}
    steps = [step_text(step, known) for step in outcome.steps if step.state is not StepState.ALREADY_SO]
    return ", ".join(steps)


def step_text(step: Step, names: Mapping[str, str]) -> str:
    if step.is_note:
        return "note"
    before, after = (names.get(value or "", value or "empty") for value in (step.before, step.after))
    return f"{step.name} {before} -> {after}"


def reason_text(outcome: Outcome) -> str:
    """The findings; or the reason of an end that nothing else on the page explains."""
    return "; ".join(outcome.findings) if outcome.state in SHOWN_BY_STATE else outcome.reason


def note_pages(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Every note in full."""
    for outcome in outcomes:
        if outcome.note:
            beside = f", also on its {outcome.beside.lower()}" if outcome.beside else ""
            yield ""
            yield visible(f"The note for case {outcome.case_number}{beside}:")
            yield from (f"  | {visible(line)}" for line in outcome.note.splitlines())
