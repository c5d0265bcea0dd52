"""The lines for cron and the units for systemd, with the folder, the program and the org of a team.

As they stand under `config/deploy` they are valid for the folder, the program and the org below.
"""

import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

FOLDER, PROGRAM, ORG = "/srv/escalation", "/opt/sfdc-escalator/bin/sfdc-escalator", "sandbox"
PLAIN = re.compile(r"[\w./~][\w./~@:?=&+,-]*|--?[\w-]+", re.ASCII)
TIMES = re.compile(r"((?:[\d*/,-]+ ){5})(.*)")


def for_this_machine(path: Path, text: str, chosen: Mapping[str, str]) -> str:
    """The text of a crontab or a unit with the chosen values for FOLDER, PROGRAM and ORG; that of another file as it
    is."""
    if path.name != "crontab" and path.suffix != ".service":
        return text
    line = crontab_line if path.name == "crontab" else unit_line
    return "".join(line(one, chosen) for one in text.splitlines(keepends=True))


def crontab_line(line: str, chosen: Mapping[str, str]) -> str:
    found = TIMES.fullmatch(line.rstrip("\n"))
    if not found:
        return in_comment(line, chosen)
    words = shlex.join(words_of(found[2], chosen))
    return found[1] + words.replace("%", "\\%") + "\n"  # for cron a bare one ends the line


def unit_line(line: str, chosen: Mapping[str, str]) -> str:
    key, _, value = line.rstrip("\n").partition("=")
    if key == "WorkingDirectory":
        return f"{key}={value.replace(FOLDER, chosen[FOLDER]).replace('%', '%%')}\n"
    if key == "ExecStart":
        return f"{key}={command_of(words_of(value, chosen))}\n"
    return in_comment(line, chosen)


def in_comment(line: str, chosen: Mapping[str, str]) -> str:
    return line.replace(FOLDER, chosen[FOLDER]) if line.startswith("#") else line


def words_of(command: str, chosen: Mapping[str, str]) -> Iterable[str]:
    words = shlex.split(command)
    return [chosen.get(word) or word.replace(FOLDER + "/", chosen[FOLDER] + "/") for word in words]


def command_of(words: Iterable[str]) -> str:
    """The words as systemd reads them. It replaces variables in all words but the first, the program."""
    program, *others = words
    return " ".join([quoted(program, str), *(quoted(word, lambda text: text.replace("$", "$$")) for word in others)])


def quoted(word: str, escaped: Callable[[str], str]) -> str:
    if PLAIN.fullmatch(word):
        return word
    return '"' + escaped(word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")) + '"'
