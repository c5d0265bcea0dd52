"""The demo: the whole story on the embedded org, which ends with the way to your own."""

from tests.stories.world import World


def test_the_demo_shows_a_message_who_got_it_and_the_way_to_a_real_one(world: World) -> None:
    answer = world.type("demo")
    assert answer.code == 0, answer.out
    _, _, screen = answer.out.partition("5. The message about case 00001003, and who got it\n")
    message, _, after = screen.partition("The message went to the log of the run")
    lines = [line.strip() for line in message.splitlines()]
    assert "To the safety team, by the channel desk:" in lines
    assert any(line.endswith("ESCALATION 00001003: health-safety-legal") for line in lines)
    for line in ("| On call: extension 911", '| Found: Subject says "smoke"', "| Account.Name: Okafor household"):
        assert line in lines
    assert "config/orgs.yaml has the address:        ORG: {channels: {desk: env:DESK_URL}}" in after
    sent = [line for line in answer.err.splitlines() if '"event": "notice"' in line and "00001003" in line]
    assert len(sent) == 1
    assert '"recipient": "safety"' in sent[0]
