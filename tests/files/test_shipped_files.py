"""What `init` writes for every team: the pages and recipes of this repository, and what starts runs on a machine."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import kubernetes_validate
import pytest
import yaml

from sfdc_escalator.cli.door import LazyGroup
from sfdc_escalator.files.first_hour.first_files import Setup, first_files
from sfdc_escalator.files.first_hour.machine import FOLDER, ORG, PROGRAM
from sfdc_escalator.files.first_hour.put_all import put_all

ROOT = Path(__file__).parents[2]
KUBERNETES = "1.37"
"""The version whose schemas are asked."""
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")
MANIFESTS = sorted((ROOT / "config/deploy/kubernetes").iterdir())
DOCUMENTS = [document for path in MANIFESTS for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))]


def sources() -> Iterator[Path]:
    """What a checkout has for its user, beside the policies of the demo."""
    for folder, _, names in os.walk(ROOT / "config", followlinks=True):
        yield from (Path(folder, name) for name in names if "__pycache__" not in folder)
    yield from (ROOT / "scripts/cron-run", ROOT / "constraints.txt")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    put_all(tmp_path, first_files(Setup("onboarding", "sandbox", "jwt", None, tmp_path, "/bin/true")), ())
    return tmp_path


def test_everything_that_a_checkout_has_is_written_as_it_is() -> None:
    """The lines for cron and systemd too, for the folder, program and org that they name there."""
    written = first_files(Setup("onboarding", ORG, "jwt", None, Path(FOLDER), PROGRAM))
    texts = {(path.suffix, text) for path, text in written.items()}
    missing = [path for path in sources() if (path.suffix, path.read_text(encoding="utf-8")) not in texts]
    assert [str(path.relative_to(ROOT)) for path in missing] == ["config/policies/member-support.yaml"]


def test_every_link_of_a_page_leads_to_a_file_that_is_written_too(home: Path) -> None:
    pages = [*home.rglob("*.md"), *ROOT.glob("*.md"), *ROOT.glob("config/**/*.md")]
    links = [(page, found) for page in pages for found in LINK.findall(page.read_text(encoding="utf-8"))]
    assert len(links) > 50
    assert [(str(page), link) for page, link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: f"{one['kind']} {one['metadata']['name']}")
def test_every_manifest_is_valid_by_the_schema_of_the_api(document: Any) -> None:
    kubernetes_validate.validate(document, KUBERNETES, strict=True)


def test_the_schema_finds_a_key_that_is_not_one() -> None:
    job = next(one for one in DOCUMENTS if one["kind"] == "CronJob")
    wrong = {**job, "spec": {**job["spec"], "concurencyPolicy": "Forbid"}}
    with pytest.raises(kubernetes_validate.ValidationError, match="concurencyPolicy"):
        kubernetes_validate.validate(wrong, KUBERNETES, strict=True)


def pods() -> Iterator[Any]:
    for document in DOCUMENTS:
        spec = document.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            yield spec["template"]["spec"]


def test_no_pod_may_be_root_or_write_beside_its_volume() -> None:
    assert len(list(pods())) == 4
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"]
        [container] = pod["containers"]
        allowed = container["securityContext"]
        assert (allowed["readOnlyRootFilesystem"], allowed["allowPrivilegeEscalation"]) == (True, False)
        assert allowed["capabilities"] == {"drop": ["ALL"]}
        [volume] = pod["volumes"]
        assert [(volume["name"], "/var/lib/escalation")] == [
            (one["name"], one["mountPath"]) for one in container["volumeMounts"]
        ]


def typed() -> Iterator[list[str]]:
    """The words behind `sfdc-escalator` in every manifest and unit."""
    yield from (pod["containers"][0]["args"] for pod in pods())
    for path in (ROOT / "config/deploy/systemd").glob("*.service"):
        [line] = re.findall("^ExecStart=(.*)", path.read_text(encoding="utf-8"), re.MULTILINE)
        words = shlex.split(line)
        yield words[1:] if words[0] == PROGRAM else ["run", *words[words.index("run.log") + 1 :]]


@pytest.mark.parametrize("words", [*typed()], ids=" ".join)
def test_every_command_that_a_machine_starts_is_one_of_the_program(words: list[str]) -> None:
    command: click.Command = LazyGroup("sfdc-escalator")
    rest = list(words)
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), rest.pop(0))
        assert found is not None
        command = found
    options = {name for one in command.params for name in one.opts}
    assert {word for word in rest if word.startswith("--")} <= options


def test_the_image_takes_only_files_that_are_there_and_is_not_root(home: Path) -> None:
    text = (home / "deploy/Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    taken = [word for key, *words in lines if key == "COPY" for word in words[:-1] if not word.startswith("--")]
    (home / "deploy/sfdc_escalator-1.0-py3-none-any.whl").touch()
    assert [word for word in taken if not word.startswith("/") and not list(home.glob(word))] == []
    assert [words for key, *words in lines if key == "USER"] == [["10001:10001"]]


def test_the_image_has_the_standard_library_compiled(home: Path) -> None:
    """Nothing that runs in it may write there, and that of Python has only the sources."""
    text = (home / "deploy/Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    [line] = [line for line in text.splitlines() if "compileall" in line]
    [words] = map(shlex.split, re.findall(r'"\$\(python (-c .*?)\)"', line))
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=60, check=True)
    assert (Path(done.stdout.strip()) / "dataclasses.py").is_file()
    assert text.index("compileall") < text.index("USER 10001")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not there")
def test_systemd_finds_nothing_wrong_with_the_units(home: Path) -> None:
    units = [str(path) for path in (home / "deploy/systemd").iterdir()]
    units = [unit.replace("@.", "@1.") for unit in units]
    (home / "runtime").mkdir()
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(home / "runtime")}
    words = ["systemd-analyze", "verify", "--man=no", *units]
    done = subprocess.run(words, env=environ, capture_output=True, text=True, timeout=60, check=False)
    ours = [line for line in done.stderr.splitlines() if "sfdc-escalator" in line]
    assert (done.returncode, ours) == (0, []), done.stderr
