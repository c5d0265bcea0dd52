"""What is shipped: the wheel's content, and files that speak of no particular machine."""

import configparser
import json
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import sfdc_escalator
from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.files.first_hour.first_files import Setup, first_files

ROOT = Path(__file__).parents[2]
BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
SHARED_BY_ALL = ("README.md", "LICENSE", "setup.cfg", "pyproject.toml", "constraints.txt")
POLICY = "{policy: p, routes: [{name: r, reason: R., when: [{field: Status, is: New}], escalate: {status: Escalated}}]}"
SUFFIXES = {".py", ".cfg", ".toml", ".txt", ".yaml", ".yml", ".j2", ".md", ".csv", ".lark", ".json", ".html", ".sh", ""}
PLACES = re.compile(r"(?<![\w.])/(?:home|root|work|Users)/\w|file://|https?://[^\s\"'/]*(?:pypi|artifactory|nexus)")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the tree."""
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("out")
    for name in SHARED_BY_ALL:
        shutil.copy(ROOT / name, copy)
    for folder in ("sfdc_escalator", "tests", "config", "scripts"):
        shutil.copytree(ROOT / folder, copy / folder, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(out)], cwd=copy, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    [wheel] = out.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(built: Path) -> set[str]:
    """The names in the wheel."""
    with zipfile.ZipFile(built) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of a fresh environment, which holds the wheel and sees the libraries of this one alone."""
    fresh = tmp_path_factory.mktemp("fresh") / "venv"
    venv.create(fresh, symlinks=True)
    site = next(fresh.glob("lib/python*/site-packages"))
    (site / "libraries.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    pip = [sys.executable, "-m", "pip", "--quiet", "--python", str(fresh / "bin" / "python")]
    words = [*pip, "install", "--no-deps", "--no-index", "--no-compile", "--disable-pip-version-check", str(built)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return fresh / "bin" / "sfdc-escalator"


def typed(home: Path, *words: str | Path, **environ: str) -> str:
    """The output of a command, typed in the folder, in an environment as cron has it."""
    bare, given = {"PATH": "/usr/bin:/bin", **environ}, [*map(str, words)]
    done = subprocess.run(given, cwd=home, env=bare, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def test_an_installed_wheel_has_everything_that_a_checkout_has(installed: Path, tmp_path: Path) -> None:
    """From `init` to a run of cron, and the completion of a shell."""
    home = tmp_path / "my team"
    typed(tmp_path, installed, "init", "my team", "--procedure", "onboarding", "--login", "token")
    here = first_files(Setup("onboarding", "sandbox", "token", None, home, str(installed)))
    assert {path: (home / path).read_text() for path in here} == here
    assert typed(home, installed, "validate") == "ok (config/policies/onboarding.yaml)\n"
    (home / "config/policies/onboarding.yaml").write_text(POLICY)
    with EmbeddedOrg() as org:
        entry = {"flow": "token", "instance_url": org.instance_url, "access_token": "env:HUSH"}
        (home / "config/orgs.yaml").write_text(json.dumps({"sandbox": entry}))
        (home / ".env").write_text(f"HUSH={org.access_token}")
        (home / ".env").chmod(0o600)
        line = (home / "deploy/crontab").read_text().splitlines()[-1].removeprefix("*/10 * * * * ")
        assert typed(Path("/"), "/bin/sh", "-c", line, XDG_STATE_HOME=str(tmp_path)) == ""
    assert json.loads((home / "run.log").read_text())["exit"] == 0
    asked = ('eval "$("$0" completion bash)"; COMP_WORDS=(. r); COMP_CWORD=1', '_sfdc_escalator_completion "$0"')
    completed = typed(home, "/bin/bash", "-c", "; ".join([*asked, 'echo "${COMPREPLY[@]}"']), installed)
    assert {"report", "run"} <= {*completed.split()}


def shipped(folder: Path) -> set[str]:
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(ROOT)) for path in files}


def test_the_wheel_holds_every_file_of_the_package(wheel: set[str]) -> None:
    assert sorted(shipped(ROOT / "sfdc_escalator") - wheel) == []


def test_the_wheel_holds_nothing_but_the_package(wheel: set[str]) -> None:
    strangers = {name for name in wheel if not name.startswith(("sfdc_escalator/", "sfdc_escalator-"))}
    assert sorted(strangers) == []


def test_the_version_is_said_once(wheel: set[str]) -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    assert config["metadata"]["version"] == "attr: sfdc_escalator.__version__"
    assert f"sfdc_escalator-{sfdc_escalator.__version__}.dist-info/METADATA" in wheel


def test_pyproject_holds_only_the_build_system() -> None:
    assert list(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))) == ["build-system"]


def test_every_requirement_is_pinned() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    asked = [config["options"]["install_requires"], *config["options.extras_require"].values(), "setuptools"]
    names = {normal(line) for text in asked for line in text.splitlines() if line.strip()}
    pins = [line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if line[:1] not in "#"]
    assert [pin for pin in pins if not re.match(r"[a-z0-9.-]+==[\w.]+( ; .+)?$", pin)] == []
    assert sorted(names - {normal(pin) for pin in pins}) == []


def normal(requirement: str) -> str:
    """The name alone, as the package index spells it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0]).lower()


def test_no_file_speaks_of_a_particular_machine() -> None:
    top = [
        path
        for path in ROOT.iterdir()
        if path.is_file() and path.name != ".git" and not path.name.startswith(".coverage")
    ]
    folders = ("sfdc_escalator", "tests", "scripts", "config", "docs", ".ci")
    deep = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    ours = [path for path in (*top, *deep) if path.suffix in SUFFIXES and path != Path(__file__)]
    wrong = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in ours
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if PLACES.search(line)
    ]
    assert len(ours) > 10
    assert wrong == []
