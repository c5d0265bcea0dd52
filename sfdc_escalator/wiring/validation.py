"""What is wrong with policies: what the files alone tell, and what an org says to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sfdc_escalator.errors import EscalatorError, Invalid, Problem
from sfdc_escalator.escalation.policy.examples import failures
from sfdc_escalator.escalation.policy.policy import Example, Policy, Route
from sfdc_escalator.escalation.world.org import OrgFacts
from sfdc_escalator.pipeline.stop import Stop
from sfdc_escalator.wiring.orgs import entry_of, reach
from sfdc_escalator.wiring.surroundings import Surroundings

if TYPE_CHECKING:
    from sfdc_escalator.salesforce.org import SalesforceOrg
    from sfdc_escalator.salesforce.readiness.probe import Rollback
    from sfdc_escalator.salesforce.readiness.requirements import Gap

READS_ALL = "reads every open case: nothing in its `when` can be filtered by the server"
READS_APART = "needs a query of its own: a subquery alone filters it, and that cannot stand beside other routes"
MEANT = "`scan: true` says that this is meant"


def check(chosen: Sequence[Path], *, in_org: bool = False) -> tuple[Problem, ...]:
    """Every problem of the policy files; where there is no error, also the examples that come out otherwise, and what
    the server cannot narrow. `in_org`: an org is asked for the fields as well, so that nothing is guessed of them."""
    from sfdc_escalator.files.policies import check_policies, load_policies

    problems = check_policies(chosen)
    if any(problem.severity == "error" for problem in problems):
        return problems

    sound = load_policies(chosen).policies
    costs = [warning for policy in sound for route in policy.routes for warning in cost_warnings(policy, route)]
    slips = [] if in_org else [problem for policy in sound for problem in slips_of(policy.file)]
    now = datetime.now(UTC)
    failed = [
        Problem(
            f"the example does not come out as expected: {why}", policy.file, *example.place, expected=expected(example)
        )
        for policy in sound
        for example, why in failures(policy, now)
    ]
    return in_order((*problems, *slips, *failed, *costs), chosen)


def slips_of(file: str) -> Iterator[Problem]:
    """Standard fields that are probably misspelt, and checkboxes that are compared with a text."""
    from sfdc_escalator.files.said_fields import said_fields
    from sfdc_escalator.salesforce.schema.describe import standard_describe
    from sfdc_escalator.salesforce.schema.offline import is_no_checkbox_value, misspelt

    describe, meant = standard_describe(), {"yes": "true", "on": "true", "no": "false", "off": "false"}
    for said in said_fields(file):
        if near := misspelt(said.path, describe):
            message = f"no standard field is called `{said.path}`"
            yield Problem(message, file, *said.place, said.path, None, near, severity="warning")
        for text, place in said.texts:
            if is_no_checkbox_value(said.path, text, describe):
                message, near = f"`{said.path}` is a checkbox", meant.get(text.lower())
                yield Problem(message, file, *place, text, "true or false", near)


def cost_warnings(policy: Policy, route: Route) -> Iterator[Problem]:
    """What the poll costs more for this route; not where `scan: true` says that it is known."""
    from sfdc_escalator.files.source_map import places_of
    from sfdc_escalator.salesforce.schema.describe import standard_describe
    from sfdc_escalator.salesforce.soql.narrowing import route_is_apart, route_is_scan

    asked = policy, route, standard_describe()
    why = READS_ALL if route_is_scan(*asked) else READS_APART if route_is_apart(*asked) else ""
    if why and not route.scan:
        line, column = next(iter(places_of(policy.file, "", (), routes=[route.name])), (None, None))
        yield Problem(f"route {route.name} {why}; {MEANT}", policy.file, line, column, severity="warning")


def expected(example: Example) -> str:
    steps = " and ".join(f"{name} {value}" for name, value in example.steps.items())
    return f"the route {example.expect}{' with ' if steps else ''}{steps}" if example.expect else "no route"


class Asked(NamedTuple):
    """What an org says to the policies: what it lacks, what it is, what it honours, and what is worth knowing."""

    problems: tuple[Problem, ...]
    org_facts: OrgFacts
    username: str
    guard: str
    rollback: Rollback
    remarks: tuple[str, ...]
    rehearsal: str | None = None


Trial = Callable[[], AbstractContextManager[Stop]]
"""While steps are tried out in a sandbox: what tells that somebody wants it to end."""


def check_in_org(
    surroundings: Surroundings,
    chosen: Sequence[Path],
    org: str,
    problems: Sequence[Problem],
    trial: Trial | None = None,
) -> Asked:
    """Asks the org for what the policies demand; with a `trial` also tries their steps out, in a sandbox alone.
    `problems` are known without it, and an error among them is told even when the org cannot be asked."""
    from sfdc_escalator.files.policies import read_policies

    policies, _ = read_policies(chosen)
    unasked = sorted({str(path) for path in chosen} - {policy.file for policy in policies})
    try:
        entry, warnings = entry_of(surroundings, org)
        with reach(surroundings, entry) as (door, caller):
            asked = asked_of(door, door.facts(caller, policies), policies, trial)
    except EscalatorError as error:
        if any(problem.severity == "error" for problem in problems):
            raise Invalid(error.message, [*problems, *error.problems]) from error
        raise
    later = [f"Not asked about, until its errors are mended: {', '.join(unasked)}."] if unasked else []
    return asked._replace(problems=(*warnings, *asked.problems), remarks=(*later, *asked.remarks))


def asked_of(door: SalesforceOrg, org_facts: OrgFacts, policies: Sequence[Policy], trial: Trial | None) -> Asked:
    from sfdc_escalator.salesforce.readiness import requirements, rights
    from sfdc_escalator.salesforce.readiness.probe import not_asked

    if trial:
        door.refuse_production(org_facts)
    seen = door.inspect(org_facts, policies)
    found: list[tuple[str | None, Gap]] = [
        (policy.file, lack)
        for policy in policies
        for lack in (*requirements.lacks(policy, org_facts, seen.nearby), *rights.lacks(policy, org_facts, seen))
    ]
    alone = policies[0].file if len(policies) == 1 else None  # a poll is that of all of them
    found += ((alone, lack) for lack in rights.of_the_poll(seen))
    remarks = tuple(rights.remarks(seen, org_facts))
    asked = Asked(in_places(found), org_facts, seen.username, door.guard, not_asked(org_facts), remarks)
    if trial is None:
        return asked
    with trial() as stop:
        played = door.rehearse(org_facts, policies, seen, lambda: stop.reason)
    found += played.problems
    return asked._replace(problems=in_places(found), rollback=played.rollback, rehearsal=played.words)


def in_places(found: Sequence[tuple[str | None, Gap]]) -> tuple[Problem, ...]:
    """Each once at each place where a policy says it."""
    return tuple(dict.fromkeys(problem for file, lack in found for problem in problems_of(file, lack)))


def in_order(problems: Sequence[Problem], files: Sequence[Path]) -> tuple[Problem, ...]:
    """By file, as they were named, and place; first what stands in other files, last what stands in none."""
    ranks = {str(path): rank for rank, path in enumerate(files)}
    ranked = ((len(ranks) if one.file is None else ranks.get(one.file, -1), one) for one in problems)
    return tuple(one for _, one in sorted(ranked, key=lambda both: (both[0], both[1].line or 0, both[1].column or 0)))


def problems_of(file: str | None, lack: Gap) -> list[Problem]:
    from sfdc_escalator.files.source_map import places_of

    places = places_of(file, lack.subject, lack.keys, lack.instead, lack.routes) if file else ()
    return [
        Problem(lack.message, file, line, column, lack.subject or None, lack.expected, lack.nearest, lack.severity)
        for line, column in places or [(None, None)]
    ]
