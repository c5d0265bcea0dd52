"""What is wrong with a policy is said once, at its line and column, in plain words."""

from pathlib import Path
from typing import NamedTuple

import pytest

from sfdc_escalator.errors import Invalid, Problem
from sfdc_escalator.files.policies import check_policies, load_policies, read_policies

TOP = """\
policy: support
teams:
  seniors: {queue: Seniors}
  readers: {}
words: {angry: [furious]}
"""
ROUTE = "routes:\n  - {name: late, reason: Late., escalate: {}, when: %s}\n"
KINDS = "one of field, age, left, idle, in_state, related, milestone, text, owner, spoke, table, soql, any, all, not"
SPOKEN = "comments, comments.agent, comments.customer, emails, emails.agent, emails.customer"
LIMITS = "one or more of at_least, at_most, more_than, less_than"
NO_TABLE = "a table that `tables` declares"
TABLE_FORM = "`by`, and one of `rows` and `values`"
DURATION = "a whole number and a unit: 15m, 4h, 2d (48 hours), 2w"
OPERATORS = (
    "is, is_not, in, not_in, at_least, at_most, more_than, less_than, starts_with, contains_any, matches, is_empty"
)
BOUNDARY = "a number, a date (2026-01-31) or a time with its zone (2026-01-31T09:00:00Z)"


class Bad(NamedTuple):
    """A piece of a policy, and the problem it has; the column counts from the piece's first character."""

    text: str
    column: int
    message: str
    found: str | None = None
    expected: str | None = None
    nearest: str | None = None


CONDITIONS = [
    Bad("hot", 1, "a condition is a mapping", "hot", f"a mapping that starts with {KINDS}"),
    Bad("[]", 1, "`when` is empty", "an empty list", "one entry or more"),
    Bad("{}", 1, "a condition is a mapping", "an empty mapping", f"a mapping that starts with {KINDS}"),
    Bad("{feild: A, is: 1}", 2, "unknown kind of condition `feild`", "feild", KINDS, "field"),
    Bad(
        "{is: 1, field: A}",
        2,
        "a condition's first key is its kind: put `field` first",
        "is",
        "`field` first",
    ),
    Bad("{and: [{field: A, is: 1}]}", 2, "unknown kind of condition `and`", "and", KINDS, "all"),
    Bad("{Status: New}", 2, "unknown kind of condition `Status`", "Status", KINDS, "{field: Status, is: New}"),
    Bad("{age: 4h}", 7, "`4h` is not a field", "4h", "a field; the time is a limit beside it, such as `at_least: 4h`"),
    Bad("{idle: customer}", 1, "the condition has no limit", "`idle` alone", LIMITS),
    Bad(
        "{idle: custmer, at_least: 1h}",
        8,
        "`idle` cannot be `custmer`",
        "custmer",
        "one of customer, agent, anyone",
        "customer",
    ),
    Bad("{soql: x}", 8, "`soql` compares nothing", "x", "an expression such as Amount__c > 100"),
    Bad('{soql: "A = \'x"}', 8, "quotes or parentheses do not match", "A = 'x", "each one closed"),
    Bad(
        "{soql: A = 1 LIMIT 5}",
        8,
        "`LIMIT` cannot be used in a filter",
        "A = 1 LIMIT 5",
        "an expression as behind WHERE, such as Amount__c > 100",
    ),
    Bad("{milestone: due}", 1, "`due` needs `within`", "due", "`within: 1h`"),
    Bad("{owner: in_queue}", 1, "`in_queue` needs `in`", "in_queue", "`in: [...]` with queues or teams"),
    Bad(
        "{related: Tasks, where: {text: Subject, mentions: x}}",
        18,
        "`text` cannot be used in `where`",
        "text",
        "one of field, age, any, all, not",
    ),
    Bad(
        "{age: CreatedDate, at_least: 4h, except_while: {idle: agent, at_least: 1h}}",
        34,
        "`idle` cannot be used in `except_while`",
        "idle",
        "one of field, any, all, not",
    ),
    Bad(
        "{field: A}",
        1,
        "the condition compares with nothing",
        "`field` alone",
        f"an operator: {OPERATORS}",
    ),
    Bad("{field: A, iss: 1}", 12, "unknown key `iss`", "iss", f"one of field, {OPERATORS}", "is"),
    Bad(
        "{field: A..B, is: 1}",
        9,
        "`A..B` is not a field path",
        "A..B",
        "API names with dots between them, such as Subject, Risk__c, Account.Type",
    ),
    Bad(
        "{field: Account, is: 1}",
        9,
        "`Account` is a record, not a field",
        "Account",
        "one of its fields, such as Account.Name",
    ),
    Bad("{field: comments, is: 1}", 9, "`comments` is not a field", "comments", "a field path; `text` reads comments"),
    Bad(
        "{field: A, is: null}",
        16,
        "an empty value is compared by `is_empty`",
        "nothing",
        "a value, or `is_empty: true`",
    ),
    Bad(
        "{field: A, is: ''}",
        16,
        "an empty value is compared by `is_empty`",
        "an empty text",
        "a value, or `is_empty: true`",
    ),
    Bad(
        "{field: A, is: [1]}",
        16,
        "one value is needed here",
        "a list",
        "one value; `in` and `not_in` take a list",
    ),
    Bad("{field: A, in: []}", 16, "`in` is empty", "an empty list", "one entry or more"),
    Bad("{field: A, in: x}", 16, "`in` must be a list", '"x"', "a list"),
    Bad(
        "{field: A, contains_any: [a;b]}",
        27,
        "`;` separates the values of a multi-picklist",
        "a;b",
        "a list: one value an entry",
    ),
    Bad("{field: A, starts_with: true}", 25, "true and false are not texts", "true", "a text"),
    Bad("{field: A, is_empty: yes}", 22, "`is_empty` must be true or false", '"yes"', "true or false", "true"),
    Bad("{field: A, at_least: '3'}", 22, "`at_least` has no order", '"3"', BOUNDARY),
    Bad("{field: A, at_least: true}", 22, "`at_least` has no order", "true", BOUNDARY),
    Bad(
        "{field: A, at_least: 4h}",
        22,
        "`at_least` has no order",
        '"4h"',
        f"{BOUNDARY}; a time since is asked by `age`",
    ),
    Bad("{field: A, at_least: 2026-01-31T09:00:00}", 22, "`at_least` has no order", '"2026-01-31T09:00:00"', BOUNDARY),
    Bad("{field: A, at_most: 2026-02-30}", 21, "`at_most` has no order", '"2026-02-30"', BOUNDARY),
    Bad(
        "{field: A, matches: '('}",
        21,
        "the pattern cannot be read: missing ), unterminated subpattern at position 0",
        "(",
        "a regular expression",
    ),
    Bad(
        "{field: A, is: {table: t}}",
        16,
        "unknown table `t`",
        "t",
        NO_TABLE,
    ),
    Bad("{age: CreatedDate, at_least: 4 hours}", 30, "`at_least` is not a duration", '"4 hours"', DURATION),
    Bad("{age: CreatedDate, at_least: 4}", 30, "`at_least` is not a duration", "4", DURATION),
    Bad(
        "{age: CreatedDate, at_least: 2 business days}",
        30,
        "business days need a calendar",
        "2 business days",
        "`calendar: ...` beside them",
    ),
    Bad(
        "{idle: agent, after_word_of: agent, at_least: 4h}",
        15,
        "the agent cannot wait for an answer of the same side",
        "agent",
        "`customer`",
    ),
    Bad("{age: CreatedDate, at_least: 900000w}", 30, "the duration is too long", "900000w", "10 years at most"),
    Bad(
        "{age: CreatedDate, at_least: {by: Priority, else: 2h}}",
        30,
        "the table is not complete",
        "by, else",
        TABLE_FORM,
    ),
    Bad(
        "{age: CreatedDate, at_least: 4h, calendar: c}",
        44,
        "unknown calendar `c`",
        "c",
        "a calendar that `calendars` declares",
    ),
    Bad(
        "{age: CreatedDate}",
        1,
        "the condition has no limit",
        "`age` alone",
        "one or more of at_least, at_most, more_than, less_than",
    ),
    Bad("{text: Subject}", 1, "`mentions` is missing", None, "`mentions:` in this mapping"),
    Bad(
        "{text: emails.custmer, mentions: x}",
        8,
        "unknown source `emails.custmer`",
        "emails.custmer",
        f"one of {SPOKEN}, or a field path",
        "emails.customer",
    ),
    Bad(
        "{text: Comments, mentions: x}",
        8,
        "unknown source `Comments`",
        "Comments",
        f"one of {SPOKEN}, or a field path",
        "comments",
    ),
    Bad(
        "{text: Subject, mentions: words.angri}",
        27,
        "unknown list of words `words.angri`",
        "words.angri",
        "words.angry",
        "words.angry",
    ),
    Bad(
        "{text: Subject, mentions: [ok, 'a||b']}",
        32,
        "an entry of `mentions` is not a phrase",
        "a||b",
        "words with spaces between them, `this|that` for either",
    ),
    Bad("{not: {any: [{field: A, is_empty: 0}]}}", 35, "`is_empty` must be true or false", "0", "true or false"),
]


@pytest.mark.parametrize("bad", CONDITIONS, ids=lambda bad: bad.text)
def test_a_wrong_condition_is_one_problem_at_its_place(bad: Bad, tmp_path: Path) -> None:
    before = len(ROUTE.splitlines()[1].partition("%s")[0])
    assert problems(tmp_path, TOP + ROUTE % bad.text) == [(7, before + bad.column, *bad[2:])]


TEMPLATE_PLACES = "a file in {folder} or {folder}/.."
LINES = [
    Bad("polcy: x", 1, "unknown key `polcy`", "polcy", None, "policy"),
    Bad("scope: []", 8, "`scope` is empty", "an empty list", "one entry or more"),
    Bad("priorities: High", 13, "`priorities` must be a list", '"High"', "a list"),
    Bad(
        "priorities: [High, high]",
        20,
        "the priority is given twice: `high`",
        "high",
        "each name once; the first is on line 6",
    ),
    Bad("description: 5", 14, "`description` must be a text", "5", "a text: put it in quotes"),
    Bad("description:", 13, "`description` must be a text", "nothing", "a text"),
    Bad("guards: {max_cases: 0}", 21, "`max_cases` is too small", "0", "1 or more"),
    Bad("guards: {max_cases: 2.5}", 21, "`max_cases` must be a whole number", "2.5", "a whole number"),
    Bad("guards: {share_from: -1}", 22, "`share_from` is too small", "-1", "0 or more"),
    Bad(
        "guards: {api_budget: 0.3}",
        22,
        "`api_budget` is not a share",
        "0.3",
        "a percentage above 0% and up to 100%, such as 30%",
    ),
    Bad(
        "guards: {max_share_of_open: 101%}",
        29,
        "`max_share_of_open` is not a share",
        "101%",
        "a percentage above 0% and up to 100%, such as 30%",
    ),
    Bad(
        "guards: {max_case: 5}",
        10,
        "unknown key `max_case`",
        "max_case",
        "one of max_cases, max_share_of_open, share_from, api_budget",
        "max_cases",
    ),
    Bad(
        "guards: {most_cases: 5}",
        10,
        "unknown key `most_cases`",
        "most_cases",
        "one of max_cases, max_share_of_open, share_from, api_budget",
        "max_cases",
    ),
    Bad(
        "guards: {most_share_of_open: 5%}",
        10,
        "unknown key `most_share_of_open`",
        "most_share_of_open",
        "one of max_cases, max_share_of_open, share_from, api_budget",
        "max_share_of_open",
    ),
    Bad(
        "defaults: {fields: seperate}",
        20,
        "`fields` cannot be `seperate`",
        "seperate",
        "one of separate, together",
        "separate",
    ),
    Bad(
        "defaults: {note: {visibility: public}}",
        31,
        "`visibility` cannot be `public`",
        "public",
        "one of internal, published",
        "published",
    ),
    Bad(
        "defaults: {note: {requires: [whi], parts: {why: {from: findings}}}}",
        30,
        "`requires` names no part of the note",
        "whi",
        "why, or a field path",
        "why",
    ),
    Bad(
        "defaults: {note: {parts: {Steps: {from: findings}}}}",
        27,
        "`Steps` cannot be a name here",
        "Steps",
        "lower-case letters, digits and `_`",
    ),
    Bad(
        "defaults: {note: {parts: {steps: {from: route.help}}}}",
        41,
        "unknown source `route.help`",
        "route.help",
        f"one of findings, {SPOKEN}, route.reason, or a field path",
    ),
    Bad(
        "defaults: {note: {parts: {steps: {from: comments.agents}}}}",
        41,
        "unknown source `comments.agents`",
        "comments.agents",
        f"one of findings, {SPOKEN}, route.reason, or a field path",
        "comments.agent",
    ),
    Bad(
        "defaults: {note: {parts: {steps: {from: findings, if_missing: holdd}}}}",
        63,
        "unknown choice `holdd`",
        "holdd",
        "one of say_so, tell_owner, hold, or a sentence",
        "hold",
    ),
    Bad("defaults: {note: {parts: {steps: {from: findings, last: 0}}}}", 57, "`last` is too small", "0", "1 or more"),
    Bad(
        "defaults: {note: {template: /etc/passwd}}",
        29,
        "the template lies outside the policy's folder",
        "/etc/passwd",
        "a path inside the policy's folder or its parent, without `..`",
    ),
    Bad(
        "defaults: {note: {template: ../note.j2}}",
        29,
        "the template lies outside the policy's folder",
        "../note.j2",
        "a path inside the policy's folder or its parent, without `..`",
    ),
    Bad(
        "defaults: {note: {template: policy.yml}}",
        29,
        "the template does not exist",
        "policy.yml",
        TEMPLATE_PLACES,
        "policy.yaml",
    ),
    Bad(
        "policy: again",
        1,
        "`policy` is given twice",
        "policy",
        "each key once; the first is on line 1",
    ),
    Bad("description: !!str 5", 14, "tags are not allowed", "tag:yaml.org,2002:str", "a plain value"),
    Bad("description: *x", 14, "the alias names no anchor above it", "*x"),
    Bad("words: {a: words.b}", 1, "`words` is given twice", "words", "each key once; the first is on line 5"),
    Bad(
        "guards: {max_cases: 99999999999999999999}",
        21,
        "the number is out of range",
        "99999999999999999999",
        "at most 18 digits, or quotes around it",
    ),
    Bad('description: "a\\0b"', 14, "the text has a control character in it", "U+0000", "text"),
    Bad("<<: {policy: b}", 1, "`<<` merges nothing in YAML 1.2", "<<", "the keys written out, or an alias as a value"),
    Bad("5: x", 1, "a key must be a text", "5", "a name; numbers in quotes"),
]


@pytest.mark.parametrize("bad", LINES, ids=lambda bad: bad.text)
def test_a_wrong_line_is_a_problem_at_its_place(bad: Bad, tmp_path: Path) -> None:
    text = TOP + bad.text + "\n" + ROUTE % "{field: A, is: 1}"
    keys = "one of policy, description, scope, calendars, priorities, channels, teams, tables, words, defaults, "
    keys += "notices, owner, hold_while, review, routes, guards, examples"
    expected = (bad.expected or "").format(folder=tmp_path) or (keys if bad.nearest == "policy" else None)
    assert problems(tmp_path, text) == [(6, bad.column, bad.message, bad.found, expected, bad.nearest)]


def test_the_former_name_of_a_key_is_unknown_and_the_new_one_is_the_nearest(tmp_path: Path) -> None:
    text = TOP + ROUTE.replace("when:", "over_guards: true, when:") % "{field: A, is: 1}"
    [(_, _, message, found, _, nearest)] = problems(tmp_path, text)
    assert (message, found, nearest) == ("unknown key `over_guards`", "over_guards", "bypass_guards")


READERS = "a team with a `queue` or a `user`: seniors"
STEPS = [
    Bad("{queue: senior}", 15, "unknown team `senior`", "senior", "one of seniors, readers", "seniors"),
    Bad("{queue: readers}", 15, "team `readers` has no queue and no user", "readers", READERS),
    Bad(
        "{queue: {table: t}}",
        15,
        "unknown table `t`",
        "t",
        NO_TABLE,
    ),
    Bad("{priority: high}", 18, "unknown priority `high`", "high", "one of Low, Medium, High", "High"),
    Bad(
        "{priority: {by: A, else: High}}",
        18,
        "the table is not complete",
        "by, else",
        TABLE_FORM,
    ),
    Bad("{statuss: Open}", 8, "unknown key `statuss`", "statuss", "one of note, queue, status, priority", "status"),
    Bad(
        "{priority: {by: A, values: {x: Hihg}}}",
        18,
        "the table gives a value that cannot be used here: unknown priority `Hihg`",
        "Hihg",
        "one of Low, Medium, High",
        "High",
    ),
    Bad("{note: Help}", 14, "`note` must be a mapping", '"Help"', "a mapping"),
    Bad(
        "{note: {visibilty: internal}}",
        15,
        "unknown key `visibilty`",
        "visibilty",
        "one of parts, template, visibility, a text of the route's own",
        "visibility",
    ),
    Bad(
        "{note: {reason: x}}",
        15,
        "`route.reason` is the route's reason already",
        "reason",
        "another name for this text",
    ),
    Bad("{note: {help: 5}}", 21, "`help` must be a text", "5", "a text: put it in quotes"),
    Bad(
        "{note: {Help-Needed: x}}",
        15,
        "`Help-Needed` cannot be a name here",
        "Help-Needed",
        "lower-case letters, digits and `_`",
    ),
    Bad(
        "{note: {help: Review, then answer.}}",
        29,
        "a comma inside `{...}` starts a new key",
        "then answer.",
        "quotes around a text with a comma in it",
    ),
    Bad(
        "{note: {help: 'Ask {someone}.'}}",
        21,
        "`{someone}` has no value here",
        "{someone}",
        "a field such as `{Case.Subject}` or `{Account.Name}`",
    ),
    Bad(
        "{note: {help: x, parts: {why: {from: findings}}}}",
        15,
        "`help` is not used by any part of the note, nor by its template",
        "help",
        "a part with `from: [route.help]`",
    ),
    Bad(
        "{note: {help: x, parts: {h: {from: route.help}, t: {from: route.helps, if_missing: hold}}}}",
        65,
        "unknown source `route.helps`",
        "route.helps",
        f"one of findings, {SPOKEN}, route.reason, route.help, or a field path",
        "route.help",
    ),
]


@pytest.mark.parametrize("bad", STEPS, ids=lambda bad: bad.text)
def test_a_wrong_step_is_a_problem_at_its_place(bad: Bad, tmp_path: Path) -> None:
    route = "routes:\n- name: late\n  reason: Late.\n  when: {field: A, is: 1}\n  escalate:\n"
    assert problems(tmp_path, TOP + route + "      " + bad.text + "\n") == [(11, *bad[1:])]


def test_all_problems_of_a_file_are_reported_at_once_in_the_order_of_their_lines(tmp_path: Path) -> None:
    text = """\
policy: Support Team
teams: {seniors: {queue: Seniors}}
defaults: {note: {template: none.j2}}
routes:
  - name: late
    reson: Late.
    when:
      - {age: CreatedDate, at_least: 4x}
      - {field: Status, is: null}
    escalate: {queue: senior, priority: Urgent}
    rearm: 7 days
  - name: late
    reason: Late again.
    escalate: {note: {help: x}}
"""
    reported = [(line, column, message) for line, column, message, *_ in problems(tmp_path, text)]
    assert reported == [
        (1, 9, "`Support Team` cannot be a name here"),
        (3, 29, "the template does not exist"),
        (6, 5, "unknown key `reson`"),
        (8, 38, "`at_least` is not a duration"),
        (9, 29, "an empty value is compared by `is_empty`"),
        (10, 23, "unknown team `senior`"),
        (10, 41, "unknown priority `Urgent`"),
        (11, 12, "`rearm` is not a duration"),
        (12, 5, "`when` is missing"),
        (12, 11, "two routes have the name `late`"),
    ]


@pytest.mark.parametrize("key", ["name", "reason", "when", "escalate"])
def test_a_route_without_a_required_key_says_which(key: str, tmp_path: Path) -> None:
    route = {"name": "late", "reason": "Late.", "when": "{field: A, is: 1}", "escalate": "{}"}
    text = "policy: support\nroutes:\n- " + "\n  ".join(
        f"{name}: {said}" for name, said in route.items() if name != key
    )
    assert problems(tmp_path, text) == [(3, 3, f"`{key}` is missing", None, f"`{key}:` in this mapping", None)]


@pytest.mark.parametrize(("said", "sound"), [("None.", True), ("Unbekannt", True), ("hold it", True), ("Hold", False)])
def test_what_is_said_of_a_missing_part_may_be_one_word(said: str, sound: bool, tmp_path: Path) -> None:
    parts = f"defaults: {{note: {{parts: {{a: {{from: findings, if_missing: {said}}}}}}}}}\n"
    assert (problems(tmp_path, TOP + parts + ROUTE % "{field: A, is: 1}") == []) is sound


def test_a_list_of_words_holds_phrases_only(tmp_path: Path) -> None:
    text = (
        TOP.replace("words: {angry: [furious]}", "words: {angry: [words.sad], sad: [tears, 5]}")
        + ROUTE % "{field: A, is: 1}"
    )
    assert problems(tmp_path, text) == [
        (5, 17, "a list of words holds no other list", "words.sad", "a phrase", None),
        (5, 42, "an entry of `sad` must be a text", "5", "a text: put it in quotes", None),
    ]


CHURN = "words: {churn: [cancel my contract], wants_manager: [manager]}"
NAMED_LISTS = [
    ("{text: Subject, mentions: churn}", "churn", "words.churn"),
    ("{text: Subject, mentions: [refund, churn]}", "churn", "words.churn"),
    ("{text: Subject, mentions: refund, ignoring: [churn]}", "churn", "words.churn"),
    ("{text: [emails.customer], mentions: Churn}", "Churn", "words.churn"),
    ("{text: Subject, mentions: Words.churn}", "Words.churn", "words.churn"),
    ("{text: Subject, mentions: word.churn}", "word.churn", "words.churn"),
    ("{text: Subject, mentions: 'words:churn'}", "words:churn", "words.churn"),
    ("{text: Subject, mentions: wants-manager}", "wants-manager", "words.wants_manager"),
    ("{any: [{not: {text: Subject, mentions: churn}}, {field: A, is: 1}]}", "churn", "words.churn"),
    ("{field: A, is: 1}, unless: {text: Subject, mentions: churn}", "churn", "words.churn"),
]


@pytest.mark.parametrize(("when", "found", "nearest"), NAMED_LISTS, ids=[when for when, *_ in NAMED_LISTS])
def test_a_phrase_with_the_name_of_a_list_is_probably_the_list(
    tmp_path: Path, when: str, found: str, nearest: str
) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(TOP.replace("words: {angry: [furious]}", CHURN) + ROUTE % when)
    (one,) = read_policies([path]).warnings
    assert (one.line, one.found, one.nearest, one.severity) == (7, found, nearest, "warning")
    assert one.message == f"`{found}` is looked for as a word, and `words` has a list with this name"
    assert found in path.read_text().splitlines()[6][(one.column or 0) - 1 :][: len(found) + 1]


def test_a_phrase_with_the_name_of_a_list_is_reported_in_the_scope_too(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    scope = "scope: {text: Subject, mentions: churn}\n"
    path.write_text(TOP.replace("words: {angry: [furious]}", CHURN) + scope + ROUTE % "{field: A, is: 1}")
    assert [(one.line, one.nearest) for one in read_policies([path]).warnings] == [(6, "words.churn")]


@pytest.mark.parametrize("phrase", ["words.churn", "churned", "cancel churn", "manager", "wants manager"])
def test_another_phrase_is_a_phrase(tmp_path: Path, phrase: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(
        TOP.replace("words: {angry: [furious]}", "words: {churn: [churn, leave], wants_manager: [manager]}")
        + ROUTE % f"{{text: Subject, mentions: {phrase}}}"
    )
    assert read_policies([path]).warnings == ()


def test_a_number_with_zeros_before_it_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(TOP + ROUTE % "{field: A, is: 007}")
    expected = "quotes around it if the zeros matter"
    reported = Problem("007 is read as the number 7", str(path), 7, 68, "007", expected, severity="warning")
    assert load_policies([path]).warnings == (reported,)


def test_a_former_name_belongs_to_one_route_only(tmp_path: Path) -> None:
    route = "- {{name: {0}, formerly: {1}, reason: x, when: {{field: A, is: 1}}, escalate: {{}}}}\n"
    text = (
        "policy: a\nroutes:\n"
        + route.format("one", "[two]")
        + route.format("two", "old")
        + route.format("three", "old")
    )
    assert [(line, column, message) for line, column, message, *_ in problems(tmp_path, text)] == [
        (3, 26, "`two` is another route's name"),
        (5, 27, "two routes claim the former name `old`"),
    ]


@pytest.mark.parametrize("required", ["parts: {help: {from: [route.help], if_missing: hold}}", "%s, requires: help"])
def test_a_part_that_would_hold_every_case_of_a_route_is_found_before_the_night(tmp_path: Path, required: str) -> None:
    required = required.replace("%s", "parts: {help: {from: [route.help]}}")
    text = f"""\
policy: support
defaults: {{note: {{{required}}}}}
routes:
  - {{name: one, reason: x, when: {{field: A, is: 1}}, escalate: {{note: {{help: Do it.}}}}}}
  - {{name: two, reason: x, when: {{field: A, is: 2}}, escalate: {{status: Open}}}}
"""
    message = "part `help` would hold every case: this route never says it"
    assert problems(tmp_path, text) == [(5, 5, message, None, "`help: ...` in the route's note", None)]


def test_the_same_fault_reached_by_an_alias_is_reported_once(tmp_path: Path) -> None:
    text = """\
policy: support
routes:
  - {name: one, reason: x, when: &late {age: A, at_least: 4x}, escalate: {}}
  - {name: two, reason: x, when: *late, escalate: {}}
"""
    assert [(line, column) for line, column, *_ in problems(tmp_path, text)] == [(3, 59)]


def test_problems_of_all_files_come_together_and_warnings_do_not_hide_among_the_errors(tmp_path: Path) -> None:
    good = """\
words: {churn: [cancel]}
routes: [{name: a, reason: x, when: {text: Description, mentions: churn}, scan: true, escalate: {}}]
"""
    texts = {
        "one.yaml": "policy: same\n" + good,
        "two.yaml": "policy: same\n" + good,
        "three.yaml": "policy: 5\n" + good,
    }
    paths = [tmp_path / name for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text)
    with pytest.raises(Invalid) as error:
        load_policies(paths)
    assert error.value.message == "the policy is invalid: 2 problems"
    assert error.value.problems == (
        Problem(
            "two files hold the policy `same`",
            str(paths[1]),
            1,
            9,
            "same",
            f"each policy once; {paths[0]} has this name too",
        ),
        Problem("`policy` must be a text", str(paths[2]), 1, 9, "5", "a text: put it in quotes"),
    )
    assert [one.severity for one in check_policies(paths)] == ["warning", "warning", "error", "error", "warning"]


def test_a_run_without_any_policy_file_is_a_problem() -> None:
    with pytest.raises(Invalid, match="one problem") as error:
        load_policies([])
    assert error.value.problems[0].message == "no policy file was found"


def problems(folder: Path, text: str) -> list[tuple[object, ...]]:
    """The errors of a policy with this text: line, column, message, found, expected, nearest."""
    path = folder / "policy.yaml"
    path.write_text(text)
    reported = [problem for problem in check_policies([path]) if problem.severity == "error"]
    assert all(problem.file == str(path) for problem in reported)
    return [(one.line, one.column, one.message, one.found, one.expected, one.nearest) for one in reported]
