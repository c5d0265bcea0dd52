"""Files that cannot be imported: one clear message, and nothing is written."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.native.metadata import item, rule, to_queue, write
from tests.stories.world import World

GOOD = rule("assignmentRules", to_queue("Tier_1", item("Case.Status", "equals", "New")))
BOMB = (
    '<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]>\n<AssignmentRules>&c;</AssignmentRules>'
)
EXTERNAL = '<?xml version="1.0"?>\n<!DOCTYPE a SYSTEM "other.dtd">\n<AssignmentRules/>'
UNREADABLE: dict[str, tuple[bytes, int, str]] = {
    "no XML": (b"# a note\n", 1, "the file is not XML"),
    "empty": (b"", 1, "the file is empty"),
    "cut off": (GOOD[:200].encode(), 7, "the file is cut off"),
    "an entity bomb": (BOMB.encode(), 2, "the file has a document type"),
    "a document type": (EXTERNAL.encode(), 2, "the file has a document type"),
    "an entity of its own": (GOOD.replace("New", "&new;").encode(), 12, "the file has an entity of its own"),
    "bytes of another encoding": (GOOD.replace("New", "Größe").encode("latin-1"), 12, "bytes that do not match"),
    "half a character behind a mark": (GOOD.encode("utf-16")[:401], 7, "bytes that do not match"),
    "an encoding that is not known": (GOOD.replace("UTF-8", "klingon").encode(), 1, "an encoding that is not known"),
    "too deep": (b"<AssignmentRules>" + b"<a>\n" * 101, 100, "nested too deep"),
    "too large": (b" " * 11_000_000, 1, "the file is too large"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_file_that_cannot_be_read_is_named_with_its_line_and_nothing_is_written(world: World, kind: str) -> None:
    data, line, message = UNREADABLE[kind]
    write(world.folder / "good", "assignmentRules", GOOD)
    bad = write(world.folder / "src", "assignmentRules", "")
    bad.write_bytes(data)
    found = world.type("import", "good", "src", "--out", "out", "--json")
    [problem] = found.json["error"]["problems"]
    assert (found.code, found.json["exit"], problem["line"]) == (2, 2, line)
    assert message in problem["message"]
    assert problem["file"] == "src/assignmentRules/Case.assignmentRules-meta.xml"
    assert not (world.folder / "out").exists()


def test_all_files_that_cannot_be_read_are_named_at_once(world: World) -> None:
    for name in ("one", "two"):
        write(world.folder / name, "escalationRules", "<EscalationRules>")
    found = world.type("import", "one", "two", "gone", "--out", "out", "--json")
    assert [one["file"].partition("/")[0] for one in found.json["error"]["problems"]] == ["one", "two", "gone"]
    assert found.code == 2


def empty_folder(folder: Path) -> str:
    (folder / "src").mkdir()
    return "src"


def response(folder: Path) -> str:
    path = write(folder, "autoResponseRules", "<AutoResponseRules/>")
    return str(path)


def lead(folder: Path) -> str:
    return str(write(folder, "assignmentRules", GOOD, about="Lead"))


def another_kind(folder: Path) -> str:
    return str(write(folder, "layout", "<Layout/>"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (empty_folder, "it holds no rules"),
        (response, "writes to customers"),
        (lead, "rules of Lead: only those of Case are imported"),
        (another_kind, "the file holds nothing that can be imported"),
    ],
)
def test_an_argument_without_anything_to_import_is_an_error(
    world: World, make: Callable[[Path], str], message: str
) -> None:
    found = world.type("import", make(world.folder), "--out", "out", "--json")
    assert found.code == 2
    assert message in found.json["error"]["problems"][0]["message"]


def test_what_is_of_another_kind_in_a_folder_is_passed_over_and_rules_of_others_are_named(world: World) -> None:
    write(world.folder / "src", "assignmentRules", GOOD)
    write(world.folder / "src", "assignmentRules", GOOD, about="Lead")
    write(world.folder / "src", "autoResponseRules", "<AutoResponseRules/>")
    (world.folder / "src" / "build.xml").write_text(EXTERNAL)
    (world.folder / "src" / "a.layout-meta.xml").write_text("<Layout")
    (world.folder / "src" / "README.md").write_text("# no XML")
    found = world.type("import", "src", "--out", "out", "--json")
    assert found.code == 0
    assert [one["skipped"] for one in found.json["files"]] == [
        None, "rules of Lead: only those of Case are imported", "writes to customers",
    ]  # fmt: skip


@pytest.mark.parametrize("make", ["a file", "a link in a circle"])
def test_a_folder_that_cannot_be_written_is_an_error(world: World, make: str) -> None:
    path, out = write(world.folder / "src", "assignmentRules", GOOD), world.folder / "out"
    if make == "a file":
        out.write_text("")
    else:
        out.symlink_to(out)
    found = world.type("import", str(path), "--out", "out", "--json")
    assert found.code == 2
    assert "cannot be written" in found.json["error"]["message"]


def test_a_folder_in_the_place_of_a_policy_leaves_everything_as_it_was(world: World) -> None:
    path = write(world.folder / "src", "assignmentRules", GOOD + "")
    (world.folder / "out" / "assignment-standard.yaml").mkdir(parents=True)
    found = world.type("import", str(path), "--out", "out", "--json")
    assert found.code == 2
    assert os.listdir(world.folder / "out") == ["assignment-standard.yaml"]


def link_to_a_policy_of_before(out: Path, renewed: str) -> None:
    out.mkdir()
    policy = out / "assignment-standard.yaml"
    (out / "elsewhere").write_text(renewed)
    policy.symlink_to("elsewhere")


def pipe(out: Path, _: str) -> None:
    out.mkdir()
    os.mkfifo(out / "assignment-standard.yaml")


@pytest.mark.parametrize(("place", "kind"), [(link_to_a_policy_of_before, "a link"), (pipe, "a pipe")])
def test_no_policy_replaces_something_else_than_a_file(
    world: World, place: Callable[[Path, str], None], kind: str
) -> None:
    write(world.folder / "src", "assignmentRules", GOOD)
    world.type("import", "src", "--out", "before")
    place(world.folder / "out", (world.folder / "before" / "assignment-standard.yaml").read_text())
    write(world.folder / "src", "assignmentRules", GOOD.replace("Tier_1", "Tier_2"))
    there = sorted(os.listdir(world.folder / "out"))
    found = world.type("import", "src", "--out", "out")
    assert (found.code, f"cannot be written: it is {kind}, not a file" in found.err) == (2, True), found.err
    assert sorted(os.listdir(world.folder / "out")) == there


@pytest.mark.parametrize("report", ["a folder", "a link", "missing/report.txt", "n" * 300])
def test_a_report_that_cannot_be_written_is_an_error_before_anything_is_written(world: World, report: str) -> None:
    write(world.folder / "src", "assignmentRules", GOOD)
    (world.folder / "a folder").mkdir()
    (world.folder / "a link").symlink_to("nowhere")
    found = world.type("import", "src", "--out", "out", "--report", report)
    assert (found.code, "cannot be written" in found.err) == (2, True), found.err
    assert not (world.folder / "out").exists()


def test_paths_that_lead_nowhere_are_named(world: World) -> None:
    write(world.folder / "src", "assignmentRules", GOOD)
    loop = world.folder / "src" / "Case.workflow-meta.xml"
    loop.symlink_to(loop.name)
    found = world.type("import", "src", "n" * 300, "gone", "--out", "out", "--json")
    messages = [one["message"] for one in found.json["error"]["problems"]]
    assert found.code == 2
    assert [one.partition(": ")[0] for one in messages] == [
        "the file cannot be read", "the path cannot be read", "the path does not exist",
    ]  # fmt: skip


def test_a_formula_of_brackets_ends_in_a_fence(world: World) -> None:
    deep = "(" * 5_000 + "TRUE" + ")" * 5_000
    path = write(world.folder / "src", "assignmentRules", rule("assignmentRules", to_queue("A", formula=deep)))
    found = world.type("import", str(path), "--out", "out", "--json")
    assert found.code == 3
    assert "it is too large" in found.json["files"][0]["rules"][0]["entries"][0]["remarks"][0]["why"]
