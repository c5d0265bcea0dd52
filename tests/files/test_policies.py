"""A policy file becomes the policy's value, every default filled in."""

from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from sfdc_escalator.escalation.conditions.kinds.age import Age
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.left import Left
from sfdc_escalator.escalation.conditions.kinds.text import Text
from sfdc_escalator.escalation.conditions.tables import Row, Table
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not
from sfdc_escalator.escalation.policy.escalate import Escalate, NotePart, NoteSpec
from sfdc_escalator.escalation.policy.policy import DEFAULT_PRIORITIES, Guards, Policy, Route
from sfdc_escalator.escalation.policy.team import Team
from sfdc_escalator.files.policies import load_policies
from sfdc_escalator.files.templates.template_files import load_template
from sfdc_escalator.files.templates.templates import built_in

RICH = """\
policy: member-support
description: >
  Escalation routes.
scope:
  - {field: IsClosed, is: false}
  - {field: RecordType.DeveloperName, in: [Member_Case, Customer_Case]}
priorities: [Low, High, Urgent]
teams:
  supervisors: {queue: Support_Supervisors}
  readers: {}
words:
  wants: ["speak|talk to a supervisor", escalate this]
  legal: legal notice
defaults:
  note:
    template: notes/hand-off.md.j2
    visibility: published
    parts:
      reason: {from: [route.reason, findings]}
      steps_taken: {from: [Steps_Taken__c, comments.agent], last: 5, if_missing: "None recorded."}
      help_needed: {from: route.help_needed, if_missing: hold}
  status: Open
  fields: together
routes:
  - name: supervisor-request
    formerly: [manager-request]
    reason: The customer asked for a supervisor.
    when:
      any:
        - {text: [Subject, comments], mentions: [words.wants, "manager"], ignoring: words.legal}
        - {field: Supervisor_Requested__c, is: true}
    unless: {field: OwnerId, in: [005Hs00000ABCDE, 005Hs00000ABCDEIA5, nobody]}
    scan: true
    escalate:
      note: {help_needed: Speak with the customer right away.}
      queue: supervisors
      priority: Urgent
    bypass_guards: true
  - name: waiting
    reason: Nobody answered.
    when:
      - {age: CreatedDate, at_least: 4h, less_than: 2w}
      - {field: Amount__c, at_most: 99.5, more_than: 10}
      - {not: [{field: Opened__c, less_than: 2026-01-31}, {field: Country__c, is: NO}]}
    unless:
      - {field: Code__c, is: "007"}
      - {all: [{field: Vip__c, is_empty: true}, {field: Products__c, contains_any: [Bike, Row]}]}
    escalate:
      note: {help_needed: Answer., visibility: internal, parts: {todo: {from: route.help_needed}}}
      status: Escalated
guards: {max_cases: 7, max_share_of_open: 12.5%}
"""


def test_a_rich_policy_becomes_exactly_this_value(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "hand-off.md.j2").write_text("{{ case.Account.Name }}: {{ route.help_needed }}")
    path = tmp_path / "policies" / "support.yaml"
    policy = load(path, RICH)
    template = load_template(path, "notes/hand-off.md.j2").source
    closed = (Field("IsClosed", "is", False), Field("RecordType.DeveloperName", "in", ("Member_Case", "Customer_Case")))
    wants = ((("speak", "talk"), ("to",), ("a",), ("supervisor",)), (("escalate",), ("this",)), (("manager",),))
    text = Text(("Subject", "comments"), wants, ((("legal",), ("notice",)),))
    ids = ("005Hs00000ABCDEIA5", "005Hs00000ABCDEIA5", "nobody")
    request = Route(
        name="supervisor-request",
        reason="The customer asked for a supervisor.",
        when=All((AnyOf((text, Field("Supervisor_Requested__c", "is", True))), Not(Field("OwnerId", "in", ids)))),
        escalate=Escalate(
            note=NoteSpec(
                template=template,
                parts=(
                    NotePart("reason", ("route.reason", "findings")),
                    NotePart("steps_taken", ("Steps_Taken__c", "comments.agent"), "None recorded.", 5),
                    NotePart("help_needed", ("route.help_needed",), "hold"),
                ),
                texts={"help_needed": "Speak with the customer right away."},
                visibility="published",
                template_paths=frozenset({"Account.Name"}),
            ),
            steps={"queue": Team("supervisors", "Support_Supervisors"), "status": "Open", "priority": "Urgent"},
        ),
        formerly=("manager-request",),
        scan=True,
        bypass_guards=True,
    )
    age = All(
        (
            Age("at_least", timedelta(hours=4), path="CreatedDate"),
            Age("less_than", timedelta(weeks=2), path="CreatedDate"),
        )
    )
    amount = All((Field("Amount__c", "at_most", 99.5), Field("Amount__c", "more_than", 10)))
    dated = Not(All((Field("Opened__c", "less_than", "2026-01-31"), Field("Country__c", "is", "NO"))))
    vip = All((Field("Vip__c", "is_empty", True), Field("Products__c", "contains_any", ("Bike", "Row"))))
    waiting = Route(
        name="waiting",
        reason="Nobody answered.",
        when=All((age, amount, dated, Not(AnyOf((Field("Code__c", "is", "007"), vip))))),
        escalate=Escalate(
            note=NoteSpec(
                template=template,
                parts=(NotePart("todo", ("route.help_needed",)),),
                texts={"help_needed": "Answer."},
                template_paths=frozenset({"Account.Name"}),
            ),
            steps={"status": "Escalated"},
        ),
    )
    assert policy == Policy(
        name="member-support",
        description="Escalation routes.",
        file=str(path),
        digest=policy.digest,
        scope=closed,
        priorities=("Low", "High", "Urgent"),
        routes=(request, waiting),
        guards=Guards(max_cases=7, max_share_of_open=Fraction(1, 8)),
        together=True,
    )


MINIMAL = (
    "policy: a\nroutes: [{name: r, reason: Why., when: {field: A, is: 1}, escalate: {note: {help_needed: Do it.}}}]\n"
)


def steps(policy: Policy) -> Escalate:
    found = policy.routes[0].escalate
    assert found is not None
    return found


def test_whatever_is_not_said_has_its_default(tmp_path: Path) -> None:
    policy = load(tmp_path / "a.yaml", MINIMAL)
    note = steps(policy).note
    assert (policy.description, policy.scope, policy.priorities) == ("", (), DEFAULT_PRIORITIES)
    assert (policy.guards, policy.together) == (Guards(), False)
    assert policy.routes[0].escalate == Escalate(note, {})
    assert (note.template, note.visibility) == (built_in().source, "internal")


def test_without_parts_the_note_says_why_and_every_text_of_the_route(tmp_path: Path) -> None:
    note = steps(load(tmp_path / "a.yaml", MINIMAL)).note
    sources = {part.name: part.sources for part in note.parts}
    assert sources == {"reason": ("route.reason",), "findings": ("findings",), "help_needed": ("route.help_needed",)}
    assert note.texts == {"help_needed": "Do it."}
    assert note.template_paths == {"CaseNumber"}


@pytest.mark.parametrize(
    ("said", "if_missing"),
    [("", "hold"), ("if_missing: say_so, ", "say_so"), ("if_missing: Ask them for it., ", "Ask them for it.")],
)
def test_what_a_note_requires_holds_the_case_unless_it_says_otherwise(
    tmp_path: Path, said: str, if_missing: str
) -> None:
    note = f"{{requires: [why, Steps_Taken__c], {said}parts: {{why: {{from: Reason}}, who: {{from: Owner.Name}}}}}}"
    text = f"policy: p\ndefaults: {{note: {note}}}\n"
    text += "routes: [{name: a, reason: x, when: {field: A, is: 1}, escalate: {}}]\n"
    escalate = load(tmp_path / "policy.yaml", text).routes[0].escalate
    assert escalate is not None
    found = [(part.name, part.sources, part.if_missing) for part in escalate.note.parts]
    assert found == [
        ("why", ("Reason",), if_missing),
        ("who", ("Owner.Name",), "say_so"),
        ("steps_taken", ("Steps_Taken__c",), if_missing),
    ]


def test_yes_no_and_dates_are_texts_as_in_yaml_1_2_and_only_true_and_false_are_booleans(tmp_path: Path) -> None:
    values: dict[str, str | int | bool] = {
        "yes": "yes",
        "off": "off",
        "NO": "NO",
        "2026-01-31": "2026-01-31",
        "true": True,
        "12": 12,
        "1_0": "1_0",
    }
    for said, value in values.items():
        route = load(tmp_path / "a.yaml", MINIMAL.replace("is: 1", f"is: {said}")).routes[0]
        assert route.when == Field("A", "is", value)


def test_time_left_may_be_asked_to_be_negative_and_to_come_out_of_a_table(tmp_path: Path) -> None:
    when = "{left: Due__c, at_most: -2h, more_than: {by: Type, values: {Hot: -4h}, else: 1d}}"
    found = load(tmp_path / "a.yaml", MINIMAL.replace("{field: A, is: 1}", when)).routes[0].when
    limit = Table("", ("Type",), (Row(("Hot",), timedelta(hours=-4)),), timedelta(days=1))
    assert found == All((Left("at_most", timedelta(hours=-2), path="Due__c"), Left("more_than", limit, path="Due__c")))


def test_a_quick_text_may_come_out_of_a_table_and_bears_the_name_of_its_route(tmp_path: Path) -> None:
    text = MINIMAL + 'defaults: {note: {quick_text: {by: Type, values: {Hot: "HIP {route}"}, else: Escalations}}}\n'
    escalate = load(tmp_path / "a.yaml", text).routes[0].escalate
    assert escalate
    assert escalate.note.quick_texts == (Table("", ("Type",), (Row(("Hot",), "HIP r"),), "Escalations"),)


def test_comments_layout_and_place_do_not_change_the_digest(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    first = load(tmp_path / "a.yaml", MINIMAL).digest
    block = "# note\nroutes:\n- name: r\n  reason: 'Why.'\n  when: {field: A, is: 1}\n  escalate:\n    note:\n"
    assert load(tmp_path / "b" / "b.yaml", block + "      help_needed: Do it.\npolicy: a\n").digest == first


def test_every_change_of_what_is_said_changes_the_digest(tmp_path: Path) -> None:
    parts = "defaults: {note: {template: t.j2, parts: {x: {from: route.help_needed}, y: {from: findings}}}}\n"
    swapped = "defaults: {note: {template: t.j2, parts: {y: {from: findings}, x: {from: route.help_needed}}}}\n"
    (tmp_path / "t.j2").write_text("one")
    texts = [
        MINIMAL,
        MINIMAL.replace("is: 1", "is: '1'"),
        MINIMAL.replace("Why", "Who"),
        MINIMAL + parts,
        MINIMAL + swapped,
    ]
    digests = [load(tmp_path / "a.yaml", text).digest for text in texts]
    (tmp_path / "t.j2").write_text("two")
    digests.append(load(tmp_path / "a.yaml", MINIMAL + parts).digest)
    assert len(set(digests)) == len(digests)
    assert all(len(digest) == 64 for digest in digests)


def test_policies_keep_the_order_of_their_files(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("z.yaml", "a.yaml", "m.yaml")]
    for path in paths:
        path.write_text(MINIMAL.replace("policy: a", f"policy: {path.stem}"))
    assert [policy.name for policy in load_policies(paths).policies] == ["z", "a", "m"]


def load(path: Path, text: str) -> Policy:
    path.write_text(text)
    loaded = load_policies([path])
    assert loaded.warnings == ()
    return loaded.policies[0]


TABLED = """\
policy: support
tables: {texts: {by: Risk__c, values: {High: "HIP {route} high"}, else: HIP}}
routes:
  - name: late
    reason: x
    when: {left: Target__c, at_most: {by: Priority, values: {High: 4h}, else: 1h}}
    escalate: {note: {quick_text: [{table: texts}, Escalations]}}
"""


def test_a_table_may_give_the_quick_text_and_the_time_that_is_left(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(TABLED)
    (policy,) = load_policies([path]).policies
    (route,) = policy.routes
    assert route.when == Left(
        "at_most", Table("", ("Priority",), (Row(("High",), timedelta(hours=4)),), timedelta(hours=1)), path="Target__c"
    )
    assert route.escalate is not None
    texts = Table("texts", ("Risk__c",), (Row(("High",), "HIP late high"),), "HIP")
    assert route.escalate.note.quick_texts == (texts, "Escalations")
    assert {"Risk__c", "Target__c", "Priority"} <= policy.needs()
