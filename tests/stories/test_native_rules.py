"""From a native rule to moved cases: imported, validated in the org, and carried out as Salesforce would."""

from tests.native.metadata import action, clocked, item, rule, write
from tests.stories.test_main_job import QUEUES
from tests.stories.world import Row, World, advance, select

HIGH, LOW = item("Case.Priority", "equals", "High"), item("Case.Priority", "equals", "Low")
SAVER = item("User.Department", "equals", "Desk")
TO_HEAD = {"assignedTo": "head@example.com", "assignedToType": "User"}
ENTRIES = (
    clocked(action(60, "Leads"), action(90, **TO_HEAD), items=[HIGH, item("Case.OwnerId", "equals", "Intake")]),
    clocked(action(10, "Leads"), items=[SAVER, item("Case.Origin", "equals", "Phone")]),
    clocked(action(30, **TO_HEAD), formula='OR(ISPICKVAL(Priority, "High"), BEGINS(OwnerId, "005"))'),
    clocked(action(30, "Leads"), items=[LOW], businessHoursSource="Case"),
)
USERS = [{"Username": "head@example.com", "LastName": "Head"}, {"Username": "agent@example.com", "LastName": "Agent"}]
OWNERS = "SELECT CaseNumber, Owner.Name FROM Case ORDER BY CaseNumber"


def case(number: int, minutes: int, owner: str = "Intake", **more: str) -> Row:
    created = f"2026-03-02T{14 - minutes // 60:02}:{59 - minutes % 60:02}:00Z"
    return {"CaseNumber": f"{number:08}", "OwnerId": owner, "Status": "New", "CreatedDate": created, **more}


CASES = [
    case(1, 70, Priority="high"),
    case(2, 40, Priority="High"),  # waits for entry 1, and does not fall to entry 3
    case(3, 400, Priority="Low", Origin="Phone"),  # may be one of entry 2, so nobody moves it
    case(4, 40, owner="agent@example.com", Priority="Medium"),
    case(5, 40, Priority="Low"),
    case(6, 20, Priority="Low"),
    case(7, 40, Priority="Medium"),
]


def test_a_native_rule_is_imported_validated_and_carried_out(world: World) -> None:
    write(world.folder / "src", "escalationRules", rule("escalationRules", *ENTRIES, name="Desk"))
    assert world.type("import", "src", "--out", "policies").code == 3
    org = world.org(Case=CASES, Group=QUEUES, User=USERS)
    policy = "policies/escalation-desk.yaml"
    checked = world.type("validate", policy, "--org", "env", "--format", "json")
    assert [one["message"] for one in checked.json["problems"] if one["severity"] == "error"] == []
    found = world.type("run", "--org", "env", "--policy", policy, "--backlog", "escalate", "--json").json
    states = {one["case_number"][-1]: (one["route"], one["state"]) for one in found["escalations"]}
    assert states == {
        "1": ("leads", "applied"),
        "2": ("leads-waits", "already"),
        "3": ("leads-2", "already"),
        "4": ("head", "applied"),
        "5": ("leads-3", "applied"),
    }
    assert (found["matched"], found["already"], found["applied"], found["exit"]) == (5, 2, 3, 0)
    advance(org, "30m")
    assert world.type("run", "--org", "env", "--policy", policy, "--json").json["exit"] == 0
    owners = {one["CaseNumber"][-1]: one["Owner"]["Name"] for one in select(org, OWNERS)}
    assert owners == {
        "1": "Head", "2": "Team leads", "3": "Intake", "4": "Head", "5": "Team leads", "6": "Team leads", "7": "Intake",
    }  # fmt: skip
    explained = world.type("explain", "00000003", "--org", "env", "--policy", policy)
    assert "leads-2" in explained.out
