"""Fields against values of another type: `validate` names them offline and with an org, and a run names the route."""

from collections.abc import Sequence

import pytest

from tests.stories.world import Row, World

TOP = "policy: support\nteams: {leads: {queue: Leads}}\n"
ROUTE = "routes: [{name: a, reason: x, scan: true, escalate: {queue: leads}, when: %s}]\n"
CASE = {
    "CaseNumber": "00000001", "CreatedDate": "2026-02-01T00:00:00Z", "OwnerId": "Intake", "Subject": "5",
    "Due__c:date": "2026-02-20", "Target__c:datetime": "2026-02-20T00:00:00Z", "Version__c": "1.10",
    "Vip__c:checkbox": "true", "Score__c:number": "7", "Risk__c:picklist": "High", "Skills__c:multipicklist": "A;B",
    "AccountId": "Acme", "Partner__c:reference(Account)": "Acme",
}  # fmt: skip
OTHER = {
    "CaseNumber": "00000002", "CreatedDate": "2026-02-01T00:00:00Z", "OwnerId": "Intake", "Status": "Working",
    "Due__c:date": "2026-04-20", "Version__c": "1.1", "Vip__c:checkbox": "false", "Risk__c:picklist": "Low",
}  # fmt: skip
GROUPS = [{"Type": "Queue", "DeveloperName": name, "Name": name} for name in ("Intake", "Leads")]
TIERS = [{"Name": "Acme", "Tier__c:picklist": "Platinum", "VIP__c:checkbox": "true"}]


def start(world: World, cases: Sequence[Row] = (CASE, OTHER)) -> None:
    world.go_home()
    world.org(Case=cases, Group=GROUPS, Account=TIERS)


def errors(world: World, when: str, *org: str, more: str = "") -> list[str]:
    """The errors and warnings that `validate` reports for a route, without their file."""
    world.policy(TOP + ROUTE % when + more)
    out = world.type("validate", *org).out
    marked = (line for line in out.splitlines() if line.startswith(("error: ", "warning: ")))
    return [line.replace("policy.yaml:", "") for line in marked if "policy.yaml" in line]


STANDARD = {
    "{field: CreatedDate, less_than: 2026-11-25}": "2026-11-25T00:00:00Z",
    "{field: CreatedDate, is: 2026-11-20}": "2026-11-20T00:00:00Z",
    "{age: Subject, at_least: 5d}": "a datetime field",
    "{field: Subject, at_least: 5}": "a text",
    "{left: Account.Name, at_most: 1h}": "a datetime field",
    "{age: Account.LastActivityDate, at_least: 1d}": "is a date;",
    "{field: IsEscalated, is: 'yes'}": "did you mean true?",
    "{field: IsEscalated, is_empty: true}": "never empty",
    "{field: Account.AnnualRevenue, contains_any: [x]}": "is a number",
    "{field: Account.NumberOfEmployees, is: many}": "is a number",
    "{field: Contact.Birthdate, at_least: 2026-11-25T00:00:00Z}": "did you mean 2026-11-25?",
    "{field: Asset.InstallDate, less_than: {by: Status, values: {New: 2026-11-25T00:00:00Z}, else: 2026-01-01}}":
        "did you mean 2026-11-25?",
    "{field: Owner.IsActive, is: 'no'}": "did you mean false?",
    "{field: Account.Owner.IsActive, is: 'no'}": "did you mean false?",
    "{field: OwnerId, is: Leads}": "is a record id",
    "{text: [Subject, CreatedDate], mentions: x}": "`CreatedDate` is a datetime",
    "{age: CreatedDate, at_least: 1h, except_while: {any: [{not: {field: IsClosed, is: 'no'}}]}}": "mean false?",
    "{related: Tasks, where: {field: ActivityDate, less_than: 2026-11-25T00:00:00Z}}": "did you mean 2026-11-25?",
    "{related: EmailMessages, where: {all: [{age: Subject, at_least: 1h}]}}": "`Subject` is a text",
    "{related: Cases, through: Account, where: {field: IsClosed, in: ['no', 'yes']}}": "did you mean false?",
    "{age: CreatedDate, at_least: {by: IsEscalated, values: {'yes': 1h}, else: 2h}}": "did you mean true?",
    "{not: {any: [{field: Subject, is: x}, {field: SlaExitDate, more_than: 2026-11-25}]}}": "2026-11-25T00:00:00Z",
}  # fmt: skip


@pytest.mark.parametrize(("when", "advice"), STANDARD.items())
def test_a_standard_field_against_another_type_is_an_error_offline_and_no_less_with_an_org(
    world: World, when: str, advice: str
) -> None:
    start(world)
    offline, asked = errors(world, when), errors(world, when, "--org", "env")
    found = [line for line in offline if line.startswith("error")]
    assert found
    assert advice in found[0]
    assert set(offline) <= set(asked)


CUSTOM = {
    "{field: Due__c, less_than: 2026-11-25T00:00:00Z}": "did you mean 2026-11-25?",
    "{age: Due__c, at_least: 5d}": "`field`, such as `less_than",
    "{field: Version__c, at_least: 5}": "`Version__c` is a text",
    "{field: Version__c, is: 1.10}": '"1.10" in quotes',
    "{field: Version__c, is: true}": "in quotes",
    "{field: Vip__c, is: 'yes'}": "did you mean true?",
    "{field: Vip__c, is_not: 'yes'}": "did you mean true?",
    "{field: Account.VIP__c, is: 'yes'}": "did you mean true?",
    "{field: Score__c, in: [high]}": "is a number",
    "{field: Score__c, starts_with: 7}": "is a number",
    "{field: Skills__c, is: 'A;B'}": "contains_any",
    "{field: Skills__c, starts_with: A}": "contains_any",
    "{field: Target__c, is: 2026-02-20}": "2026-02-20T00:00:00Z",
    "{field: Partner__c, is: Acme}": "is a record id",
    "{field: Priority, is: {by: Due__c, rows: [[2026-11-25T00:00:00Z, Low]], else: High}}": "did you mean 2026-11-25?",
}


@pytest.mark.parametrize(("when", "advice"), CUSTOM.items())
def test_a_custom_field_against_another_type_is_an_error_with_an_org(world: World, when: str, advice: str) -> None:
    start(world)
    found = [line for line in errors(world, when, "--org", "env") if line.startswith("error")]
    assert len(found) == 1
    assert advice in found[0]
    assert not [line for line in errors(world, when) if line.startswith("error")]


@pytest.mark.parametrize(("when", "matched"), [
    ("{field: Score__c, at_least: 5}", 1), ("{field: Due__c, less_than: 2026-11-25}", 2),
    ("{age: Target__c, at_least: 1h}", 1),
    ("{field: Vip__c, is: true}", 1), ("{field: Vip__c, is: 'true'}", 1), ("{field: Version__c, is: '1.10'}", 1),
    ("{field: CreatedDate, less_than: 2026-02-25T00:00:00Z}", 2), ("{field: Skills__c, contains_any: [a]}", 1),
    ("{field: Risk__c, in: [HIGH]}", 1), ("{field: Subject, is: 5}", 1), ("{field: Account.Tier__c, is: platinum}", 1),
])  # fmt: skip
def test_a_comparison_of_the_right_type_is_ok_and_matches(world: World, when: str, matched: int) -> None:
    start(world)
    assert errors(world, when, "--org", "env") == []
    assert world.run("--org", "env", "--dry-run", "--backlog", "escalate").json["matched"] == matched


def test_a_text_field_is_compared_with_the_number_as_the_file_writes_it(world: World) -> None:
    start(world)
    world.policy(TOP + ROUTE % "{field: Version__c, is: 1.10}")
    plan = world.run("--org", "env", "--dry-run", "--backlog", "escalate").json
    assert [one["case_number"] for one in plan["escalations"]] == ["00000001"]


@pytest.mark.parametrize("when", [
    "{age: Due__c, at_least: 5d}", "{field: Version__c, at_least: 5}", "{field: Vip__c, is: 'yes'}",
    "{field: Vip__c, is_not: 'yes'}", "{field: CreatedDate, less_than: 2026-11-25}", "{age: Subject, at_least: 5d}",
    "{related: Tasks, where: {field: ActivityDate, is: 2026-11-25T00:00:00Z}}",
    "{age: CreatedDate, at_least: 1h, except_while: {field: Vip__c, is: 'yes'}}",
    "{age: CreatedDate, at_least: {by: Vip__c, values: {'yes': 1h}, else: 2h}}",
    "{text: Due__c, mentions: x}",
    "{table: {by: Due__c, values: {2026-11-25T00:00:00Z: 1}, else: 2}, is: 2}",
    "{any: [{field: Status, is: New}, {not: {field: Due__c, less_than: 2026-11-25T00:00:00Z}}]}",
])  # fmt: skip
def test_a_run_names_a_route_whose_comparison_is_the_same_for_every_case(world: World, when: str) -> None:
    start(world)
    world.policy(TOP + ROUTE % when)
    for words in (("--dry-run",), ()):
        answer = world.run("--org", "env", "--backlog", "escalate", *words)
        assert answer.code == 3, answer.out
        [broken] = answer.json["broken"]
        assert broken["route"] == "a"
        assert "is the same for every case" in broken["reason"]
        assert answer.json["matched"] == 0


def test_one_value_of_a_list_that_cannot_be_met_leaves_the_route_at_work(world: World) -> None:
    start(world)
    world.policy(TOP + ROUTE % "{field: Vip__c, in: ['yes', true]}")
    assert world.run("--org", "env", "--dry-run", "--backlog", "escalate").json["matched"] == 1


PICKED = {
    "{field: Status, is: Waiting on Cust}": "Status 'Waiting on Cust'",
    "{field: Risk__c, not_in: [High, Hihg]}": "Risk__c 'Hihg'",
    "{field: Account.Tier__c, is: Platin}": "did you mean Platinum?",
    "{age: CreatedDate, at_least: {by: Account.Tier__c, values: {Platin: 1h}, else: 2h}}": "did you mean Platinum?",
    "{not: {any: [{field: Priority, in: [Hihg]}]}}": "did you mean High?",
    "{age: CreatedDate, at_least: 1h, except_while: {field: Status, is: Nwe}}": "did you mean New?",
    "{field: Risk__c, is: {by: Status, values: {New: Hihg}, else: Low}}": "Risk__c 'Hihg'",
}


@pytest.mark.parametrize(("when", "advice"), PICKED.items())
def test_a_compared_value_that_the_picklist_does_not_offer_is_a_warning(world: World, when: str, advice: str) -> None:
    start(world)
    found = errors(world, when, "--org", "env")
    assert [line.partition(":")[0] for line in found if advice in line] == ["warning"]
    assert world.type("validate", "--org", "env").code == 0


def test_a_value_in_the_scope_and_in_an_example_is_held_against_the_picklist_as_well(world: World) -> None:
    start(world)
    more = "scope: {field: Type, is: Onboarding}\nexamples: [{case: {Risk__c: Hihg, Vip__c: 'yes'}, expect: none}]\n"
    found = errors(world, "{field: Vip__c, is: true}", "--org", "env", more=more)
    assert [line for line in found if "'Onboarding'" in line]
    assert [line for line in found if "'Hihg'" in line]
    assert [line for line in found if line.startswith("error") and "`Vip__c` is a checkbox" in line]


def test_a_part_that_is_not_carried_out_is_checked_with_an_org_too(world: World) -> None:
    start(world)
    more = ", acknowledged: {field: IsClosed, is: 'no'}"
    route = ROUTE.replace("}]", f"{more}}}]")
    world.policy(TOP + route % "{field: Subject, is: x}")
    for words in ((), ("--org", "env")):
        assert "`IsClosed` is a checkbox" in world.type("validate", *words).out


def test_the_names_of_fields_in_a_history_are_not_values_of_a_picklist(world: World) -> None:
    start(world)
    when = "{related: Histories, where: [{field: Field, is: Owner}, {field: OldValue, in: [Closed]}], at_least: 1}"
    assert errors(world, when, "--org", "env") == []


def test_an_error_of_a_standard_field_is_reported_when_the_org_cannot_be_asked(world: World) -> None:
    start(world)
    world.policy(TOP + ROUTE % "{field: IsEscalated, is: 'yes'}")
    world.environ["SFDC_ACCESS_TOKEN"] = "wrong"
    answer = world.type("validate", "--org", "env")
    assert answer.code == 2
    assert "`IsEscalated` is a checkbox" in answer.out + answer.err


def test_a_table_of_a_step_that_no_row_can_decide_breaks_the_route(world: World) -> None:
    start(world)
    steps = "escalate: {queue: leads, priority: {by: Vip__c, values: {'yes': High}, else: Low}}"
    world.policy(TOP + ROUTE.replace("escalate: {queue: leads}", steps) % "{field: Subject, is: '5'}")
    answer = world.run("--org", "env", "--dry-run", "--backlog", "escalate")
    assert answer.code == 3
    assert [one["route"] for one in answer.json["broken"]] == ["a"]
    assert "`Vip__c` is a checkbox" in world.type("validate", "--org", "env").out
