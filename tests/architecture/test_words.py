"""Phrases that no text for people may contain: pages, shipped files, scripts, help texts, texts and comments in code.

`python -m tests.architecture.test_words [ROOM]` lists the findings by room.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from sfdc_escalator.cli.door import COMMANDS, LazyGroup
from sfdc_escalator.files.first_hour.editor_schema import editor_schema

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "sfdc_escalator"
COLUMNS = 100

OUT: Mapping[str, str] = {
    r"(?<!there )\b(is|are) no\b(?! longer| more)": "is not a",
    r"(?<!there )\b(is|are) (?-i:none)\b": "there is no ..., is not one",
    r"\b(knows|says|tells|counts|leads to) no\b": "does not know a",
    r"\bfits? not\b": "does not match, no match",
    r"\bfits?\b(?! (in|into|within|together)\b)": "matches",
    r"\bso many\b": "at most N, this number of",
    r"\bso long (after|before)\b": "this long",
    r"\btold\b": "reported, recorded, notified, named",
    r"\btells\b": "says, reports, shows",
    r"\bsays? nothing\b": "is empty, has no value",
    r"\bsays something\b": "has a value",
    r"\botherwise than\b|\b(out|treated) otherwise\b": "differently, not as",
    r"\bin vain\b": "without effect",
    r"\bleft alone\b|\bleave it alone\b": "not matched, would not change it",
    r"\bnothing comes of\b": "has no effect",
    r"\bfor who\b|\bwho looks\b": "for people who",
    r"\bone's own\b": "your own",
    r"\bthe very\b|\bin earnest\b|\bof one mind\b|\ball is well\b": "a usual word",
    r"\blets? (us|nobody|anybody) in\b": "accepts the login",
    r"\bthe matter\b": "a usual word",
    r"\bleads? on to\b": "redirects to",
    r"\bbut for\b": "except",
    r"\bbeyond doubt\b|\bby heart\b": "a usual word",
    r"\bmade up for\b": "caught up",
    r"\bof somebody's\b|\bnobody's\b": "no one's",
    r"\bmended\b|\bmend\b": "corrected, correct",
}
PHRASE = re.compile("|".join(f"(?:{phrase})" for phrase in OUT), re.IGNORECASE)
OPENING = re.compile(r"(What|Whether|Who|Whose|How|Why|Where|So)\b")
"""How no docstring begins."""


class Text(NamedTuple):
    where: str
    text: str


class Finding(NamedTuple):
    where: str
    phrase: str
    around: str
    better: str

    def __str__(self) -> str:
        return f"{self.where}: `{self.phrase}` in ...{self.around}... ({self.better})"


# -- the code ------------------------------------------------------------------------------------------------------


def room_of(path: Path) -> str:
    """The sub-package, or the room where it has none."""
    return "/".join(path.relative_to(PACKAGE).parent.parts[:2]) or "."


def said(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every text of the code, an f-string as one."""
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.lineno, node.value


def comments(source: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield getattr(node, "lineno", 1), ast.get_docstring(node) or ""


def of_code(path: Path) -> Iterator[Text]:
    source, where = path.read_text(encoding="utf-8"), path.relative_to(ROOT)
    for line, text in (*said(ast.parse(source)), *comments(source)):
        if " " in text:
            yield Text(f"{where}:{line}", text)


def openings(path: Path) -> Iterator[Finding]:
    """Docstrings that begin with a question."""
    for line, text in docstrings(ast.parse(path.read_text(encoding="utf-8"))):
        if found := OPENING.match(text):
            yield Finding(
                f"{path.relative_to(ROOT)}:{line}", found[0], text.splitlines()[0][:60], "a verb, or what is returned"
            )


# -- pages, help, editor -------------------------------------------------------------------------------------------

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("config/**/*.md"))]
SHIPPED = sorted(
    {
        path
        for pattern in ("config/**/*.y*ml", "config/**/*.j2", "config/ci/check-*", "**/procedures/*.yaml", "**/*.j2")
        for path in (*ROOT.glob(pattern), *PACKAGE.glob(pattern))
        if ".venv" not in path.parts
    }
)
SCRIPTS = sorted(path for path in (ROOT / "scripts").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
FENCE = re.compile(r"^ *```(\w*)\n.*?^ *```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`]*`")


def emptied(text: str) -> str:
    """As many lines with nothing in them."""
    return "\n" * text.count("\n")


def of_page(path: Path) -> Iterator[Text]:
    """What the page itself says: no commands, no outputs, no messages that it quotes; examples are looked at."""
    text = FENCE.sub(lambda one: one[0] if one[1] == "yaml" else emptied(one[0]), path.read_text(encoding="utf-8"))
    yield from lines_of(path, CODE.sub(lambda one: emptied(one[0]), text))


def lines_of(path: Path, text: str) -> Iterator[Text]:
    """By paragraph, because a phrase may go over the end of a line."""
    for found in re.finditer(r"(?:.+\n?)+", text):
        number = text.count("\n", 0, found.start()) + 1
        yield Text(f"{path.relative_to(ROOT)}:{number}", re.sub(r"\s+#?\s*", " ", found[0]))


def of_commands() -> Iterator[Text]:
    group = LazyGroup("sfdc-escalator")
    for name in COMMANDS:
        command = group.get_command(click.Context(group), name)
        assert command is not None
        yield from of_command(name, command)


def of_command(name: str, command: click.Command) -> Iterator[Text]:
    yield Text(f"--help of {name}", f"{command.help} {command.short_help}")
    for parameter in command.params:
        yield Text(f"--help of {name} {parameter.name}", getattr(parameter, "help", None) or "")
    for inner, one in getattr(command, "commands", {}).items():
        yield from of_command(f"{name} {inner}", one)


def of_editor() -> Iterator[Text]:
    schema = editor_schema()
    for name, node in [("policy", schema), *schema["$defs"].items()]:
        yield Text(f"editor help of {name}", node.get("description", ""))
        for key, inner in node.get("properties", {}).items():
            yield Text(f"editor help of {name}.{key}", inner.get("description", ""))


# -- all of it -----------------------------------------------------------------------------------------------------


def findings(texts: Iterator[Text]) -> Iterator[Finding]:
    for where, text in texts:
        for found in PHRASE.finditer(text):
            around = " ".join(text[max(0, found.start() - 40) : found.end() + 40].split())
            yield Finding(where, " ".join(found[0].split()), around, better_than(text, found.start()))


def better_than(text: str, start: int) -> str:
    """The words to use in place of the phrase that starts there."""
    return next(better for phrase, better in OUT.items() if re.compile(phrase, re.IGNORECASE).match(text, start))


def everything() -> dict[str, list[Finding]]:
    """The findings of each room, also where there are none."""
    rooms: dict[str, list[Finding]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        rooms.setdefault(room_of(path), []).extend([*findings(of_code(path)), *openings(path)])
    rooms["pages"] = [one for path in PAGES for one in findings(of_page(path))]
    shipped = ((path, path.read_text(encoding="utf-8")) for path in SHIPPED)
    rooms["shipped files"] = [one for path, text in shipped for one in findings(lines_of(path, text))]
    scripts = ((path, path.read_text(encoding="utf-8")) for path in SCRIPTS)
    rooms["scripts"] = [one for path, text in scripts for one in findings(lines_of(path, text))]
    rooms["help"] = list(findings(of_commands()))
    rooms["editor"] = list(findings(of_editor()))
    return rooms


ROOMS = everything()


@pytest.mark.parametrize("room", ROOMS)
def test_no_phrase_that_is_out_stands_in_a_room(room: str) -> None:
    assert [str(one) for one in ROOMS[room]] == []


def test_the_phrases_find_what_they_are_for() -> None:
    old = "It is no case. It fits not. So many are told. This says nothing."
    assert [one.phrase for one in findings(iter([Text("", old)]))] == [
        "is no",
        "fits not",
        "So many",
        "told",
        "says nothing",
    ]
    assert list(findings(iter([Text("", "It is no longer open, and fits into a note.")]))) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_prose_wraps_at_a_hundred_columns(page: Path) -> None:
    """Tables, code and lines of a single long link or word go on."""
    prose = FENCE.sub(lambda one: emptied(one[0]), page.read_text(encoding="utf-8")).splitlines()
    long = [(number, line) for number, line in enumerate(prose, 1) if len(line) > COLUMNS]
    assert [one for one in long if not one[1].lstrip().startswith("|") and " " in one[1].strip()[:COLUMNS]] == []


if __name__ == "__main__":
    wanted = sys.argv[1:] or list(ROOMS)
    for room in wanted:
        print(f"{len(ROOMS[room]):>5}  {room}")
        if sys.argv[1:]:
            print("\n".join(f"       {one}" for one in ROOMS[room]))
