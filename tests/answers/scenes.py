"""The commands that read answers of an org, and what must hold whatever it answers."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.embedded_org.rest.oauth import ConnectedApp
from tests.answers.tampering import VALUES, Place, Tampering
from tests.stories.world import NOW, Answer, World, advance, select, write_tables, writes

POLICY = """
policy: support
priorities: [Low, Medium, High]
teams: {leads: {queue: Leads}, others: {queue: Others}}
defaults: {note: {quick_text: ["HIP {route}"], parts: {reason: {from: route.reason}, steps: {from: Description}}}}
routes:
  - name: many
    reason: All kinds of conditions.
    when:
      - {field: Priority, is: High}
      - {field: Account.Type, is_not: Partner}
      - {field: Account.AnnualRevenue, at_least: 5}
      - {field: IsEscalated, is: false}
      - {age: CreatedDate, calendar: {business_hours: Default}, at_least: 1h}
      - {left: Target__c, at_most: 1d}
      - {in_state: Status, at_least: 1h}
      - {related: Tasks, where: [{field: TaskSubtype, is: Call}], at_most: 3}
      - {related: Cases, through: Contact, at_least: 1}
      - {text: [Description, comments.customer, emails.customer], mentions: call}
      - {spoke: customer}
      - {milestone: due, within: 1d}
      - {owner: in_queue, in: [Intake]}
      - {soql: "Reason = 'Leak'"}
    escalate: {queue: leads, status: Escalated, priority: Medium}
  - {name: low, reason: Low., when: [{field: Priority, is: Low}], escalate: {queue: others, priority: Medium}}
guards: {max_cases: 10, max_share_of_open: 100%}
"""
OLD = "2026-02-20T15:00:00Z"
CUSTOMER = "carl@portal.example"
FIRST = "the.first.refresh.token"
OBJECTS = {
    "Account": [{"Name": "Acme", "Type": "Customer", "AnnualRevenue": "100.5"}],
    "Contact": [{"FirstName": "Kim", "LastName": "Lee", "AccountId": "Acme"}],
    "Case": [
        {"CaseNumber": "00000001", "Priority": "High", "Status": "New", "OwnerId": "Intake", "AccountId": "Acme",
         "ContactId": "Kim Lee", "Reason": "Leak", "CreatedDate": OLD, "LastModifiedDate": OLD,
         "Target__c:datetime": "2026-03-02T18:00:00Z", "Description": "Please call."},
        {"CaseNumber": "00000002", "Priority": "Low", "Status": "New", "OwnerId": "Intake", "CreatedDate": OLD,
         "LastModifiedDate": OLD},
    ],
    "Group": [{"Type": "Queue", "DeveloperName": name, "Name": name} for name in ("Intake", "Leads", "Others")],
    "User": [
        {"Username": "ann@support.example", "LastName": "Agent"},
        {"Username": CUSTOMER, "LastName": "Customer", "UserType": "PowerCustomerSuccess"},
    ],
    "GroupMember": [{"GroupId": "Leads", "UserOrGroupId": "ann@support.example"}],
    "CaseComment": [{"ParentId": "00000001", "CommentBody": "please call", "CreatedById": CUSTOMER,
                     "CreatedDate": OLD, "IsPublished": "true"}],
    "EmailMessage": [{"ParentId": "00000001", "Incoming": "true", "Subject": "Hi", "TextBody": "I wait.",
                      "MessageDate": OLD, "Status": "0"}],
    "CaseHistory": [{"CaseId": "00000001", "Field": "Status", "OldValue": "Open", "NewValue": "New",
                     "CreatedDate": OLD}],
    "Task": [{"WhatId": "00000001", "TaskSubtype": "Call", "Subject": "Call", "CreatedDate": OLD}],
    "CaseMilestone": [{"CaseId": "00000001", "TargetDate": "2026-03-02T15:30:00Z", "IsCompleted": "false"}],
    "QuickText": [{"Name": "HIP many", "Message": "Call {!Contact.Name}. {reason}"}],
}  # fmt: skip
APP = ConnectedApp("the.consumer.key", refresh_token=FIRST)


@dataclass(frozen=True)
class Scene:
    """A command, what came before it, and whether it writes. `codes`: the exit codes that a wrong answer may give."""

    words: Sequence[str]
    before: Callable[[World, EmbeddedOrg], None] = lambda _world, _org: None
    does_write: bool = False
    codes: Sequence[int] = (0, 3, 4, 5)
    afterwards: bool = False


def lost_answer(world: World, org: EmbeddedOrg) -> None:
    """A run whose write was carried out, and whose answer was lost."""
    with pytest.MonkeyPatch.context() as patch:
        from sfdc_escalator.pipeline.ports.writing import Unknown
        from sfdc_escalator.salesforce import org as door

        patch.setattr(door, "read_answer", lambda *_: Unknown("lost"))
        assert world.run("--backlog", "escalate").code == 3, org


def lost_ledger(world: World, org: EmbeddedOrg) -> None:
    assert world.run("--backlog", "escalate").code == 0, org
    shutil.rmtree(world.folder / "state", ignore_errors=True)


def logged_out(world: World, org: EmbeddedOrg) -> None:
    (world.folder / "config").mkdir(exist_ok=True)
    secret = world.folder / "rt.secret"
    secret.write_text(FIRST)
    secret.chmod(0o600)
    entry = f"flow: refresh_token, token_url: '{org.instance_url}', client_id: the.consumer.key"
    (world.folder / "config" / "orgs.yaml").write_text(f"acme: {{{entry}, refresh_token: 'file:rt.secret'}}\n")


DRY = ("run", "--json", "--dry-run", "--backlog", "escalate")
SCENES = {
    "a rehearsal": Scene(DRY),
    "a run": Scene(("run", "--json", "--backlog", "escalate"), does_write=True, afterwards=True),
    "an explanation": Scene(("explain", "00000001", "--json"), codes=(0, 2, 3, 4, 5)),
    "a validation": Scene(("validate", "--org", "env", "--format", "json"), codes=(0, 2, 3, 5)),
    "a probe": Scene(("validate", "--org", "env", "--probe", "--format", "json"), does_write=True, codes=(0, 2, 3, 5)),
    "a settling run": Scene(("run", "--json"), lost_answer, does_write=True, afterwards=True),
    "a rebuild": Scene(("ledger", "rebuild"), lost_ledger, codes=(0, 2, 3, 5)),
    "a login": Scene((*DRY, "--org", "acme"), logged_out),
}


class Stage:
    """One org for the tries of a scene; a scene that writes gets a new one for each try."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.scene, self.data = world, SCENES[name], write_tables(world.folder / "org", OBJECTS)
        world.policy(POLICY)
        world.secrets.add(FIRST)
        self.org: EmbeddedOrg | None = None

    def tried(self, place: Place | None = None, value: object = None) -> tuple[Answer, Tampering]:
        """The command's answer with this value at this place, and what must hold."""
        org = self._ready()
        before = len(writes(org))
        tampering = Tampering(place, value)
        with pytest.MonkeyPatch.context() as patch:
            tampering.installed(patch)
            answer = self.world.type(*self.scene.words)
        self._judge(org, answer, before)
        return answer, tampering

    def _ready(self) -> EmbeddedOrg:
        if self.org is None or self.scene.does_write:
            if self.org is not None:
                self.org.close()
                self.world.orgs.remove(self.org)
                self.world.reported.clear()
            shutil.rmtree(self.world.folder / "state", ignore_errors=True)
            self.org = EmbeddedOrg(data=self.data, now=NOW, app=APP)
            self.world.orgs.append(self.org.__enter__())
            self.world.log_in(self.org)
            self.scene.before(self.world, self.org)
        elif self.scene.words[0] == "ledger":
            shutil.rmtree(self.world.folder / "state", ignore_errors=True)
        return self.org

    def _judge(self, org: EmbeddedOrg, answer: Answer, before: int) -> None:
        told = answer.out + answer.err
        assert answer.code in self.scene.codes or wrong_org(answer), answer
        assert "Traceback" not in told, answer
        assert "a defect" not in told, answer
        if "json" in " ".join(self.scene.words):
            json.loads(answer.out)
        if answer.code == 5:
            assert any(word in told for word in ("the org", "Salesforce", "login")), answer
        for secret in (org.access_token, FIRST):
            assert secret not in told
        if not self.scene.does_write:
            assert len(writes(org)) == before
        if self.scene.afterwards:
            advance(org, "20m")
            again = self.world.run()
            assert again.code in (0, 3), again
            notes = [one for one in select(org, "SELECT ParentId, CommentBody FROM CaseComment") if is_ours(one)]
            assert len(notes) == 2, (notes, answer, again)
            assert len({one["ParentId"] for one in notes}) == 2, (notes, answer, again)


def failure(stage: Stage, place: Place, value: str) -> str | None:
    """What does not hold with this value at this place."""
    try:
        stage.tried(place, VALUES[value])
    except Exception as error:  # noqa: BLE001 - whatever it is, it is reported with its place
        return f"{place} = {value}: {type(error).__name__}: {str(error)[:1500]}"
    return None


def is_ours(note: dict[str, str]) -> bool:
    return "ESC-" in note["CommentBody"]


def wrong_org(answer: Answer) -> bool:
    """True where an answer to another question than the org's shape is refused with exit code 2."""
    return answer.code == 2 and '"wrong_org"' in answer.out
