"""An app with refresh token rotation: each token is good for one login, and the next one is stored in its place."""

import os
import stat
import threading
from pathlib import Path

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.embedded_org.rest.oauth import ConnectedApp
from sfdc_escalator.files.text.fault import Fault
from sfdc_escalator.files.values import secret_file
from sfdc_escalator.files.values.secret_file import alone_with, store
from tests.stories.test_logins import POLICY, started, typed
from tests.stories.world import Answer, World, no_wait, writes

FIRST = "the.first.refresh.token"
APP = ConnectedApp("the.consumer.key", refresh_token=FIRST, rotates=True)
LOGIN = "flow: refresh_token, token_url: {url}, client_id: the.consumer.key, refresh_token: '%s'"


@pytest.fixture
def home(world: World) -> World:
    world.policy(POLICY)
    (world.folder / "config").mkdir()
    (world.folder / "mine").mkdir()
    world.secrets.add(FIRST)
    file(world).write_text(f"{FIRST}\n")
    file(world).chmod(0o600)
    return world


def file(world: World) -> Path:
    return world.folder / "mine" / "rt.secret"


def run(world: World, org: EmbeddedOrg, reference: str = "file:mine/rt.secret", *words: str) -> Answer:
    return typed(world, org, LOGIN % reference, *words)


def test_a_new_refresh_token_takes_the_place_of_the_old_one(home: World) -> None:
    org = started(home, APP)
    file(home).chmod(0o400)
    assert run(home, org, "file:mine/rt.secret", "--dry-run").code == 0
    second = file(home).read_text()
    assert second.strip() != FIRST
    assert stat.S_IMODE(file(home).stat().st_mode) == 0o400
    for _ in range(2):
        answer = run(home, org)
        assert (answer.code, answer.err) == (0, "") or "planned" in answer.err
    assert file(home).read_text() != second
    assert sum(one["object"] == "CaseComment" for one in writes(org)) == 1
    assert os.listdir(home.folder / "mine") == ["rt.secret"]


def test_a_link_to_the_token_stays_a_link(home: World) -> None:
    link = home.folder / "rt.link"
    link.symlink_to(file(home))
    org = started(home, APP)
    assert run(home, org, "file:rt.link", "--dry-run").code == 0
    assert link.is_symlink()
    assert file(home).read_text().strip() != FIRST
    assert run(home, org, "file:rt.link", "--dry-run").code == 0


def test_a_login_in_the_middle_of_a_run_stores_its_token_too(home: World) -> None:
    fault = '[{"kind": "session", "match": {"method": "POST", "path": "/composite", "nth": 3}, "times": 1}]'
    org = started(home, APP, fault)
    assert run(home, org).code == 0
    assert run(home, org, "file:mine/rt.secret", "--dry-run").code == 0
    assert sum(one["object"] == "CaseComment" for one in writes(org)) == 1


REFERENCES = {"env": "env:RT", "cmd": f"cmd:printf {FIRST}"}


@pytest.mark.parametrize("kind", REFERENCES)
def test_where_a_token_cannot_be_stored_the_first_login_says_so(home: World, kind: str) -> None:
    home.environ["RT"] = FIRST
    org = started(home, APP)
    answer = run(home, org, REFERENCES[kind], "--dry-run")
    assert answer.code == 0
    assert "refresh token rotation" in answer.err
    assert "cannot be written" in answer.err
    assert "file:PATH" in answer.err
    refused = run(home, org, REFERENCES[kind], "--dry-run")
    assert refused.code == 5
    assert "Refresh Token Rotation" in refused.err


@pytest.mark.parametrize("kind", REFERENCES)
def test_a_token_that_cannot_be_stored_serves_the_rest_of_its_run(home: World, kind: str) -> None:
    home.environ["RT"] = FIRST
    fault = '[{"kind": "session", "match": {"method": "POST", "path": "/composite", "nth": 3}, "times": 1}]'
    org = started(home, APP, fault)
    assert run(home, org, REFERENCES[kind]).code == 0
    assert sum(one["object"] == "CaseComment" for one in writes(org)) == 1


def test_a_file_that_cannot_be_written_is_named_with_the_next_step(
    home: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_target: str, _secret: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(secret_file, "_replace", full)
    monkeypatch.setattr(secret_file, "_overwrite", full)
    org = started(home, APP)
    answer = run(home, org)
    assert answer.code == 0
    assert f"{file(home)} cannot be written: no space left on device" in answer.err
    assert "Log in once more by hand" in answer.err
    assert file(home).read_text().strip() == FIRST


def test_a_token_whose_folder_cannot_be_written_is_written_in_its_file(
    home: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the file alone is mounted into a container."""

    def busy(_source: str, _target: str) -> None:
        raise OSError(16, "Device or resource busy")

    org = started(home, APP)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", busy)
        assert run(home, org, "file:mine/rt.secret", "--dry-run").code == 0
    assert os.listdir(home.folder / "mine") == ["rt.secret"]
    assert run(home, org, "file:mine/rt.secret", "--dry-run").code == 0


def test_an_app_without_rotation_leaves_the_file_alone(home: World) -> None:
    org = started(home, ConnectedApp("the.consumer.key", refresh_token=FIRST))
    before = file(home).stat()
    assert run(home, org, "file:mine/rt.secret", "--dry-run").code == 0
    after = file(home).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_runs_at_the_same_moment_use_each_token_once(home: World) -> None:
    """A second use of a token would end its successor."""
    org = started(home, APP)
    assert run(home, org, "file:mine/rt.secret", "--dry-run").code == 0  # writes config/orgs.yaml
    codes: list[int] = []

    def one() -> None:
        from sfdc_escalator.wiring.orgs import connect

        with connect(home.surroundings(), "acme"):
            codes.append(0)

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [0] * 6
    assert run(home, org, "file:mine/rt.secret", "--dry-run").code == 0


def test_a_token_that_another_program_stored_meanwhile_is_used(home: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system without locks, or from a program that does not lock."""
    org = started(home, ConnectedApp("the.consumer.key", refresh_token="the.second.refresh.token", rotates=False))
    from sfdc_escalator.salesforce.login import login as logins

    real = logins.refresh_token

    def form(values: logins.Values) -> dict[str, str]:
        file(home).write_text("the.second.refresh.token")
        return dict(real(values))

    monkeypatch.setitem(logins.FORMS, "refresh_token", form)
    home.secrets.add("the.second.refresh.token")
    assert run(home, org, "file:mine/rt.secret", "--dry-run").code == 0


def test_a_process_that_never_lets_go_of_the_token_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_file, "LONGEST", 0.0)
    path = str(tmp_path / "rt")
    refused = pytest.raises(Fault, match="another process is logging in")
    with alone_with(path, no_wait), refused, alone_with(path, no_wait):
        pass


def test_a_file_keeps_its_mode_and_gets_one_line(tmp_path: Path) -> None:
    path = tmp_path / "rt"
    path.write_text("a much longer token than the next one\n")
    path.chmod(0o640)
    store(str(path), "next")
    assert path.read_text() == "next\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    secret_file._overwrite(str(path), "n")
    assert path.read_text() == "n\n"
