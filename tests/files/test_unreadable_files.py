"""Whatever is given as a policy file: one clear problem, never a traceback."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sfdc_escalator.errors import Invalid, Problem
from sfdc_escalator.files.policies import check_policies, load_policies

TEXT = "text in UTF-8"
FILE = "a policy file in YAML"


@pytest.mark.parametrize(
    ("data", "place", "message", "found", "expected"),
    [
        (b"", (1, 1), "the file is empty", "an empty file", "`policy:` and `routes:`"),
        (b"# only a comment\n", (1, 1), "the file is empty", "an empty file", "`policy:` and `routes:`"),
        (b"policy: a\nowner: Jos\xe9\n", (2, 11), "the file is not UTF-8", "byte 0xE9", TEXT),
        (b"\xef\xbb\xbfpolicy: \xff\n", (1, 9), "the file is not UTF-8", "byte 0xFF", TEXT),
        ("policy: a".encode("utf-16"), (1, 1), "the file is not UTF-8", "UTF-16 or UTF-32", TEXT),
        (
            b"SQLite format 3\0",
            (1, 16),
            "the file holds a control character: is it binary?",
            "the character U+0000",
            TEXT,
        ),
        (
            b"policy: a\n" + b"x" * 5_000_000,
            (None, None),
            "the file is too large",
            "5,000,010 bytes",
            "4,000,000 bytes at most",
        ),
        (b"[" * 100_000, (1, 42), "the file is nested too deep", None, "40 levels at most"),
        (b"policy: [" + b"x," * 210_000 + b"]", (1, 400_004), "the file says too much", None, "200,000 values at most"),
        (
            b"policy: a\nroutes:\n\t- x\n",
            (3, 1),
            "the file is not YAML: found character that cannot start any token",
            None,
            "spaces, no tabs, before a key; put a text that starts with @, ` or % in quotes",
        ),
        (
            b"policy: a: b\n",
            (1, 10),
            "the file is not YAML: mapping values are not allowed in this context",
            None,
            "one `key: value` a line; put a text with `: ` in it in quotes",
        ),
        (b"just words\n", (1, 1), "a policy must be a mapping", '"just words"', "a mapping"),
        (b"- policy: a\n", (1, 1), "a policy must be a mapping", "a list", "a mapping"),
    ],
)
def test_a_file_that_is_not_a_policy_has_one_clear_problem(
    data: bytes, place: tuple[int | None, int | None], message: str, found: str | None, expected: str, tmp_path: Path
) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(data)
    assert check_policies([path]) == (Problem(message, str(path), *place, found, expected),)
    with pytest.raises(Invalid):
        load_policies([path])


def test_more_than_one_document_is_refused_at_the_second(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("policy: a\n---\npolicy: b\n")
    reported = Problem("the file holds more than one document", str(path), 2, 1, None, "one policy per file")
    assert reported in check_policies([path])


def test_a_missing_file_names_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / "support.yaml").write_text("")
    path = tmp_path / "suport.yaml"
    near = str(tmp_path / "support.yaml")
    assert check_policies([path]) == (Problem("the file does not exist", str(path), expected=FILE, nearest=near),)


def test_a_missing_folder_and_a_folder_in_place_of_a_file_are_reported_apart(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere" / "policy.yaml"
    assert check_policies([nowhere, tmp_path]) == (
        Problem(f"the folder {tmp_path / 'nowhere'} does not exist", str(nowhere), expected=FILE),
        Problem(f"{tmp_path} is a folder", str(tmp_path), expected=FILE),
    )


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("sfdc_escalator.files.text.source_text.open_to_read", refuse)
    path = tmp_path / "policy.yaml"
    assert check_policies([path]) == (Problem("the file cannot be read: permission denied", str(path), expected=FILE),)


def test_a_name_that_no_file_can_have_is_a_problem_like_any_other() -> None:
    assert [len(check_policies([Path(name)])) for name in ("a\0b", "x" * 5000)] == [1, 1]


def test_aliases_cannot_make_a_small_file_huge_or_endlessly_deep(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    wide = "a0: &a0 [x, x, x, x, x, x, x, x]\n"
    wide += "".join(f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 8)}]\n" for i in range(9))
    deep = "a0: &a0 {x: {x: {x: {x: {x: y}}}}}\n"
    deep += "".join(f"a{i + 1}: &a{i + 1} {{x: {{x: {{x: *a{i}}}}}}}\n" for i in range(30))
    for text, message in ((wide, "too many aliases"), (deep, "the file is nested too deep"), ("a: &a [*a]", None)):
        path.write_text(text)
        reported = [problem.message for problem in check_policies([path])]
        assert reported == [message] if message else "the alias names no anchor above it" in reported


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_arbitrary_bytes_never_raise_anything_but_invalid(data: bytes, tmp_path: Path) -> None:
    only_invalid(tmp_path, data)


KEYS = (
    *(
        "policy",
        "description",
        "scope",
        "priorities",
        "teams",
        "words",
        "defaults",
        "routes",
        "guards",
        "name",
        "reason",
    ),
    *(
        "formerly",
        "when",
        "unless",
        "scan",
        "escalate",
        "bypass_guards",
        "note",
        "parts",
        "template",
        "visibility",
        "from",
    ),
    *("if_missing", "last", "queue", "status", "priority", "fields", "field", "is", "in", "is_empty", "at_least", "x"),
    *("contains_any", "matches", "age", "text", "mentions", "ignoring", "any", "all", "not", "api_budget", "ladder"),
)
SCALARS = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        2.5,
        "",
        "x",
        "x y",
        "words.x",
        "route.x",
        "A.B__c",
        "4h",
        "30%",
        "High",
        "seniors",
        "(",
        "{a}",
        "[[a]",
    ]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=25,
)
ROUTES = st.fixed_dictionaries(
    {"name": st.just("r"), "reason": st.just("x"), "when": VALUES, "escalate": VALUES}, optional={"unless": VALUES}
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=VALUES | st.fixed_dictionaries({"policy": st.just("a"), "routes": st.lists(ROUTES, max_size=2)}))
@example(document={"policy": "a", "routes": [{"escalate": {"note": {"template": "."}}}]})
@example(document={"defaults": {"note": {"template": []}}, "routes": [{}]})
def test_policies_of_any_shape_never_raise_anything_but_invalid(document: object, tmp_path: Path) -> None:
    only_invalid(tmp_path, json.dumps(document).encode())


def only_invalid(folder: Path, data: bytes) -> None:
    """Either the policy loads, or every problem of it has a file, a message, and is told once."""
    path = folder / "policy.yaml"
    path.write_bytes(data)
    reported = check_policies([path])
    assert len(set(reported)) == len(reported)
    assert all(problem.file and problem.message for problem in reported)
    errors = tuple(problem for problem in reported if problem.severity == "error")
    if not errors:
        assert len(load_policies([path]).policies) == 1
        return
    with pytest.raises(Invalid) as error:
        load_policies([path])
    assert error.value.problems == errors
