"""The poll: one query for all routes of all policies where possible, read page by page into cases."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

from sfdc_escalator.errors import Invalid
from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.note.quick_texts import paths_read
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.readiness.comparisons import senseless
from sfdc_escalator.escalation.readiness.fields import unreadable
from sfdc_escalator.escalation.readiness.requirements import fields_of, needs_of
from sfdc_escalator.escalation.readiness.sentences import reason
from sfdc_escalator.escalation.world.case import Case, long_id
from sfdc_escalator.escalation.world.keys import RouteName
from sfdc_escalator.escalation.world.needs import Answered
from sfdc_escalator.escalation.world.org import Describe, OrgFacts
from sfdc_escalator.pipeline.ports.org import CasePage
from sfdc_escalator.pipeline.ports.progress import Progress, unseen
from sfdc_escalator.salesforce.line.client import Client
from sfdc_escalator.salesforce.line.composite import QUERIES, query_path
from sfdc_escalator.salesforce.line.failures import Rejected
from sfdc_escalator.salesforce.polling.case_pages import TIMEOUT, CasePages, CaseQueries, QueryRefused, once_more
from sfdc_escalator.salesforce.reading.records import CaseReader, selected
from sfdc_escalator.salesforce.soql import splitting
from sfdc_escalator.salesforce.soql.narrowing import Bounds, is_apart, may_match
from sfdc_escalator.salesforce.soql.soql import (
    NOTHING,
    Filter,
    Leaf,
    conjuncts,
    factored,
    quote,
    raw,
    render,
    select,
)

CASE_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/#-]{0,29}")
NUMBER_DIGITS = 8  # of a case number in the default format: people leave out the leading zeros


@dataclass(frozen=True, slots=True)
class Asked:
    """The needs of one route: the fields it reads, the bound of its criteria, and that of its scope."""

    name: RouteName
    paths: frozenset[str]
    may: Filter
    scope: Filter

    @property
    def is_apart(self) -> bool:
        """True if the route needs a separate query."""
        return is_apart(self.may, self.scope)


def poll(
    client: Client, policies: Sequence[Policy], org_facts: OrgFacts, case: str | None, progress: Progress = unseen
) -> Iterator[CasePage]:
    """See `Org.poll`. Raises OrgUnavailable, and Invalid for a `case` that is neither a number nor an id."""
    only = None if case is None else chosen_case(case)
    routes = [(policy, route) for policy in policies for route in policy.routes]
    broken = {(p.name, r.name): gap for p, r in routes if (gap := unread(p, r, org_facts.describe))}
    broken |= refused_fragments(client, [one for one in routes if (one[0].name, one[1].name) not in broken])
    asked = sound(org_facts, policies, broken, readable=True)
    pages = CasePages(client, org_facts.describe, progress)
    while True:
        try:
            for cases in pages.read(case_queries(asked, org_facts.describe, only)):
                yield CasePage(cases, pages.at or org_facts.caller.now, broken)
            break
        except QueryRefused as refused:
            refusal = refused.error
        refusing = _alone_broken(client, asked, org_facts, only, refusal)
        if not refusing:
            raise refusal
        broken, asked = {**broken, **refusing}, [one for one in asked if one.name not in refusing]
    yield CasePage((), pages.at or org_facts.caller.now, broken)


def case_queries(asked: Sequence[Asked], describe: Describe, only: Filter | None) -> CaseQueries:
    """The queries for these routes, or for one case; none without a route."""
    paths = paths_asked(asked)
    fields = selected(paths, describe)
    wheres = filters(fields, asked) if only is None else list(splitting.for_queries(fields, only).pieces)
    return CaseQueries(fields, sorted(path for path in paths if path in fields), wheres if asked else ())


def longest_waiting(client: Client, policies: Sequence[Policy], org_facts: OrgFacts, most: int) -> tuple[Case, ...]:
    """See `Org.longest_waiting`. Empty when the org rejects the query: no decision depends on it."""
    asked = sound(org_facts, policies, (), readable=True)
    paths = paths_asked(asked)
    fields, scopes = selected(paths, org_facts.describe), factored([one.scope for one in asked])
    (query, *_) = splitting.queries(fields, scopes, f"ORDER BY CreatedDate, Id LIMIT {most}")
    reader = CaseReader((path for path in paths if path in fields), org_facts.describe)
    try:
        return tuple(client.in_full(query, reader.cases)[0])
    except Rejected:
        return ()


def statements(org_facts: OrgFacts, policies: Sequence[Policy], refused: Collection[RouteName]) -> list[str]:
    """The queries of a poll for all readable routes."""
    asked = sound(org_facts, policies, refused)
    return queries(selected(paths_asked(asked), org_facts.describe), asked)


def paths_asked(asked: Sequence[Asked]) -> frozenset[str]:
    return frozenset[str]().union(*(one.paths for one in asked))


def queries(fields: list[str], asked: Sequence[Asked]) -> list[str]:
    return [select(fields, "Case", render(where), "ORDER BY Id") for where in filters(fields, asked)]


def filters(fields: list[str], asked: Sequence[Asked]) -> list[Filter]:
    """One filter for all routes, and one for each route that needs a separate query and is not covered; each split so
    that a query has room for it."""
    shared = factored([one.may for one in asked if not one.is_apart])
    apart = [one.may for one in asked if one.is_apart and not set(conjuncts(shared)) <= set(conjuncts(one.may))]
    wheres = dict.fromkeys(where for where in (shared, *apart) if where != NOTHING)
    return [piece for where in wheres for piece in splitting.for_queries(fields, where).pieces]


def refused_alone(
    client: Client, org_facts: OrgFacts, policies: Sequence[Policy], refused: Collection[RouteName]
) -> Mapping[RouteName, str]:
    """The routes that the org rejects even alone, with its messages, besides those known as refused."""
    return _broken(client, sound(org_facts, policies, refused), org_facts.describe)


def sound(
    org_facts: OrgFacts, policies: Sequence[Policy], refused: Collection[RouteName], *, readable: bool = False
) -> list[Asked]:
    """The routes that can be read; with `readable` it is known that all others are among the refused."""
    bounds = Bounds(org_facts.describe, Circumstances(org_facts.caller.now, org_facts.queues, org_facts.calendars))
    routes = [(p, r) for p in policies for r in p.routes if (p.name, r.name) not in refused]
    texts = paths_read(org_facts.quick_texts.values(), org_facts.describe)
    texts |= org_facts.describe.readable(path for policy in policies for path in policy.optional_paths)
    return [
        Asked((p.name, r.name), fields_of(p, r) | texts, may_match(bounds, p, r), bounds.may(p.scope_of(r)))
        for p, r in routes
        if readable or not unread(p, r, org_facts.describe)
    ]


def refused_fragments(client: Client, routes: Sequence[tuple[Policy, Route]]) -> dict[RouteName, str]:
    """The routes with a raw filter that the org rejects, with its messages."""
    readers: dict[str, list[RouteName]] = {}
    for policy, route in routes:
        for one in needs_of(policy, route):
            if isinstance(one, Answered):
                readers.setdefault(one.fragment, []).append((policy.name, route.name))
    queries = [select(["Id"], "Case", raw(fragment).text, "LIMIT 1") for fragment in readers]
    refused: dict[RouteName, str] = {}
    for names, answer in zip(readers.values(), client.try_get(*map(query_path, queries)), strict=True):
        if isinstance(answer, Rejected):
            refused |= dict.fromkeys(names, answer.message)
        elif isinstance(answer, Exception):
            raise answer
    return refused


def unread(policy: Policy, route: Route, describe: Describe) -> str | None:
    """The reason why this route cannot be read, or why its conditions cannot be met; None if it can be judged."""
    gaps = chain(unreadable(policy, route, describe), senseless(policy, route, describe))
    gap = next((one for one in gaps if one.severity == "error"), None)
    return reason(gap) if gap else None


def chosen_case(case: str) -> Filter:
    """The filter for one case by number or id. Raises Invalid."""
    text = case.strip()
    if len(text) in (15, 18) and text.startswith("500"):
        try:
            return Leaf(f"Id = '{long_id(text)}'")
        except ValueError as error:
            raise Invalid(f"--case: {error}") from None
    if not CASE_NUMBER.fullmatch(text):
        raise Invalid(f"--case: {case!r} is neither a case number such as 00001026 nor a case id such as 500...")
    numbers = dict.fromkeys([text, text.zfill(NUMBER_DIGITS) if text.isdigit() else text])
    return Leaf(f"CaseNumber IN ({','.join(map(quote, numbers))})")


def _alone_broken(
    client: Client, asked: Sequence[Asked], org_facts: OrgFacts, only: Filter | None, error: Rejected
) -> Mapping[RouteName, str]:
    """The routes behind the error of the common query: the org rejects them, or has no time for them, even alone."""
    if error.error_code != TIMEOUT:
        return _broken(client, asked, org_facts.describe)
    if len(asked) == 1:
        return {asked[0].name: error.message}
    found = {}
    for one in asked:
        alone = case_queries([one], org_facts.describe, only)
        try:
            for where in alone.wheres:
                once_more(partial(client.query, select(alone.fields, "Case", render(where), "ORDER BY Id")))
        except Rejected as refusal:
            if refusal.error_code != TIMEOUT:
                raise
            found[one.name] = refusal.message
    return found


def _broken(client: Client, asked: Sequence[Asked], describe: Describe) -> Mapping[RouteName, str]:
    """The routes that the org rejects when queried alone, with its messages."""
    found = {}
    for start in range(0, len(asked), QUERIES):
        some = asked[start : start + QUERIES]
        answers = client.try_get(*(query_path(_alone(one, describe)) for one in some))
        for one, answer in zip(some, answers, strict=True):
            if isinstance(answer, Rejected):
                found[one.name] = answer.message
            elif isinstance(answer, Exception):
                raise answer
    return found


def _alone(one: Asked, describe: Describe) -> str:
    where = render(splitting.split(one.may, lambda part: len(render(part)) <= splitting.ROOM // 3).pieces[0])
    return select(selected(one.paths, describe), "Case", where, "LIMIT 1")
