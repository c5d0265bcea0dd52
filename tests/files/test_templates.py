"""A template says data as data, reads only what can be polled, and cannot run away."""

from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.errors import Problem
from sfdc_escalator.files.policies import check_policies
from sfdc_escalator.files.templates.template_files import load_template
from sfdc_escalator.files.templates.templates import built_in, compiled, render
from sfdc_escalator.files.text.fault import Fault

CONTEXT: dict[str, Any] = {
    "case": {
        "CaseNumber": "00001234",
        "Subject": "{{ 7 * 7 }} <b>",
        "Account": {"Name": "Acme"},
        "Contact": None,
        "Risk__c": None,
    },
    "policy": {"name": "support"},
    "route": {"name": "late", "reason": "Late.", "help_needed": "Answer."},
    "parts": [
        {"name": "why", "title": "Reason", "text": "Late."},
        {"name": "help", "title": "Help needed", "text": "Answer\ntoday."},
    ],
    "findings": ["Status is New"],
    "now": "2026-01-31T09:00:00Z",
}


def test_the_built_in_note_says_escalation_policy_route_case_and_every_part_with_its_title() -> None:
    assert render(built_in().source, CONTEXT) == (
        "ESCALATION support/late, case 00001234\n\nReason:\nLate.\n\nHelp needed:\nAnswer\ntoday.\n"
    )
    assert built_in().needs.paths == {"CaseNumber"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ case.Account.Name }}, {{ case['Account.Name'] }}, {{ case.Account['Name'] }}", "Acme, Acme, Acme"),
        ("{{ case.Subject }}", "{{ 7 * 7 }} <b>"),
        ("[{{ case.Risk__c }}{{ case.Contact.Phone }}]", "[]"),
        ("{{ case.Subject[:4] }} {{ case.Account.Name.upper() }}", "{{ 7 ACME"),
        ("{% for part in parts %}{{ loop.index }} {{ part.title }};{% endfor %}", "1 Reason;2 Help needed;"),
        ("{{ findings | join('; ') }} at {{ now }}", "Status is New at 2026-01-31T09:00:00Z"),
        ("{{ route.next_step | default('none') }}", "none"),
        ("{{ 6 * 7 }} {{ 6 + 7 }} {{ 'a' ~ 1 ~ none }} {{ 'a' + 'b' }}", "42 13 a1None ab"),
        (
            "{% for part in parts %}{{ loop.index }}/{{ loop.length }}{% if loop.last %}.{% endif %} {% endfor %}",
            "1/2 2/2. ",
        ),
        ("{{ case.Subject.replace('b', 'i') | replace('<', '(') | wordcount }}", "3"),
        ("{{ parts | map(attribute='title') | join(', ') | truncate(9, true) }}", "Reason..."),
        ("{% if now %}{% set x = 1 %}{% else %}{% set x = 2 %}{% endif %}{{ x }}", "1"),
    ],
)
def test_a_template_says_the_case_as_data(text: str, said: str) -> None:
    template = compiled("note.j2", text)
    assert template.problems == ()
    assert render(template.source, CONTEXT) == said


def test_the_fields_that_a_template_reads_are_known_beforehand() -> None:
    text = "{% if case.Contact %}{{ case['Contact'].Phone }}{% endif %}"
    text += "{{ case.Subject[:9] | upper }}{{ case.Owner.Name.title() }}"
    assert compiled("note.j2", text).needs.paths == {"Contact.Phone", "Subject", "Owner.Name"}


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("{{ case.CaseNumbr }}", "`CaseNumbr` is not there: did you mean CaseNumber?"),
        ("{{ parts[0].txt }}", "`txt` is not there: did you mean text?"),
        ("{{ now.yaer }}", "`yaer` is not there"),
        ("{% if not now %}{% set later = 1 %}{% endif %}{{ later }}", "`later` is not there"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ 'x' * 1000000000 }}", "`*` works on numbers only"),
        ("{{ 9 ** 999 }}", "`**` works up to the power of 20 only"),
        ("{{ '%999999999d' % 1 }}", "`%` works on numbers only"),
        ("{{ range(1000000000) | list }}", "a range has at most 100 numbers"),
        ("{{ findings | slice(1000000000) | list }}", "`slice` takes numbers up to 10000 only"),
        ("{{ findings | batch(1000000000, 'x') | list }}", "`batch` takes numbers up to 10000 only"),
        ("{{ findings | tojson(indent=1000000000) }}", "`tojson` takes numbers up to 10000 only"),
        ("{{ case.Subject | wordwrap(1, true, case.Subject * 9) }}", "`*` works on numbers only"),
        ("{{ (1).to_bytes(1000000000, 'big') }}", "access to attribute 'to_bytes' of 'int' object is unsafe."),
        (
            "{% for i in range(100) %}{% for j in range(100) %}{% for k in range(100) %}{% endfor %}{% endfor %}"
            "{% endfor %}",
            "it takes more than 20000 turns of loops and calls",
        ),
        ("{% set a = 'x' %}" + "{% set a = a ~ a %}" * 40, "a text grows over 100000 characters"),
        ("{% set a = 'x' %}" + "{% set a = a + a %}" * 40, "a text grows over 100000 characters"),
        ("{% set a = 'x' %}" + "{% set a %}{{ a }}{{ a }}{% endset %}" * 40, "a text grows over 100000 characters"),
        ("{% set a = ['x'] %}" + "{% set a = a + a %}" * 40, "a list grows too large"),
        ("{% set a = 'x' %}" + "{% set a = [a, a] %}" * 40 + "{{ a }}", "a list grows too large"),
        ("{% set a = 'x' %}" + "{% set a = [a, a] %}" * 40 + "{{ a ~ a }}", "a list grows too large"),
        ("{% set a = 'x' %}" + "{% set a = [a, a] %}" * 40 + "{{ a | string }}", "a list grows too large"),
        (
            "{% set a = 'x' %}" + "{% set a = a ~ a %}" * 15 + "{{ a.replace('', a) }}",
            "its texts are too long for each other",
        ),
        (
            "{% set a = 'x' %}" + "{% set a = a ~ a %}" * 15 + "{{ a | replace('', a) }}",
            "its texts are too long for each other",
        ),
        ("{% set a = 'x' %}" + "{% set a = a ~ a %}" * 15 + "{{ a.join(a) }}", "its texts are too long for each other"),
        (
            "{% set a = 'x' %}" + "{% set a = a ~ a %}" * 15 + "{{ a | wordwrap(1, true, a) }}",
            "its texts are too long for each other",
        ),
        ("{{ case.Subject.center(1000000000) }}", "access to attribute 'center' of 'str' object is unsafe."),
        ("{{ ''.__class__.__mro__ }}", "access to attribute '__class__' of 'str' object is unsafe."),
        ("{{ findings.append(1) }}", "access to attribute 'append' of 'list' object is unsafe."),
        (
            "{% for i in range(100) %}{% for j in range(100) %}{{ case.Subject }}{% endfor %}{% endfor %}",
            "the note grows over 100000 characters",
        ),
    ],
)
def test_what_cannot_be_rendered_is_a_value_error_with_advice(text: str, advice: str) -> None:
    template = compiled("note.j2", f"Note: {text}")
    assert template.problems == ()
    with pytest.raises(ValueError, match=r"^the template note\.j2 cannot be rendered: ") as error:
        render(template.source, CONTEXT)
    assert str(error.value).removeprefix("the template note.j2 cannot be rendered: ") == advice


NAMES = "one of case, policy, route, parts, findings, now, due"


@pytest.mark.parametrize(
    ("text", "message", "found", "expected", "nearest"),
    [
        ("{{ cas.Subject }}", "unknown name `cas`", "cas", NAMES, "case"),
        ("{{ lipsum() }}", "unknown name `lipsum`", "lipsum", NAMES, None),
        ("{{ policy.nam }}", "unknown name `policy.nam`", "policy.nam", "policy.name", "policy.name"),
        (
            "{{ case[now] }}",
            "a field cannot be chosen while rendering",
            "case[...]",
            "a field by its name, such as case.Subject",
            None,
        ),
        ("{% for f in case %}{% endfor %}", "`case` alone is not a text", "case", "case.Subject", None),
        (
            "{{ case.Account }}",
            "`Account` is a record, not a field",
            "case.Account",
            "one of its fields, such as Account.Name",
            None,
        ),
        ("{% set case = 1 %}", "`case` cannot be set", None, "a name of your own", None),
        ("{% for now in parts %}{% endfor %}", "`now` cannot be set", None, "a name of your own", None),
        ("{% include 'x' %}", "`include` is not allowed", None, "a template in one file", None),
        ("{% extends 'x' %}", "`extends` is not allowed", None, "a template in one file", None),
        ("{% for p in parts recursive %}{% endfor %}", "`recursive` is not allowed", None, "a plain loop", None),
        ("{% macro m() %}{% endmacro %}", "`macro` is not allowed", None, "a template in one file", None),
    ],
)
def test_what_a_template_must_not_read_is_found_at_its_line(
    text: str, message: str, found: str | None, expected: str | None, nearest: str | None
) -> None:
    reported = compiled("note.j2", "first line\n" + text).problems
    assert reported == (Problem(message, "note.j2", 2, None, found, expected, nearest),)


def test_a_syntax_error_is_reported_at_its_line() -> None:
    (reported,) = compiled("note.j2", "first line\n{% if case.A %}").problems
    assert (reported.line, reported.message.split(":")[:2]) == (
        2,
        ["the template cannot be read", " Unexpected end of template. Jinja was looking for the following tags"],
    )


def test_an_unknown_filter_names_the_nearest() -> None:
    (reported,) = compiled("note.j2", "{{ now | uper }}").problems
    assert (reported.message, reported.line, reported.nearest) == ("unknown filter `uper`", 1, "upper")


@pytest.mark.parametrize(
    "text", ["{{ " + "(" * 3000, "{% for a in parts %}" * 30 + "{% endfor %}" * 30, "{{ " + "9" * 5000]
)
def test_a_template_beyond_reason_is_one_problem(text: str) -> None:
    assert len(compiled("note.j2", text).problems) == 1


@pytest.mark.parametrize("text", ["", " \n\t\n", "{# later #}\n", "{% if case.Subject %}\n{% endif %}"])
def test_a_template_that_writes_nothing_is_an_error(text: str) -> None:
    (reported,) = compiled("note.j2", text).problems
    assert (reported.message, reported.line) == ("the template writes nothing", 1)


def test_a_template_that_writes_something_for_some_cases_is_valid() -> None:
    assert not compiled("note.j2", "{% if case.Subject %}{{ now }}{% endif %}").problems


def test_a_template_stands_in_the_folder_of_the_policy_or_else_in_its_parent(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    (tmp_path / "note.j2").write_text("parent")
    assert load_template(folder / "a.yaml", "note.j2").text == "parent"
    (folder / "note.j2").write_text("own")
    assert load_template(folder / "a.yaml", "note.j2").text == "own"
    with pytest.raises(Fault, match="template does not exist") as error:
        load_template(folder / "a.yaml", "noet.j2")
    assert error.value.nearest == "note.j2"


def test_a_template_name_that_no_file_can_have_is_reported(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="template does not exist"):
        load_template(tmp_path / "a.yaml", "x" * 5000)


@pytest.mark.parametrize("name", ["/etc/passwd", "../../note.j2", "notes/../../x", "a\0b"])
def test_a_template_path_cannot_leave_these_folders(name: str, tmp_path: Path) -> None:
    with pytest.raises(Fault, match="outside"):
        load_template(tmp_path / "a.yaml", name)


POLICY = """\
policy: a
defaults: {note: {template: note.j2, parts: {why: {from: findings}}}}
routes:
  - {name: one, reason: x, when: {field: A, is: 1}, escalate: {note: {help_needed: Do it.}}}
  - {name: two, reason: x, when: {field: A, is: 2}, escalate: {note: {help: Do it.}}}
  - {name: three, reason: x, when: {field: A, is: 3}, escalate: {}}
"""


def test_a_route_must_say_what_its_template_reads(tmp_path: Path) -> None:
    (tmp_path / "note.j2").write_text(
        "{{ route.help_needed }}{{ route.help | default('') }}{% if route.extra is defined %}{% endif %}"
    )
    path = tmp_path / "a.yaml"
    path.write_text(POLICY)
    message, expected = (
        "the template reads `route.help_needed`, which this route does not say",
        "`help_needed: ...` in the route's note",
    )
    assert check_policies([path]) == (
        Problem(message, str(path), 5, 70, None, expected),
        Problem(message, str(path), 6, 5, None, expected),
    )


def test_a_broken_template_is_reported_once_with_its_own_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "note.j2").write_text("fine\n{{ nwo }}\n")
    path = tmp_path / "a.yaml"
    path.write_text(POLICY.replace("escalate: {note: {help", "escalate: {note: {template: note.j2, help"))
    reported = [problem for problem in check_policies([path]) if problem.file != str(path)]
    assert reported == [Problem("unknown name `nwo`", str(tmp_path / "note.j2"), 2, None, "nwo", NAMES, "now")]


def test_a_template_that_is_not_a_text_is_reported_like_any_file(tmp_path: Path) -> None:
    (tmp_path / "note.j2").write_bytes(b"Jos\xe9")
    path = tmp_path / "a.yaml"
    path.write_text(POLICY)
    reported = check_policies([path])
    assert Problem("the file is not UTF-8", str(tmp_path / "note.j2"), 1, 4, "byte 0xE9", "text in UTF-8") in reported
