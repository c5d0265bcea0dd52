"""One case explained: as text, as JSON, and as an example to paste into a policy."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.findings import in_plain_words, time_in_words
from sfdc_escalator.escalation.conditions.stopped_clock import Clock
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Finding, Not
from sfdc_escalator.escalation.decisions.match import Match, NoMatch
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.explaining.as_example import as_example
from sfdc_escalator.escalation.explaining.explanation import Explained, explain
from sfdc_escalator.escalation.policy.examples import failure
from sfdc_escalator.escalation.policy.policy import Example
from sfdc_escalator.escalation.time.durations import in_words
from sfdc_escalator.pipeline.examine import Examined
from sfdc_escalator.reports.run_json import escalation_json, instant

MARKS = {True: "yes", False: "no "}


def explain_text(examined: Examined) -> str:
    return "\n".join(page(examined))


def page(examined: Examined) -> Iterator[str]:
    case, org_facts = examined.case, examined.policies_in_org[0].org_facts
    yield f"case {case.number}  {org_facts.caller.instance_url}/{case.id}"
    owner = case.owner_name or case.owner_id
    yield f"status {case.status or 'empty'}, priority {case.priority or 'empty'}, owner {owner}"
    yield f"at {examined.policies_in_org[0].now:%Y-%m-%d %H:%M:%S} UTC"
    for in_org, judged in zip(examined.policies_in_org, examined.judged, strict=True):
        yield f"\npolicy {in_org.policy.name}: {outcome(judged)}"
        for one in explain(in_org, case, judged):
            yield from route_lines(one, in_org.now)


def outcome(judged: Match | NoMatch) -> str:
    if isinstance(judged, NoMatch):
        return "a run would leave it alone"
    steps = ", ".join(step.name for step in judged.outcome.steps if step.state == "planned")
    what = f"{judged.state} by the route {judged.route.name}"
    return f"a run would have it {what}" + (f" ({steps})" if steps else f": {judged.reason}")


def route_lines(one: Explained, now: datetime) -> Iterator[str]:
    yield f"\n  {one.route.name}: {'matches' if one.matches else 'does not match'}"
    yield from (f"    {line}" for line in tree(one.finding))
    if one.missing:
        yield f"    missing: {'; '.join(miss.words for miss in one.missing)}"
    if not one.matches:
        if one.when is None:
            yield "    time alone will not make it match"
        else:
            yield f"    time alone will make it match at {one.when:%Y-%m-%d %H:%M} UTC, in {in_words(one.when - now)}"
    yield from (f"    held back: {why}" for why in one.held_back)


def tree(finding: Finding) -> Iterator[str]:
    condition = finding.condition
    if isinstance(condition, (All, AnyOf, Not)):
        yield f"{MARKS[finding.holds]}  {title(condition)}"
        yield from (f"  {line}" for part in finding.parts for line in tree(part))
    else:
        yield f"{MARKS[finding.holds]}  {in_plain_words(finding)}"


def title(condition: All | AnyOf | Not) -> str:
    return "all of" if isinstance(condition, All) else "any of" if isinstance(condition, AnyOf) else "not"


def explain_json(examined: Examined) -> dict[str, Any]:
    """`exit` is left to the door."""
    case, org_facts = examined.case, examined.policies_in_org[0].org_facts
    return {
        "case": {"id": case.id, "number": case.number, "url": f"{org_facts.caller.instance_url}/{case.id}"},
        "now": instant(examined.policies_in_org[0].now),
        "policies": [
            {
                "policy": in_org.policy.name,
                "decision": escalation_json(judged.outcome) if isinstance(judged, Match) else None,
                "routes": [route_json(one) for one in explain(in_org, case, judged)],
            }
            for in_org, judged in zip(examined.policies_in_org, examined.judged, strict=True)
        ],
    }


def route_json(one: Explained) -> dict[str, Any]:
    return {
        "route": one.route.name,
        "matches": one.matches,
        "conditions": finding_json(one.finding),
        "missing": [miss.words for miss in one.missing],
        "matches_at": instant(one.when) if one.when else None,
        "held_back": list(one.held_back),
    }


def finding_json(finding: Finding) -> dict[str, Any]:
    condition = finding.condition
    if isinstance(condition, (All, AnyOf, Not)):
        parts = [finding_json(part) for part in finding.parts]
        return {"condition": title(condition), "holds": finding.holds, "parts": parts}
    words = in_plain_words(finding)
    kind = type(condition).__name__.lower()
    seen = time_seen(condition, finding.seen) if isinstance(condition, Clock) else plain(finding.seen)
    return {"condition": words, "kind": kind, "holds": finding.holds, "seen": seen}


def time_seen(clock: Clock, seen: Any) -> str | None:
    return None if seen is None else time_in_words(seen, clock)


def plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, frozenset):
        return sorted(value)
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


LATER = timedelta(days=3653)


def example_page(examined: Examined) -> str:
    """Entries for `examples:`; one that would not come out alike, now or later, is a comment that says why."""
    return "\n".join(example_lines(in_org, as_example(in_org, examined.case)) for in_org in examined.policies_in_org)


def example_lines(in_org: PolicyInOrg, example: Example) -> str:
    parts = [f"case: {flow(example.fields)}"] if example.fields else []
    spoken = {"age": example.age, "customer_spoke": example.customer_spoke, "agent_spoke": example.agent_spoke}
    parts += [f"{key}: {duration(ago)}" for key, ago in spoken.items() if ago is not None]
    parts += [f"related: {flow(example.related)}"] if example.related else []
    entry = "  - {" + ", ".join([*parts, f"expect: {example.expect or 'none'}"]) + "}"
    if why := failure(in_org.policy, example, in_org.circumstances):
        return f"# {in_org.policy.name}\n  # comes out otherwise: {why}\n  # {entry.lstrip()}"
    if why := failure(in_org.policy, example, Circumstances(in_org.now + LATER)):
        return f"# {in_org.policy.name}\n  # comes out otherwise as time passes: {why}\n  # {entry.lstrip()}"
    return f"# {in_org.policy.name}\n{entry}"


def flow(values: Any) -> str:
    """A mapping in YAML's flow form; JSON is YAML."""
    said = (f"{key}: {json.dumps(plain(value), ensure_ascii=False)}" for key, value in values.items())
    return "{" + ", ".join(said) + "}"


def duration(ago: timedelta) -> str:
    """As a policy writes it, rounded down to minutes."""
    minutes = max(0, int(ago.total_seconds() // 60))
    return f"{minutes // 60}h" if minutes and minutes % 60 == 0 else f"{minutes}m"
