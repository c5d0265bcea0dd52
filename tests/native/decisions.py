"""The decision of an imported policy about a case, and the one of its native rule, side by side."""

import json
import random
import re
import xml.etree.ElementTree as Xml
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.tree import paths_of
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.readiness.requirements import business_hours
from sfdc_escalator.escalation.time.calendars import Calendar
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.files.policies import load_policies
from sfdc_escalator.native.imported import Imported, ImportedRule
from sfdc_escalator.wiring.native.importing import import_rules
from tests.native.evaluator import Facts, kids, minutes_of, picked, said

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
LOOK_UPS = ("owner", "recordtype", "contact", "account", "createdby", "lastmodifiedby", "businesshours")
NAMED = {**{f"{one}.name": f"case.{one}id" for one in LOOK_UPS}, "parent.casenumber": "case.parentid"}
"""The paths of a policy for look-ups that native rules compare by name."""
WHOLE_DAY = ((timedelta(), timedelta(days=1)),)
NUMBER = "00001000"
USER, QUEUE = "005000000000001AAA", "00G000000000001AAA"


@dataclass(frozen=True)
class Pair:
    """A native rule and the policy that it became."""

    entries: list[Xml.Element]
    made: ImportedRule
    policy: Policy

    def expected(self, facts: Facts, age: timedelta) -> str | None:
        """The route of the entry by which Salesforce acts on the case now; None where it does not act."""
        place = picked(self.entries, facts)
        if place is None:
            return None
        entry = self.made.entries[place]
        acts = entry.status in ("mapped", "warned") and age >= timedelta(minutes=minutes_of(self.entries[place]))
        return entry.route if acts else None

    def decided(self, facts: Facts, age: timedelta) -> str | None:
        """The route by which the policy acts on the case."""
        case = self.case(facts, age)
        for route in self.policy.routes:
            condition = self.policy.condition(route)
            hours = {
                name: Calendar(name, ZoneInfo("UTC"), (WHOLE_DAY,) * 7, frozenset())
                for name in business_hours(condition)
            }
            if condition.holds(case, Circumstances(NOW, calendars=hours)):
                return route.name if route.opens else None
        return None

    def case(self, facts: Facts, age: timedelta) -> Case:
        fields = {path: value_at(path, facts) for path in paths_of(self.policy.needs())}
        fields |= {"IsClosed": facts.get("case.isclosed", False), "CreatedDate": NOW - age, "CaseNumber": NUMBER}
        owner = USER if facts.get("owner is a user") else QUEUE
        return Case("500000000000001AAA", NUMBER, owner, None, None, NOW - age, fields=fields)


def value_at(path: str, facts: Facts) -> Any:
    """The value of a policy's path: of a look-up by name, or of the field itself."""
    low = path.lower()
    if (named := NAMED.get(low, "")) in facts:
        return facts[named]
    return facts.get(low if low.startswith(("account.", "contact.", "recordtype.")) else f"case.{low}")


def pairs_of(paths: list[Path], out: Path) -> tuple[Imported, list[Pair]]:
    """The import of these files, and each rule with the policy that it became."""
    found = import_rules([(path, str(path)) for path in paths], out)
    elements = {
        (str(path), number): one for path in paths for number, one in enumerate(rules_in(Xml.parse(path).getroot()))
    }
    pairs = []
    for file in found.files:
        for number, rule in enumerate(file.rules):
            if rule.path and (file.file, number) in elements:
                [policy] = load_policies([out / rule.path]).policies
                pairs.append(Pair(kids(elements[file.file, number], "ruleEntry"), rule, policy))
    return found, pairs


def rules_in(root: Xml.Element) -> list[Xml.Element]:
    return [*kids(root, "escalationRule"), *kids(root, "assignmentRule")]


def values_in(entries: list[Xml.Element]) -> dict[str, list[Any]]:
    """Values that make a difference, by native field."""
    found: dict[str, list[Any]] = {}
    for entry in entries:
        for item in kids(entry, "criteriaItems"):
            found.setdefault(said(item, "field").lower(), []).extend(values_of(item))
        formula = said(entry, "formula")
        texts = [one[1:-1] for one in re.findall(r"\"[^\"]*\"|'[^']*'", formula)]
        for path in re.findall(r"[A-Za-z_][\w.]*", re.sub(r"\"[^\"]*\"|'[^']*'", "", formula)):
            low = path.lower()
            found.setdefault(low if "." in low else f"case.{low}", []).extend(texts)
    return found


def values_of(item: Xml.Element) -> list[Any]:
    texts, operation = [one.strip(' "') for one in said(item, "value").split(",")], said(item, "operation")
    if operation.startswith(("less", "greater")):
        return [place for text in texts for place in around(text)]
    if operation in ("includes", "excludes"):
        return [frozenset(some) for text in texts for some in (text.split(";"), [text], [*texts, "other"])]
    return list(sides(texts))


def around(text: str) -> list[Any]:
    """The limit and what lies beside it."""
    if not re.fullmatch(r"-?\d+(\.\d+)?", text):
        day = date.fromisoformat(text)
        return [day, day - timedelta(days=1), day + timedelta(days=1)]
    return [float(text), float(text) - 1, float(text) + 1]


def sides(texts: list[str]) -> Iterator[Any]:
    for text in texts:
        if text.lower() in ("true", "false"):
            yield from (True, False)
        else:
            yield from (text, text.upper(), f"a {text} b", f" {text} ")


def drawn(entries: list[Xml.Element], values: Mapping[str, list[Any]], chance: random.Random) -> dict[str, Any]:
    """The facts of one case, mostly such as one of the entries asks for; a checkbox is never empty."""
    facts: dict[str, Any] = {"owner is a user": chance.random() < 0.5}
    for field, some in values.items():
        checkbox = any(isinstance(one, bool) for one in some)
        typed = checkbox or any(not isinstance(one, str) for one in some)
        facts[field] = chance.choice([*some, *([] if checkbox else [None]), *([] if typed else ["", "other"])])
    for item in kids(chance.choice(entries), "criteriaItems") if entries else ():
        if said(item, "operation") != "notEqual" and chance.random() < 0.9:
            facts[said(item, "field").lower()] = chance.choice(values_of(item))
    facts["case.casenumber"] = NUMBER
    return facts | same_record_type(facts)


def same_record_type(facts: Facts) -> dict[str, Any]:
    """One name, however a criterion or a formula writes it."""
    names = ("case.recordtypeid", "recordtype.name")
    return dict.fromkeys(names, next((facts[name] for name in names if name in facts), None))


def shown(pair: Pair, facts: Facts) -> str:
    return json.dumps({"rule": pair.made.rule, "facts": {key: str(one) for key, one in facts.items()}}, indent=1)
