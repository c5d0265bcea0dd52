"""Puts `validate` together: policy files and what is known of them offline, then the org that they are meant for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sfdc_escalator.errors import EscalatorError, Invalid, Problem
from sfdc_escalator.wiring.orgs import entry_of, reach
from sfdc_escalator.wiring.surroundings import Surroundings

if TYPE_CHECKING:
    from sfdc_escalator.escalation.policy.example import Example
    from sfdc_escalator.escalation.policy.policy import Policy
    from sfdc_escalator.escalation.readiness.gap import Gap
    from sfdc_escalator.escalation.world.org import Describe
    from sfdc_escalator.files.orgs.channel_checks import Used
    from sfdc_escalator.files.orgs.orgs import OrgEntry
    from sfdc_escalator.files.policies import Loaded
    from sfdc_escalator.pipeline.readiness import Readiness, Trial


class Checked(NamedTuple):
    """Policy files as they were read, and every problem that is known of them.

    `of_fields` are the problems that follow from the fields of a new org. Where an org is asked, its own count.
    """

    files: tuple[str, ...]
    loaded: Loaded
    problems: tuple[Problem, ...]
    of_fields: tuple[Problem, ...] = ()


class CheckedInOrg(NamedTuple):
    """Every problem, those of the files among them; what the org is; the files that it was not asked about."""

    problems: tuple[Problem, ...]
    readiness: Readiness
    unasked: tuple[str, ...]


def check(chosen: Sequence[Path]) -> Checked:
    """Reads the policy files, once. Where they have no error, also checks what they say of standard fields, tries
    their examples, and warns of what the server cannot narrow."""
    from sfdc_escalator.files.policies import read_policies

    loaded = read_policies(chosen)
    files = tuple(map(str, chosen))
    if loaded.errors:
        return Checked(files, loaded, loaded.problems)
    of_fields = tuple(field_problems(loaded))
    more = (*of_fields, *failed_examples(loaded), *poll_costs(loaded))
    return Checked(files, loaded, in_order((*loaded.problems, *more), files), of_fields)


def orgs_problems(surroundings: Surroundings) -> Iterator[Problem]:
    """The addresses that orgs share and must not share (rule N13). Other faults of the file are reported when an org is
    named."""
    from sfdc_escalator.files.orgs.channel_checks import shared_addresses
    from sfdc_escalator.files.orgs.orgs import read_orgs

    entries, _ = read_orgs(surroundings.orgs_file)
    yield from shared_addresses(entries.values(), surroundings.environ)


def channels_problems(
    surroundings: Surroundings, entry: OrgEntry, policies: Sequence[Policy], *, sandbox: bool
) -> Iterator[Problem]:
    """The faults of the org's channels that these policies use. An org without an entry sends everything to the log."""
    from sfdc_escalator.escalation.notices.channels_used import channels_used, everybody
    from sfdc_escalator.files.orgs.channel_checks import Used, channel_problems

    used = {
        Used(name, policy.notices.channels[name])
        for policy in policies
        for route in policy.routes
        for name in channels_used(policy, everybody(policy, route)) & policy.notices.channels.keys()
    }
    if entry.file:
        about = surroundings.environ, surroundings.folder
        yield from channel_problems(entry, used, *about, sandbox=sandbox)
        yield from extra_problems(entry, used, sandbox=sandbox)
    elif used and not sandbox:
        message = f"the org {entry.name} has no entry in {surroundings.orgs_file.name}: every notice goes to the log"
        yield Problem(message, expected="an entry with `channels:`", severity="warning")


def extra_problems(entry: OrgEntry, used: Iterable[Used], *, sandbox: bool) -> Iterator[Problem]:
    """The channels whose extra is not installed on this machine. A sandbox is often asked by one that sends nothing."""
    from importlib.util import find_spec

    from sfdc_escalator.escalation.notices.channel_kinds import KINDS
    from sfdc_escalator.files.text.fault import Fault

    for name, kind in sorted(used):
        row = KINDS[kind]
        if name in entry.channels and row.library and find_spec(row.library) is None:
            message = f"the channel `{name}` of kind {kind} needs the extra {row.extra}, which is not installed here"
            expected = f"pip install 'sfdc-escalator[{row.extra}]'"
            fault = Fault(message, expected=expected, severity="warning" if sandbox else "error")
            yield entry.problem(f"channels.{name}", fault)


def check_in_org(surroundings: Surroundings, checked: Checked, org: str, trial: Trial | None = None) -> CheckedInOrg:
    """Asks the org for what the policies require; with a `trial` also tries their steps out, in a sandbox alone.

    An error of the files is reported even when the org cannot be asked.
    """
    from sfdc_escalator.pipeline.readiness import check_readiness

    loaded = checked.loaded
    try:
        entry, warnings = entry_of(surroundings, org)
        with reach(surroundings, entry) as (door, caller):
            found = check_readiness(door.inspector(), caller, loaded.policies, trial, bells(entry))
    except EscalatorError as error:
        if any(one.severity == "error" for one in checked.problems):
            raise Invalid(error.message, [*checked.problems, *error.problems]) from error
        raise
    by_standard = set(checked.of_fields)  # found by the fields of a new org
    known = (one for one in checked.problems if one not in by_standard)
    of_fields = field_problems(loaded, found.org_facts.describe, found.gaps)
    sandbox = found.org_facts.is_sandbox
    of_channels = channels_problems(surroundings, entry, loaded.policies, sandbox=sandbox)
    problems = (*known, *warnings, *of_fields, *located(found.gaps, loaded), *of_channels)
    unasked = sorted(set(checked.files) - {policy.file for policy in loaded.policies})
    return CheckedInOrg(in_order(problems, checked.files), found, tuple(unasked))


def bells(entry: OrgEntry) -> Mapping[str, str]:
    """The custom notification types that the entry names, by channel."""
    from sfdc_escalator.files.orgs.org_logins import is_reference

    named = {name: str(given.get("type", "")) for name, given in entry.channels.items()}
    return {name: kind for name, kind in named.items() if kind and not is_reference(kind)}


def field_problems(loaded: Loaded, found: Describe | None = None, gaps: Sequence[Gap] = ()) -> Iterator[Problem]:
    """Fields that are probably misspelt, comparisons that no value of their field can meet, and fields by which no
    report can count.

    By the fields of a new org; where an org was asked, by its own first. `gaps` are those that it has: a field that is
    reported as missing is not reported again.
    """
    from sfdc_escalator.escalation.readiness.comparisons import value_gaps
    from sfdc_escalator.escalation.readiness.fields import uncountable
    from sfdc_escalator.escalation.readiness.sentences import problem
    from sfdc_escalator.escalation.readiness.spelling import standard_field_gap
    from sfdc_escalator.files.checks.compared_fields import compared_fields
    from sfdc_escalator.files.named_fields import named_fields
    from sfdc_escalator.salesforce.schema.describe import standard_describe

    standard = standard_describe()
    describe = standard if found is None else found.over(standard)
    missing = {gap.subject for gap in gaps}
    for file, source in loaded.sources.items():
        for field in named_fields(source):
            known = field.path in missing or (found is not None and found.field_at(field.path) is not None)
            gap = None if known else standard_field_gap(field.path, standard)
            yield from (problem(replace(gap, file=file), field.place),) if gap else ()
        for asked, loc, on_key in compared_fields(source.document):
            place = source.document.place(loc, on_key)
            yield from (problem(replace(gap, file=file), place) for gap in value_gaps(describe, asked))
    reviews = ((one.review, one.file) for one in loaded.policies)
    yield from located((gap for review, file in reviews for gap in uncountable(review, file, describe)), loaded)


def failed_examples(loaded: Loaded) -> Iterator[Problem]:
    from sfdc_escalator.escalation.ladder.expected_climbs import later_failures
    from sfdc_escalator.escalation.policy.examples import failures

    now = datetime.now(UTC)
    for policy in loaded.policies:
        wrong = list(failures(policy, now))
        others = [one for one in policy.examples if all(one is not example for example, _ in wrong)]
        for example, reason in (*wrong, *later_failures(policy, others, now)):
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
