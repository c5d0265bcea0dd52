"""Words that phones, word processors and mail programs write in their own way, over real HTTP."""

from typing import Any

import pytest

from tests.stories.world import Row, World

POLICY = """
policy: support
teams: {leads: {queue: Leads}}
words: {angry: ["won't accept", réclamation, lawyer]}
routes:
  - name: angry
    reason: The words are angry.
    when: [{text: [Subject, Description, comments], mentions: words.angry, ignoring: "isn't my lawyer"}]
    scan: true
    escalate: {queue: leads}
"""
GROUPS = [{"Type": "Queue", "DeveloperName": "Leads", "Name": "Leads"}]
SPELLINGS = [
    "I won\u2019t accept this",
    "une re\u0301clamation",
    "my law\u00adyer",
    "my la\u200dwyer",
    "ｌａｗｙｅｒ",
    "I won\u00b4t\u00a0accept",
    "won't\u200baccept",
]
CREATED = "2026-03-02T12:00:00Z"


def case(number: int, **more: str) -> Row:
    row = {"CaseNumber": f"{number:08}", "Subject": "Hello", "Status": "New", "Priority": "High"}
    return {**row, "CreatedDate": CREATED, "LastModifiedDate": CREATED, **more}


def planned(world: World, policy: str, **objects: Any) -> int:
    world.policy(policy)
    world.org(Group=GROUPS, **objects)
    answer = world.run("--dry-run", "--backlog", "escalate")
    assert answer.code == 0, answer.err
    found: int = answer.json["matched"]
    return found


@pytest.mark.parametrize("field", ["Subject", "Description"])
def test_words_are_found_in_every_spelling(world: World, field: str) -> None:
    rows = [case(number, **{field: text}) for number, text in enumerate(SPELLINGS, 1)]
    others = [case(90, **{field: "we won&#39;t"}), case(91, **{field: "This isn\u2019t my law\u00adyer"})]
    assert planned(world, POLICY, Case=[*rows, *others]) == len(SPELLINGS)


def test_words_of_a_comment_are_found_in_every_spelling(world: World) -> None:
    rows = [case(number) for number, _ in enumerate(SPELLINGS, 1)]
    ann = {"Username": "ann@support.example", "LastName": "Ann"}
    said = [
        {"ParentId": f"{number:08}", "CommentBody": text, "CreatedById": "ann@support.example"}
        for number, text in enumerate(SPELLINGS, 1)
    ]
    assert planned(world, POLICY, Case=rows, CaseComment=said, User=[ann]) == len(SPELLINGS)


def test_a_phrase_pasted_from_a_slide_finds_what_people_type(world: World) -> None:
    pasted = POLICY.replace("won't accept", "won\u2019t\u00a0ac\u00adcept").replace("réclamation", "re\u0301clamation")
    rows = [case(1, Subject="I won't accept it"), case(2, Subject="RÉCLAMATION"), case(3, Subject="accept")]
    assert planned(world, pasted, Case=rows) == 2


@pytest.mark.parametrize("text", SPELLINGS)
def test_examples_are_judged_in_every_spelling(world: World, text: str) -> None:
    world.policy(POLICY + f'examples:\n  - {{case: {{Subject: "{text}"}}, expect: angry}}\n')
    checked = world.type("validate")
    assert checked.code == 0, checked.out + checked.err


@pytest.mark.parametrize("text", SPELLINGS)
def test_a_case_in_another_spelling_is_an_example_with_the_same_result(world: World, text: str) -> None:
    world.policy(POLICY)
    world.org(Group=GROUPS, Case=[case(1, Subject=f"Ann Smith: {text}")])
    page = world.type("explain", "1", "--as-example").out
    assert "expect: angry" in page
    assert "Smith" not in page
    world.policy(POLICY + "examples:\n" + page.split("\n", 1)[1])
    assert world.type("validate").code == 0


def test_explain_shows_the_words_as_they_were_written(world: World) -> None:
    world.policy(POLICY)
    world.org(Group=GROUPS, Case=[case(1, Subject="So I WON\u2019T   Accept it")])
    assert 'Subject says "WON\u2019T Accept"' in world.type("explain", "1").out


@pytest.mark.parametrize("signs", ["'", "\u2019", "\u02bc", "`"])
@pytest.mark.parametrize("when", ['starts_with: "won%st"', 'contains_any: ["won%st", "re-sign"]'])
def test_parts_of_a_field_are_found_with_every_apostrophe_and_hyphen(world: World, when: str, signs: str) -> None:
    policy = (
        POLICY.split("words:")[0]
        + "routes: [{name: a, reason: x, when: {field: Subject, %s}, escalate: {queue: leads}}]"
    )
    rows = [case(1, Subject="Won\u2019t work"), case(2, Subject="won't work"), case(3, Subject="wont work")]
    assert planned(world, policy % (when.replace("%s", signs)), Case=rows) == 2
