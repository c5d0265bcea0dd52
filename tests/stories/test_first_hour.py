"""The first hour as a stranger walks it: the README's commands as they stand there, and those that `init` prints."""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.stories.world import World

ROOT = Path(__file__).parents[2]
HOUR = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## The first hour\n")[2].partition("\n## ")[0]
BLOCK = re.compile(r"^ *```text\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
SAMPLE = ROOT / "sfdc_escalator" / "sample" / "org"
SETUP, SERVE = "scripts/setup-venv", "sfdc-escalator org serve"


def typed_and_seen() -> Iterator[tuple[str, list[str]]]:
    """Each command of the first hour, with the lines that the page shows below it."""
    for block in BLOCK.findall(HOUR):
        for part in re.split(r"^ *\$ ", block, flags=re.MULTILINE)[1:]:
            command, *seen = (line.strip() for line in part.splitlines())
            yield command, [line for line in seen if line not in ("", "...")]


def plain(text: str) -> str:
    return " ".join(text.split())


def lacks(seen: list[str], output: str) -> list[str]:
    """The lines of the page that the output does not have, in their order; `...` stands for any text."""
    lines, missing = iter(map(plain, output.splitlines())), []
    for line in seen:
        wanted = ".*".join(re.escape(piece.strip()) for piece in plain(line).split("..."))
        if not any(re.fullmatch(wanted.replace(".*", " ?.* ?"), found) for found in lines):
            missing.append(line)
    return missing


@pytest.fixture
def served(world: World) -> Iterator[dict[str, str]]:
    """The embedded org, started by the very line of the page, in the checkout."""
    (line,) = [command for command, _ in typed_and_seen() if command.startswith(SERVE)]
    environ = {"PATH": f"{ROOT}/.venv/bin:/usr/bin:/bin", "HOME": str(world.folder)}
    words = shlex.split(line)
    with subprocess.Popen(words, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            answer: dict[str, str] = json.loads(server.stdout.readline())
            yield answer
        finally:
            server.terminate()


def test_every_command_of_the_first_hour_works_as_it_stands_in_the_readme(world: World, served: dict[str, str]) -> None:
    steps = [step for step in typed_and_seen() if step[0] != SETUP and not step[0].startswith(SERVE)]
    assert len(steps) > 12
    assert os.access(ROOT / SETUP, os.X_OK)
    login = f"SFDC_INSTANCE_URL={served['instance_url']}\nSFDC_ACCESS_TOKEN={served['access_token']}\n"
    script = ["exec 2>&1"]
    for command, _ in steps:
        script += [command.replace("--org sandbox", "--org env"), "code=$?; echo; echo @@ $code"]
        if command.startswith("cp .env.example .env"):
            script.append(f"printf %s {shlex.quote(login)} >>.env")  # as the page asks
    home = world.folder / "my home"
    home.mkdir()
    answers = {"SFDC_ESCALATOR_PROCEDURE": "member-support"}  # `init` would ask for it
    done = world.spawn(
        "/bin/bash", "-c", "\n".join(script), cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), "COLUMNS": "120", **answers},
    )  # fmt: skip
    answered = re.findall(r"(.*?)\n@@ (\d+)\n", done.out, re.DOTALL)
    assert len(answered) == len(steps), done.out
    assert served["access_token"].partition("!")[2] not in done.out
    for (command, seen), (output, code) in zip(steps, answered, strict=True):
        assert (command, lacks(seen, output)) == (command, []), output
        assert (command, int(code)) == (command, 4 if "withheld" in " ".join(seen) else 0), output


def test_every_command_that_init_prints_works_where_it_says(world: World) -> None:
    made = world.type("init", str(world.folder / "my team"), "--procedure", "member-support", "--login", "token")
    (place,) = re.findall(r"in the folder (.*):$", made.out, re.MULTILINE)
    program = re.findall(r"then: +(.*) validate$", made.out, re.MULTILINE)[0]
    commands = re.findall(rf"  (cp .*|{re.escape(program)} .*)$", made.out, re.MULTILINE)
    assert len(commands) == 9
    org = EmbeddedOrg(data=SAMPLE)
    world.orgs.append(org.__enter__())
    world.folder = Path(place)
    for name, old, new in (
        ("config/orgs.yaml", r"https://YOURCOMPANY.*", org.instance_url),
        ("config/policies/member-support.yaml", "Support_Staff", "Member_Support"),
        ("config/policies/member-support.yaml", "Logistics_Returns", "Logistics_RMA"),
    ):
        path = world.folder / name
        path.write_text(re.sub(old, new, path.read_text()))
    for command in commands:
        words = shlex.split(command.replace("NUMBER", "00001003"), comments=True)
        if command.startswith("cp "):
            answer = world.spawn("/bin/sh", "-c", command, cwd=world.folder)
            env = world.folder / ".env"
            env.write_text(env.read_text().replace("SFDC_TOKEN=''", f"SFDC_TOKEN='{org.access_token}'"))
        else:
            answer = world.type(*words[len(shlex.split(program)) :])
        assert (command, answer.code) == (command, 4 if "--dry-run" in command else 0), answer
