"""Which files of the policy folder are policies."""

import os
from pathlib import Path

import pytest

from sfdc_escalator.errors import Invalid
from sfdc_escalator.wiring.policies import in_folder, policies, policy_paths
from sfdc_escalator.wiring.surroundings import Surroundings

TEXT = """policy: {}
routes:
  - {{name: a, reason: b, when: [{{field: Origin, is: Web}}], escalate: {{status: Escalated}}}}
"""


@pytest.fixture
def here(tmp_path: Path) -> Surroundings:
    made = Surroundings({}, tmp_path, lambda _seconds: None)
    made.policy_folder.mkdir(parents=True)
    return made


@pytest.mark.parametrize(
    "name", [".#t.yaml", "._t.yaml", ".old-draft.yaml", ".T.YAML", ".x.yml", "t.yaml~", "#t.yaml#", ".t.yaml.swp",
             "t.yaml.swp", "t.yaml.bak", ".DS_Store", "Thumbs.db", "README.md"],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["file", "folder", "link", "pipe"])
def test_what_editors_and_systems_leave_is_no_policy(name: str, kind: str, here: Surroundings) -> None:
    path = here.policy_folder / name
    if kind == "file":
        path.write_bytes(b"\0\5\x16\7")
    elif kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to("somebody@host.1234")
    else:
        os.mkfifo(path)
    with pytest.raises(Invalid, match="there is no policy"):
        policy_paths(here, ())
    (here.policy_folder / "t.yaml").write_text(TEXT.format("t"))
    assert policy_paths(here, ()) == [here.policy_folder / "t.yaml"]
    assert [policy.name for policy in policies(here, ()).policies] == ["t"]


@pytest.mark.parametrize("name", ["second.yml", "T.YAML", "x.Yml", "x.Yaml"])
def test_a_name_that_looks_like_a_policy_is_refused_by_name(name: str, here: Surroundings) -> None:
    (here.policy_folder / "t.yaml").write_text(TEXT.format("t"))
    (here.policy_folder / name).write_text(TEXT.format("u"))
    with pytest.raises(Invalid) as refusal:
        in_folder(here.policy_folder)
    assert name in str(refusal.value.problems[0])
    assert refusal.value.exit_code == 2


def test_a_hidden_file_that_is_named_is_taken(here: Surroundings) -> None:
    draft = here.policy_folder / ".draft.yaml"
    draft.write_text(TEXT.format("t"))
    assert [policy.name for policy in policies(here, [draft]).policies] == ["t"]


def test_a_file_that_is_named_twice_counts_once(here: Surroundings) -> None:
    path, other = here.policy_folder / "t.yaml", here.policy_folder / "u.yaml"
    path.write_text(TEXT.format("t"))
    other.write_text(TEXT.format("u"))
    again = path.parent / ".." / path.parent.name / path.name
    assert policy_paths(here, [path, other, path, again]) == [path, other]
    assert [policy.name for policy in policies(here, [path, again]).policies] == ["t"]


def test_a_link_to_nothing_is_never_said_to_mean_itself(here: Surroundings) -> None:
    link = here.policy_folder / "team.yaml"
    link.symlink_to("gone")
    with pytest.raises(Invalid) as refusal:
        policies(here, ())
    assert "the link leads nowhere" in refusal.value.problems[0].message
    assert refusal.value.problems[0].nearest is None


def test_a_conflicted_copy_of_a_policy_is_refused(here: Surroundings) -> None:
    for name in ("t.yaml", "t (conflicted copy).yaml"):
        (here.policy_folder / name).write_text(TEXT.format("t"))
    with pytest.raises(Invalid) as refusal:
        policies(here, ())
    assert "two files hold the policy `t`" in refusal.value.problems[0].message
