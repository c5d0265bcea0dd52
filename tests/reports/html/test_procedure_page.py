"""The procedure page: every shipped policy in words, without a word of its file's language."""

import re
from pathlib import Path

import pytest

from sfdc_escalator.escalation.conditions.tree import leaves, sentence_of
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.files.policies import load_policies
from sfdc_escalator.reports.html.procedure.procedure_page import procedure_html
from tests.channels.hostile import TEXTS
from tests.kind_examples import CONDITIONS
from tests.reports.html.checks import assert_page, elements, text_of

ROOT = Path(__file__).parents[3]
SHIPPED = [
    *sorted((ROOT / "sfdc_escalator/files/first_hour/procedures").glob("*.yaml")),
    ROOT / "sfdc_escalator/sample/policies/member-support.yaml",
    ROOT / "config/policies/member-support.yaml",
]
YAML = re.compile(
    r"\b(?:at_least|at_most|more_than|in_queue|member_of|after_due|before_due|is_empty|contains_any|word_of|__c)\b"
    r"|__c|\{|\}|frozenset|timedelta|Table\("
)


def loaded(path: Path) -> Policy:
    return load_policies([path]).policies[0]


def policy_of(folder: Path, text: str) -> Policy:
    path = folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return loaded(path)


def body(html: str) -> str:
    [main] = elements(html, "main")
    return text_of(main)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_shipped_policy_has_a_page_in_words(path: Path) -> None:
    policy = loaded(path)
    html = procedure_html(policy)
    assert_page(html)
    words = body(html)
    assert YAML.findall(words) == []
    assert [route.reason for route in policy.routes if route.reason not in words] == []
    assert policy.digest in html
    assert words.count("What happens when nobody acts") == sum(bool(route.ladder) for route in policy.routes)
    assert len(elements(html, "details")) == len(policy.examples)
    assert len(html) < 40_000


def test_the_routes_come_in_the_order_of_the_file_the_most_serious_first() -> None:
    html = procedure_html(loaded(SHIPPED[-1]))
    assert [text_of(one) for one in elements(html, "h3") if text_of(one)[0].isdigit()] == [
        "1. Health safety legal", "2. Supervisor request", "3. Repeated rma", "4. Billing flagged",
        "5. Waiting too long",
    ]  # fmt: skip


POLICY = """
policy: tiers
description: Tiers of support.
calendars: {support: {timezone: America/New_York, open: {mon-fri: "08:00-18:00"}}}
priorities: [Low, High, Critical]
channels: {bell: salesforce, desk: slack}
teams:
  engineering: {queue: Tier_3_Critical, tell: [bell, desk], calendar: support, facts: {speed_dial: "237"}}
  it: {queue: Tier_2, tell: [bell]}
owner: {accountable: engineering, review_every: 90d}
notices: {opens_with: ESCALATION, quiet: {from: "20:00", to: "08:00"}, cap: {most: 6, within: 15m}}
tables: {decision: {by: [Type, Account.Rating], rows: [[Outage, Hot, Critical]], else: Low}}
hold_while: [{field: Status, is: Waiting on Legal}]
defaults:
  note:
    parts:
      steps_taken: {from: [Steps_Taken__c, comments.agent], last: 5}
      offers: {from: [Offers__c], if_missing: hold}
      help_needed: {from: [route.help_needed]}
routes:
  - name: severe
    reason: It is severe.
    when:
      - {table: decision, is: Critical}
      - any: [{text: Subject, mentions: speak|talk to, ignoring: small talk}, {age: CreatedDate, at_least: 26h}]
    unless: {field: Type, is: Question}
    warn: {before: 1h, tell: [{person: Owner}]}
    escalate: {note: {help_needed: Lead the fix.}, queue: engineering, priority: {table: decision}}
    notify: {now: [{team: engineering, urgent: true}], digest: [it]}
    notify_when: {closed: [{person: CreatedBy}]}
    never: {queue: [it]}
    due: 24h
    ladder:
      - {after: 30m, calendar: support, notify: [{person: Owner.Manager}], until: acknowledged}
      - name: late
        after_due: 0m
        escalate: {note: {help_needed: Now.}, priority: Critical}
        repeat: {every: 4h, at_most: 3}
        until: closed
  - {name: only-said, reason: A word., when: {field: Origin, is: Web}, escalate: none, notify: [it]}
examples:
  - {case: {Type: Outage, Account.Rating: Hot}, age: 30h, expect: severe, priority: Critical}
  - {case: {Type: Question}, expect: none}
"""


SAID = (
    "EngineeringSpeed dial: 237 Tier 3 Critical the bell in Salesforce, Slack support",
    "Mon–Fri 08:00–18:00 America/New_York",
    "Engineering is accountable for this procedure and reviews it every 90 days.",
    "Every message begins with “ESCALATION”.",
    "From 20:00 to 08:00, by the clock of the person, only urgent messages are sent.",
    "One recipient gets at most 6 messages within 15 minutes",
    "No case is escalated while the Status is “Waiting on Legal”",
    "the table “decision” gives “Critical” for the Type and the Rating of the Account",
    "the Subject mentions one of these: speak/talk to These do not count: small talk",
    "the case was created at least 26 hours ago",
    "the Type is not “Question”",
    "leave a hand-off note on the case that asks: “Lead the fix.”",
    "hand the case to Engineering (queue Tier 3 Critical)",
    "raise the priority to the value that the table “decision” gives",
    "Due within 24 hours",
    "Notified Engineering (urgent) at once; IT in the digest",
    "1 hour before the case would be escalated, a warning goes to the owner.",
    "When the case is closed, a message goes to the person who made the case.",
    "30 minutes after the start, counted in the opening hours “support” Notified: the manager of the owner. "
    "Until somebody acts on the case.",
    "When it is due, again every 4 hours, 3 more times Late Leave a hand-off note on the case that asks: “Now.” and "
    "raise the priority to “Critical”.",
    "The queue is never IT.",
    "we only notify people; the case stays as it is.",
    "Outage Hot Critical anything else Low",
    "Steps taken the Steps Taken, else comments of an agent, the last 5 the note says that it is missing",
    "the case waits until a person adds it",
    "Only colleagues see the note; the customer does not.",
    "over 200 cases of one route in a run, or over 30% of the open cases",
    "The Type is “Outage”, the Rating of the Account is “Hot” and the case is 30 hours old.Yes, by Severe. "
    "After the steps its priority is “Critical”.",
    "The Type is “Question”.No.",
)


def test_the_page_says_everything_in_words(tmp_path: Path) -> None:
    html = procedure_html(policy_of(tmp_path, POLICY))
    said = re.sub(r"<(?!/?(?:b|i|summary|p|small)\b)[^>]*>|</small>", " ", html)
    said = " ".join(re.sub(r"<[^>]*>", "", said).split())
    assert [words for words in SAID if words not in said] == []


@pytest.mark.parametrize("example", CONDITIONS)
def test_each_kind_of_condition_is_a_clause_of_plain_english_as_is_its_opposite(example: str) -> None:
    condition = CONDITIONS[example]
    yes, no = sentence_of(condition), sentence_of(condition, holds=False)
    assert yes != no
    for text in (yes, no):
        assert text == text.strip() != ""
        assert not YAML.search(text)
        assert text[0].islower() or text.startswith("Salesforce")
    assert all(leaf.clause().text for leaf in leaves(condition))


@pytest.mark.parametrize(
    "name", [name for name, text in TEXTS.items() if text.isprintable() and len(text) < 500 and "{{" not in text]
)
def test_a_hostile_text_in_a_policy_is_shown_as_text(name: str, tmp_path: Path) -> None:
    text = TEXTS[name].replace("'", "''")
    html = procedure_html(policy_of(tmp_path, f"""
policy: p
description: '{text}'
routes: [{{name: r, reason: '{text}', when: {{field: Subject, is: '{text}'}}, escalate: {{status: '{text[:200]}'}}}}]
"""))  # fmt: skip
    assert_page(html)
    assert " ".join(TEXTS[name].split())[:30] in body(html)
