"""The shipped policies as files: what stands commented in them is right when somebody takes the comment away."""

import re
from importlib import resources
from pathlib import Path

import pytest

from sfdc_escalator.files.first_hour.scaffold import procedures
from sfdc_escalator.files.policies import check_policies

EXTRA = re.compile(r"( *)# (- \{.*|[a-z_]+:( [\[{].*)?)")
FOLDER = resources.files("sfdc_escalator.files.first_hour").joinpath("procedures")


def lines_of(procedure: str) -> list[str]:
    return FOLDER.joinpath(f"{procedure}.yaml").read_text(encoding="utf-8").splitlines()


EXTRAS = [
    (procedure, number)
    for procedure in sorted(procedures())
    for number, line in enumerate(lines_of(procedure))
    if EXTRA.fullmatch(line)
]


def indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def uncommented(lines: list[str], number: int) -> str:
    """The policy with this extra, in place of what the same key says in the same mapping."""
    here = indent(lines[number])
    end = number + 1
    while end < len(lines) and re.match(rf"^ {{{here}}}#   ", lines[end]):
        end += 1
    said = [line.replace("# ", "", 1) for line in lines[number:end]]
    key = re.match(r" *([a-z_]+:)", said[0])
    kept, after = lines[:number], lines[end:]
    if key:
        kept = kept[: start_of(kept, here, key[1])] + rest_of(kept, start_of(kept, here, key[1]), here)
    return "\n".join([*kept, *said, *after]) + "\n"


def start_of(lines: list[str], here: int, key: str) -> int:
    """Where the key is said last, above in the same mapping; at the end where it is not."""
    for number in range(len(lines) - 1, -1, -1):
        if lines[number].strip() and indent(lines[number]) < here:
            break
        if lines[number].startswith(" " * here + key):
            return number
    return len(lines)


def rest_of(lines: list[str], start: int, here: int) -> list[str]:
    after = start + 1
    while after < len(lines) and indent(lines[after]) > here:
        after += 1
    return lines[after:]


def test_there_are_extras_to_take() -> None:
    assert len(EXTRAS) >= 20
    assert {procedure for procedure, _ in EXTRAS} == set(procedures())


@pytest.mark.parametrize(("procedure", "number"), EXTRAS)
def test_a_commented_extra_is_right_when_it_is_taken(tmp_path: Path, procedure: str, number: int) -> None:
    text = uncommented(lines_of(procedure), number)
    path = tmp_path / f"{procedure}.yaml"
    path.write_text(text, encoding="utf-8")
    assert [str(one) for one in check_policies([path])] == []


def test_what_a_procedure_is_about_is_one_sentence_on_its_first_line() -> None:
    for about in procedures().values():
        assert re.fullmatch(r"[A-Z].{20,110}\.", about), about
