"""Notes from Quick Texts of the org, over real HTTP: merge fields, parts of the note, texts of the route."""

from tests.stories.world import Row, World, select

POLICY = """
policy: support
teams: {leads: {queue: Leads}}
defaults:
  note: {quick_text: ["HIP {route}", Escalations], parts: {reason: {from: route.reason}, steps: {from: Description}}}
routes:
  - name: asked
    reason: The customer asked.
    when: [{field: Type, is: Problem}]
    escalate: {note: {help: Call.}, queue: leads}
  - {name: rest, reason: Everybody else., when: [{field: Type, is: Question}], escalate: {queue: leads}}
"""
GROUPS = [{"Type": "Queue", "DeveloperName": "Leads", "Name": "Leads"}]
OWN = "Call {!Contact.Name} of {!Account.Name} ({!Contact.Phone}) on {!Case.CaseNumber}.\r\n{reason} {route.help}"
GENERAL = "General: {!Case.Subject}\n{parts}"


def started(world: World, own: str = OWN, **more: str) -> list[Row]:
    world.policy(POLICY)
    org = world.org(
        Account=[{"Name": "Acme"}],
        Contact=[{"FirstName": "Kim", "LastName": "Lee", "Phone": "+1 555 0100"}],
        Case=[
            {"CaseNumber": "00000001", "Type": "Problem", "AccountId": "Acme", "ContactId": "Kim Lee", **more},
            {"CaseNumber": "00000002", "Type": "Question", "Subject": "Where?", "Description": "Looked everywhere."},
        ],
        Group=GROUPS,
        QuickText=[{"Name": "HIP asked", "Message": own}, {"Name": "escalations", "Message": GENERAL}],
    )
    world.run("--backlog", "escalate")
    return select(org, "SELECT CommentBody FROM CaseComment ORDER BY ParentId")


def test_a_note_is_the_routes_quick_text_with_everything_filled_in(world: World) -> None:
    lines = started(world)[0]["CommentBody"].splitlines()
    assert lines[0] == "Call Kim Lee of Acme (+1 555 0100) on 00000001."
    assert lines[1] == "The customer asked. Call."
    assert lines[2:6] == ["", "Steps:", "not recorded", ""]
    assert lines[6].endswith(" support/asked/start/1/1")


def test_a_route_without_one_of_its_own_takes_the_general_quick_text(world: World) -> None:
    note = started(world)[1]["CommentBody"]
    assert note.startswith("General: Where?\nReason:\nEverybody else.\n\nSteps:\nLooked everywhere.\n\nESC-")


def test_an_unknown_placeholder_is_reported_with_its_line(world: World) -> None:
    assert len(started(world, "Hello {nobody}")) == 1
    actual = world.type("validate", "--org", "env").out
    assert "policy.yaml:5:22: the Quick Text 'HIP asked' holds {nobody}" in actual


def test_a_quick_text_with_a_missing_field_holds_its_own_cases(world: World) -> None:
    notes = started(world, "Dear {!Contact.Nickname}")
    assert len(notes) == 1
    answer = world.run("--dry-run")
    reason = "the Quick Text 'HIP asked' holds Contact.Nickname, a field that cannot be read"
    held = [one["reason"] for one in answer.json["escalations"] if one["state"] == "held"]
    assert (answer.code, held) == (3, [reason])
    actual = world.type("validate", "--org", "env").out
    assert "policy.yaml:5:22: the Quick Text 'HIP asked' holds {!Contact.Nickname}" in actual


def test_merge_fields_are_read_also_without_a_condition_or_part_that_reads_them(world: World) -> None:
    notes = started(world, "{!Case.Description}, {Account.Type} of {!Account.Name}. {parts}", Description="It broke.")
    assert notes[0]["CommentBody"].startswith("It broke.,  of Acme. ")
