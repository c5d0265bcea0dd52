"""The content of a notice about a case: the parts and fields that must be said, what is needed, links, due time."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sfdc_escalator.escalation.conditions.speech.messages import need_of
from sfdc_escalator.escalation.ladder.times import team_of
from sfdc_escalator.escalation.note.note import Renderer, context
from sfdc_escalator.escalation.note.note_text import harmless, text_of
from sfdc_escalator.escalation.note.parts import Part, Seen, fill, known
from sfdc_escalator.escalation.note.quick_texts import filled_sentence
from sfdc_escalator.escalation.notices.message import Link
from sfdc_escalator.escalation.notices.notice import Subject
from sfdc_escalator.escalation.notices.wording import Said, label_of
from sfdc_escalator.escalation.policy.escalate import NoteSpec, Template
from sfdc_escalator.escalation.policy.ladder import Rung
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.policy.telling import NoticeRules
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.needs import Need

NO_NOTE = NoteSpec(Template("", ""), (), {})
HELP_NEEDED = "help_needed"
WEB_ADDRESS = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9.-]*(:\d{1,5})?([/?#][!-~]*)?(?<![\"'<>`|\\^{}])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Occasion:
    """The case, route and rung of a notice, with what was found. `late_by` are seconds."""

    policy: Policy
    route: Route
    case: Case
    rung: Rung | None = None
    reason: str = ""
    findings: tuple[str, ...] = ()
    due: datetime | None = None
    due_text: str = ""
    late_by: int = 0
    more: tuple[tuple[str, str], ...] = ()

    @property
    def spec(self) -> NoteSpec:
        """The note of the rung, else of the route; an empty one where it writes none."""
        steps = self.rung.escalate if self.rung else None
        steps = steps or self.route.escalate
        return steps.note if steps else NO_NOTE

    @property
    def needs(self) -> frozenset[Need]:
        """The facts of the case that its words read, those of a policy's template among them."""
        rules, parts = self.policy.notices, self.spec.parts
        said = [part for part in parts if rules.template or part.name in rules.must_say]
        sources = {source for part in said for source in part.sources}
        own = {source for source in sources if source == "findings" or source.startswith("route.")}
        other = {*rules.paths, *rules.must_say} - {part.name for part in parts} - {"reason"}
        return frozenset(need_of(source) for source in (sources - own) | other)

    @property
    def seen(self) -> Seen:
        whole = {path: text_of(value) for path, value in known(self.case).items()}
        return Seen(self.route, self.spec, self.case, whole, tuple(map(harmless, self.findings)))

    def on(self, cases: Mapping[str, Case]) -> "Occasion":
        """The same with its case as these have it."""
        return replace(self, case=cases.get(self.case.id, self.case))


def said(occasion: Occasion, subject: Subject, instance_url: str, now: datetime, render: Renderer) -> Said:
    """Everything that the notice says. A template that fails says why, in place of its text."""
    rules = occasion.policy.notices
    if not subject.case_id:
        return Said(subject, opens_with=rules.opens_with, reason=occasion.reason)
    seen = occasion.seen
    parts = {part.name: filled for part in seen.spec.parts if isinstance(filled := fill(part, seen), Part)}
    return Said(
        subject,
        opens_with=rules.opens_with,
        reason=occasion.reason,
        needed=needed(occasion, seen),
        must_say={name: must_be_said(name, occasion, seen, parts) for name in rules.must_say},
        due=occasion.due,
        due_text=occasion.due_text,
        late_by=occasion.late_by,
        more=(*occasion.more, *team_facts(occasion), *(("Found", one) for one in seen.findings)),
        links=tuple(links(rules, seen.whole)),
        case_url=f"{instance_url}/lightning/r/Case/{occasion.case.id}/view" if instance_url else "",
        body=body(rules, occasion, seen, parts, now, render),
    )


def must_be_said(name: str, occasion: Occasion, seen: Seen, parts: Mapping[str, Part]) -> str:
    if name in parts:
        return parts[name].text
    if name == "reason":
        return occasion.reason
    return next((text for path, text in seen.whole.items() if path.lower() == name.lower()), "")


def needed(occasion: Occasion, seen: Seen) -> str:
    """The words of the rung or the route about what to do."""
    own = occasion.rung.say if occasion.rung else ""
    said = own or occasion.route.say
    return filled_sentence(said, seen.whole) or said or seen.texts.get(HELP_NEEDED, "")


def links(rules: NoticeRules, whole: Mapping[str, str]) -> Iterator[Link]:
    """The values of the link fields that are http(s) addresses."""
    for path in rules.links:
        value = next((text for one, text in whole.items() if one.lower() == path.lower()), "").strip()
        if WEB_ADDRESS.fullmatch(value):
            yield Link(label_of(path), value)


def team_facts(occasion: Occasion) -> Iterator[tuple[str, str]]:
    """The facts about the team that is to act."""
    team = occasion.policy.teams.get(team_of(occasion.route, occasion.case))
    yield from (team.facts.items() if team else ())


def body(
    rules: NoticeRules, occasion: Occasion, seen: Seen, parts: Mapping[str, Part], now: datetime, render: Renderer
) -> str:
    if rules.template is None:
        return ""
    facts = context(occasion.policy, seen, list(parts.values()), now, occasion.due_text)
    try:
        return render(rules.template, {**facts, "reason": occasion.reason})
    except ValueError as error:
        return f"(The template of this notice failed: {error})"
