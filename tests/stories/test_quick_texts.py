"""Stories of Quick Texts: a note that an admin keeps in the org, filled from the case and the records around it."""

from tests.stories.world import World

POLICY = """
policy: support
teams: {leads: {queue: Leads}}
defaults: {note: {quick_text: ["HIP {route}", Escalations]}}
routes:
  - {name: late, reason: Late., when: [{age: CreatedDate, at_least: 2h}], escalate: {queue: leads}}
"""
CASE = {
    "CaseNumber": "00000001",
    "CreatedDate": "2026-03-01T00:00:00Z",
    "Subject": "It broke",
    "Description": "It broke again.",
    "AccountId": "Acme",
    "ContactId": "Kim Li",
}


def note(world: World, message: str) -> dict[str, str]:
    """The planned escalation of the case: what its note holds, and how it ends."""
    world.policy(POLICY)
    world.org(
        Case=[CASE],
        Group=[{"Type": "Queue", "DeveloperName": "Leads", "Name": "Leads"}],
        Account=[{"Name": "Acme", "Type": "Partner"}],
        Contact=[{"FirstName": "Kim", "LastName": "Li", "Name": "Kim Li", "AccountId": "Acme"}],
        QuickText=[{"Name": "Escalations", "Message": message}],
    )
    [told] = world.run("--dry-run").json["escalations"]
    return {"note": str(told["steps"][0]["after"]) if told["steps"] else "", "reason": told["reason"]}


def test_merge_fields_are_read_though_no_condition_and_no_part_asks_for_them(world: World) -> None:
    message = "{!Contact.Name} of {!Account.Name} ({Account.Type}): {!Case.Subject}. {!Case.Description} {parts}"
    told = note(world, message)
    assert told["note"].startswith("Kim Li of Acme (Partner): It broke. It broke again. ")


def test_a_merge_field_that_cannot_be_read_holds_the_case(world: World) -> None:
    told = note(world, "{!Account.Nope__c} {parts}")
    assert told == {
        "note": "",
        "reason": "the Quick Text 'Escalations' holds Account.Nope__c, a field that cannot be read",
    }
