"""Puts `validate` together: policy files and what is known of them offline, then the org that they are meant for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sfdc_escalator.errors import EscalatorError, Invalid, Problem
from sfdc_escalator.wiring.orgs import entry_of, reach
from sfdc_escalator.wiring.surroundings import Surroundings

if TYPE_CHECKING:
    from sfdc_escalator.escalation.policy.policy import Example
    from sfdc_escalator.escalation.readiness.gap import Gap
    from sfdc_escalator.files.policies import Loaded
    from sfdc_escalator.pipeline.readiness import Readiness, Trial


class Checked(NamedTuple):
    """Policy files as they were read, and every problem that is known of them."""

    files: tuple[str, ...]
    loaded: Loaded
    problems: tuple[Problem, ...]


class CheckedInOrg(NamedTuple):
    """Every problem, those of the files among them; what the org is; the files that it was not asked about."""

    problems: tuple[Problem, ...]
    readiness: Readiness
    unasked: tuple[str, ...]


def check(chosen: Sequence[Path], *, in_org: bool = False) -> Checked:
    """Reads the policy files, once. Where they have no error, also tries their examples, and warns of what the server
    cannot narrow. `in_org`: an org will be asked for the fields, so that no misspelling is guessed."""
    from sfdc_escalator.files.policies import read_policies

    loaded = read_policies(chosen)
    files = tuple(map(str, chosen))
    if loaded.errors:
        return Checked(files, loaded, loaded.problems)
    guessed = () if in_org else misspellings(loaded)
    more = (*guessed, *failed_examples(loaded), *poll_costs(loaded))
    return Checked(files, loaded, in_order((*loaded.problems, *more), files))


def check_in_org(surroundings: Surroundings, checked: Checked, org: str, trial: Trial | None = None) -> CheckedInOrg:
    """Asks the org for what the policies require; with a `trial` also tries their steps out, in a sandbox alone.

    An error of the files is reported even when the org cannot be asked.
    """
    from sfdc_escalator.pipeline.readiness import check_readiness

    loaded, known = checked.loaded, checked.problems
    try:
        entry, warnings = entry_of(surroundings, org)
        with reach(surroundings, entry) as (door, caller):
            found = check_readiness(door.inspector(), caller, loaded.policies, trial)
    except EscalatorError as error:
        if loaded.errors:
            raise Invalid(error.message, [*known, *error.problems]) from error
        raise
    problems = (*known, *warnings, *located(found.gaps, loaded))
    unasked = sorted(set(checked.files) - {policy.file for policy in loaded.policies})
    return CheckedInOrg(in_order(problems, checked.files), found, tuple(unasked))


def misspellings(loaded: Loaded) -> Iterator[Problem]:
    """Standard fields that are probably misspelt, and checkboxes that are compared with a text."""
    from sfdc_escalator.escalation.readiness.sentences import problem
    from sfdc_escalator.escalation.readiness.spelling import checkbox_gap, standard_field_gap
    from sfdc_escalator.files.named_fields import named_fields
    from sfdc_escalator.salesforce.schema.describe import standard_describe

    standard = standard_describe()
    for file, source in loaded.sources.items():
        for field in named_fields(source):
            found = [(standard_field_gap(field.path, standard), field.place)]
            found += [(checkbox_gap(field.path, text, standard), place) for text, place in field.compared]
            yield from (problem(replace(gap, file=file), place) for gap, place in found if gap)


def failed_examples(loaded: Loaded) -> Iterator[Problem]:
    from sfdc_escalator.escalation.policy.examples import failures

    now = datetime.now(UTC)
    for policy in loaded.policies:
        for example, reason in failures(policy, now):
            message = f"the example does not give the expected result: {reason}"
            yield Problem(message, policy.file, *example.place, expected=expected(example))


def expected(example: Example) -> str:
    steps = " and ".join(f"{name} {value}" for name, value in example.steps.items())
    return f"the route {example.expect}{' with ' if steps else ''}{steps}" if example.expect else "no route"


def poll_costs(loaded: Loaded) -> Iterator[Problem]:
    from sfdc_escalator.salesforce.readiness.poll_cost import poll_cost_gaps

    return located(poll_cost_gaps(loaded.policies), loaded)


def located(gaps: Iterable[Gap], loaded: Loaded) -> Iterator[Problem]:
    """Each gap at each place where its policy holds the subject."""
    from sfdc_escalator.escalation.readiness.sentences import problem

    for gap in gaps:
        source = loaded.sources.get(gap.file or "")
        places = source.places_of(gap.subject, gap.keys, gap.instead, gap.routes) if source else ()
        yield from (problem(gap, place) for place in places or (None,))


def in_order(problems: Sequence[Problem], files: Sequence[str]) -> tuple[Problem, ...]:
    """Each once, by file, in the order in which the files were named, and place.

    First those of other files, such as templates; last those without a file.
    """
    ranks = {file: rank for rank, file in enumerate(files)}
    ranked = ((len(ranks) if one.file is None else ranks.get(one.file, -1), one) for one in dict.fromkeys(problems))
    return tuple(one for _, one in sorted(ranked, key=lambda both: (both[0], both[1].line or 0, both[1].column or 0)))
