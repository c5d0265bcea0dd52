"""Valid policies with random edits, and a judge: a message with its place, or a policy that runs; never a traceback.

    $ .venv/bin/python -m tests.files.policy_mutants --seeds 2000

The seed makes a mutant repeatable; `--show` prints it.
"""

import argparse
import io
import json
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

from sfdc_escalator.cli.door import run_command_line
from sfdc_escalator.cli.process import surroundings_of_a_process
from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.files.policies import check_policies

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ODD = (
    "1", "-1", "0", "1e999", "99999999999999999999999", "0x1F", ".nan", "-.inf", "true", "null", "~", '""', "[]",
    "{}", "[[]]", "{a: b}", "2026-02-30", "2026-03-02T10:00:00Z", "0001-01-01", "12:30:45", "99999999999d",
    "5000 business days", "100%", "1_000", '"\\0"', '"\\ud800"', '"\\u202e"', "\u202eabc", "\x00", "\x1b[2J",
    "\u00df\u0130\u017f", "\U0001f600", "'", '"', "&a b", "*a", "!!python/object:os.system x", "!!binary aGk=",
    "!!set {a, b}", "!!timestamp 2026-01-01", "{{ 1/0 }}", "{Subject}", "{route}", "@x", "`", "%", "|", ">-", "- a",
    "? a", "a: b: c", "<<", "{<<: *a}", "{<<: [{a: 1}]}", "=", "(a|a)*b", "'('", "a" * 5000, "\u00e9" * 40000,
    "[1, [2, {3: [4]}]]", "words.x", "SELECT Id FROM Case", "Account.Owner.Manager.Name", "\ufeffx",
)  # fmt: skip
BYTES = (
    b"\x00",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\r",
    b"\t",
    b"\x85",
    b"\xe2\x80\xa8",
    b"\x7f",
    b"\x1b",
)
BOUND = 1_000_000
"""Calls of Python functions for one command, several times those of the largest shipped policy."""
NO_PLACE = ("and ", "no policy file")
"""The beginnings of messages about a file as a whole."""


@cache
def originals() -> list[bytes]:
    """Shipped policies, and the blocks of the policy page."""
    shipped = sorted((ROOT / "sfdc_escalator").rglob("*.yaml"))
    page = (ROOT / "config" / "policies" / "README.md").read_text(encoding="utf-8")
    policies = [path.read_bytes() for path in shipped if b"routes:" in path.read_bytes()]
    blocks = [block for block in FENCE.findall(page) if "routes:" in block]
    named = [block if "policy:" in block else f"policy: page\n{block}" for block in blocks]
    return list(filter(is_valid, [*policies, *[PLAIN.encode()] * 5, *(block.encode() for block in named)]))


def is_valid(policy: bytes) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "policy.yaml"
        path.write_bytes(policy)
        return all(one.severity == "warning" for one in check_policies([path]))


PLAIN = r"""policy: plain
description: Fields that every org has.
priorities: [Low, Medium, High, Critical]
words:
  hurry: [at once, urgent|pressing]
tables:
  wait:
    by: Priority
    values: {High: 4h, Medium: 2d}
    else: 5d
calendars:
  office: {timezone: Europe/Berlin, open: {mon-fri: "09:00-17:00"}}
scope:
  - {field: IsClosed, is: false}
defaults: {status: Escalated}
hold_while: {field: Reason, is: Legal}
routes:
  - name: urgent
    reason: The customer is in a hurry.
    rearm: 2d
    when:
      - any:
          - {field: Subject, contains_any: [urgent, broken]}
          - {field: Subject, matches: '(re|fwd):\s*\w+'}
    unless: [{field: Origin, in: [Chat, Phone]}]
    escalate:
      note: {help_needed: Call back.}
      priority: High
  - name: old
    reason: "It waits since {Case.CreatedDate}."
    when:
      - {age: CreatedDate, at_least: {table: wait}}
      - not: {field: Type, is: Question}
    escalate: {note: {help_needed: Have a look.}, priority: {by: Status, values: {New: Critical}, else: High}}
    due: {end_of: business_day, calendar: office, at_least: 1h}
    ladder:
      - {after: 30m, calendar: office, escalate: {priority: Critical}, until: acknowledged}
      - name: late
        formerly: overdue
        after_due: 0m
        escalate: {note: {help_needed: Act now.}, status: Late}
        repeat: {every: 4h, at_most: 2}
        until: closed
      - {name: last, after: {table: wait}, escalate: {}, until: closed}
    catch_up: highest
    acknowledged: {any: [{owner: user}, {field: Type, is: Problem}]}
examples:
  - {case: {Subject: urgent, Priority: Low}, age: 1h, expect: urgent}
guards: {max_cases: 10, max_share_of_open: 100%}
"""
Edit = Callable[[random.Random, list[str]], None]


def delete(chance: random.Random, lines: list[str]) -> None:
    del lines[chance.randrange(len(lines))]


def duplicate(chance: random.Random, lines: list[str]) -> None:
    start = chance.randrange(len(lines))
    lines[start:start] = lines[start : start + chance.randint(1, 12)] * chance.choice([1, 1, 1, 3, 40])


def swap(chance: random.Random, lines: list[str]) -> None:
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]


def indent(chance: random.Random, lines: list[str]) -> None:
    place = chance.randrange(len(lines))
    lines[place] = chance.choice([" ", "  ", "    ", "\t", ""]) + (
        lines[place] if chance.random() < 0.5 else lines[place].lstrip()
    )


def replace_value(chance: random.Random, lines: list[str]) -> None:
    place = chance.choice([n for n, line in enumerate(lines) if ":" in line] or [0])
    key, _, _ = lines[place].partition(":")
    lines[place] = f"{key}: {chance.choice(ODD)}"


def replace_token(chance: random.Random, lines: list[str]) -> None:
    """Another value in the place of one word or number."""
    place = chance.randrange(len(lines))
    tokens = list(re.finditer(r"[\w.%]+", lines[place]))
    if tokens:
        token = chance.choice(tokens)
        lines[place] = lines[place][: token.start()] + chance.choice(ODD) + lines[place][token.end() :]


def borrow(chance: random.Random, lines: list[str]) -> None:
    """A word of the file in the place of another."""
    place = chance.randrange(len(lines))
    tokens, words = list(re.finditer(r"[\w.%]+", lines[place])), re.findall(r"[\w.%]+", "\n".join(lines))
    if tokens:
        token = chance.choice(tokens)
        lines[place] = lines[place][: token.start()] + chance.choice(words) + lines[place][token.end() :]


def misspell(chance: random.Random, lines: list[str]) -> None:
    place = chance.choice([n for n, line in enumerate(lines) if re.search(r"\w+:", line)] or [0])
    keys = list(re.finditer(r"\w+(?=:)", lines[place]))
    if keys:
        at = chance.randrange(*(chance.choice(keys).span()))
        lines[place] = lines[place][:at] + chance.choice("xq_Z\u00e9-") + lines[place][at + 1 :]


def nest(chance: random.Random, lines: list[str]) -> None:
    place, depth = (
        chance.choice([n for n, line in enumerate(lines) if ":" in line] or [0]),
        chance.choice([10, 60, 300, 1000]),
    )
    key, _, value = lines[place].partition(":")
    before, after = chance.choice([("[", "]"), ("{a: ", "}"), ("{all: [", "]}"), ("{not: [", "]}"), ("[{any: ", "}]")])
    lines[place] = f"{key}: {before * depth}{value.strip() or 'x'}{after * depth}"


def alias(chance: random.Random, lines: list[str]) -> None:
    """An anchor on one value, and aliases or a merge key of it elsewhere; or aliases that multiply."""
    if chance.random() < 0.2:
        lines += [
            "a0: &a0 [x, x]",
            *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, chance.choice([4, 30]))),
        ]
        return
    places = [n for n, line in enumerate(lines) if ":" in line] or [0]
    for place, text in ((chance.choice(places), "&a "), (chance.choice(places), "*a"), (chance.choice(places), "*a")):
        key, _, value = lines[place].partition(":")
        lines[place] = f"{key}: {text}{value if text == '&a ' else ''}"
    if chance.random() < 0.3:
        lines.insert(chance.choice(places), chance.choice(["    <<: *a", "<<: *a", "  <<: &a [*a, *a]"]))


EDITS: tuple[Edit, ...] = (
    delete,
    duplicate,
    swap,
    indent,
    replace_value,
    replace_value,
    replace_token,
    borrow,
    borrow,
    misspell,
    nest,
    alias,
)


def mutant(seed: int, sources: list[bytes]) -> bytes:
    """The mutant of this seed: one to three edits of lines, then perhaps one of bytes."""
    chance = random.Random(seed)
    lines = chance.choice(sources).decode().split("\n")
    for _ in range(chance.choice([1, 1, 1, 1, 1, 1, 2, 3])):
        chance.choice(EDITS)(chance, lines)
        lines = lines or [""]
    edited = "\n".join(lines).encode("utf-8", "surrogatepass")
    kind = chance.random()
    at = chance.randrange(len(edited) + 1)
    if kind < 0.06:
        return edited[:at]
    if kind < 0.12:
        other = chance.choice(sources)
        return edited[:at] + other[chance.randrange(len(other)) :]
    if kind < 0.2:
        return edited[:at] + chance.choice(BYTES) + edited[at:]
    if kind < 0.23:
        return b"\xef\xbb\xbf" + edited
    if kind < 0.26:
        return edited.replace(b"\n", b"\r\n")
    return edited.decode().encode("utf-16") if kind < 0.27 else edited


@dataclass
class Judge:
    """Validates each mutant and rehearses it against an org where it is valid; `faults` are what must not be."""

    folder: Path
    environ: dict[str, str]
    codes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    most_calls: tuple[int, str] = (0, "")

    def type(self, name: str, *words: str) -> tuple[int, str]:
        out, err, start = io.StringIO(), io.StringIO(), time.monotonic()
        with redirect_stdout(out), redirect_stderr(err), counted() as calls:
            code = run_command_line(words, surroundings_of_a_process(self.environ, self.folder, lambda _: None))
        about = f"{name}: {' '.join(words)}"
        self.slowest = max(self.slowest, (time.monotonic() - start, about))
        self.most_calls = max(self.most_calls, (calls[0], about))
        if calls[0] > BOUND:
            self.faults.append(f"{about}: {calls[0]} calls")
        if "Traceback" in out.getvalue() + err.getvalue() or code == 1:
            self.faults.append(f"{about}: exit {code}: {(out.getvalue() + err.getvalue())[-500:]}")
        self.codes[f"{words[0]} {code}"] += 1
        return code, out.getvalue()

    def judge(self, name: str, text: bytes) -> None:
        path = self.folder / "mutant.yaml"
        path.write_bytes(text)
        code, shown = self.type(name, "validate", str(path))
        again, listed = self.type(name, "validate", "--format", "json", str(path))
        if (code, again) not in ((0, 0), (2, 2)):
            self.faults.append(f"{name}: validate ends with {code} and {again}")
            return
        problems: list[dict[str, Any]] = json.loads(listed)["problems"]
        if code == 2 and not (shown.strip() and any(one["severity"] == "error" for one in problems)):
            self.faults.append(f"{name}: refused without a problem")
        for one in problems:
            whole = one["message"].startswith(NO_PLACE)
            if not one["message"] or not one["file"] or not (one["line"] or whole):
                self.faults.append(f"{name}: a problem without its place: {one}")
        if code == 0:
            ended, said = self.type(name, "run", "--dry-run", "--json", "--backlog", "escalate", "--policy", str(path))
            if ended not in (0, 3, 4):
                self.faults.append(f"{name}: a valid policy ends with {ended}: {said[-400:]}")


@contextmanager
def counted() -> Iterator[list[int]]:
    """The number of calls of Python functions in this thread."""
    calls, before = [0], sys.getprofile()

    def count(_frame: FrameType, event: str, _about: object) -> None:
        calls[0] += event == "call"

    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(before)


@contextmanager
def court(folder: Path) -> Iterator[Judge]:
    """A judge with an org of four cases."""
    data = folder / "org"
    data.mkdir()
    rows = "CaseNumber,Subject,Status,Priority,CreatedDate\n" + "".join(
        f"{number},urgent refund {number},New,High,2026-02-2{number}T09:00:00Z\n" for number in range(1, 5)
    )
    (data / "Case.csv").write_text(rows)
    with EmbeddedOrg(data=data, now=datetime.fromisoformat("2026-03-02T15:00:00+00:00")) as org:
        home = {"SFDC_INSTANCE_URL": org.instance_url, "SFDC_ACCESS_TOKEN": org.access_token}
        state = {"XDG_STATE_HOME": str(folder / "state"), "HOME": str(folder)}
        yield Judge(folder, {**os.environ, **home, **state})


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/mutants")
    parser.add_argument("--seeds", type=int, default=1000, help="the number of mutants")
    parser.add_argument("--first", type=int, default=0, help="the seed of the first")
    parser.add_argument("--show", action="store_true", help="print the first mutant and nothing else")
    given = parser.parse_args()
    sources = originals()
    if given.show:
        sys.stdout.buffer.write(mutant(given.first, sources))
        return 0
    with tempfile.TemporaryDirectory() as folder, court(Path(folder)) as judge:
        for seed in range(given.first, given.first + given.seeds):
            known = len(judge.faults)
            judge.judge(f"seed {seed}", mutant(seed, sources))
            for fault in judge.faults[known:]:
                print(fault, flush=True)
    print(f"{given.seeds} mutants: {dict(judge.codes)}")
    print(f"slowest {judge.slowest[0]:.2f} s ({judge.slowest[1]})")
    print(f"most calls {judge.most_calls[0]} ({judge.most_calls[1]})")
    return 1 if judge.faults else 0


if __name__ == "__main__":
    sys.exit(main())
