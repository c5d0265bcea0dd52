"""Nothing secret is told. Every story checks its outputs, ledgers and logs at its end; here, that this check sees."""

from pathlib import Path

import pytest

from tests.stories.world import World

POLICY = """
policy: support
routes: [{name: high, reason: High., when: [{field: Priority, is: High}], escalate: {status: Escalated}}]
guards: {most_share_of_open: 100%}
"""


@pytest.mark.parametrize("place", ["output", "state/run.db", "run.log", "m.json"])
def test_a_secret_that_leaks_anywhere_is_seen(tmp_path: Path, world: World, place: str) -> None:
    watched = World(tmp_path / "inner", world.monkeypatch, world.capsys)
    watched.folder.mkdir()
    watched.secrets.add("hush.hush.hush")
    assert watched.leaks() == []
    if place == "output":
        watched.told.append("the token is hush.hush.hush")
    else:
        path = watched.folder / place
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"\x00\xffhush.hush.hush\x00")
    assert [leak.split(" in ")[0] for leak in watched.leaks()][:1] == ["hush..."]


def test_a_case_that_holds_our_own_token_does_not_spread_it(world: World) -> None:
    world.policy(POLICY)
    org = world.org(Case=[{"CaseNumber": "1", "Priority": "High", "Subject": "x"}])
    answer = world.run("--backlog", "escalate")
    assert answer.code == 0
    assert org.access_token not in answer.out + answer.err


def test_the_process_list_shows_no_secret(world: World) -> None:
    """No option takes a secret: what a program is started with can be read by everybody on the machine."""
    from sfdc_escalator.cli.door import COMMANDS

    for name in COMMANDS:
        help_text = world.type(name, "--help").out.lower()
        assert "--password" not in help_text
        assert "--token" not in help_text
        assert "--secret" not in help_text
