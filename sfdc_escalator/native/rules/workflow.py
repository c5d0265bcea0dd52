"""The actions of time triggers, from the workflow of Case: field updates and alerts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sfdc_escalator.native.criteria.fields import is_name
from sfdc_escalator.native.criteria.values import NotMappable
from sfdc_escalator.native.policy.draft import Teams
from sfdc_escalator.native.remark import Remark
from sfdc_escalator.native.rules.targets import OWNER, address, addresses
from sfdc_escalator.native.source.element import Element

STEPS = {"priority": "priority", "status": "status"}
PRIORITIES = ("Low", "Medium", "High")
PATHS = {"owner": "Owner", "creator": "CreatedBy", "accountOwner": "Account.Owner"}
"""Recipients of alerts by their type."""


@dataclass(frozen=True, slots=True)
class Workflow:
    """The field updates and alerts by name."""

    updates: Mapping[str, Element] = field(default_factory=dict)
    alerts: Mapping[str, Element] = field(default_factory=dict)


def workflow_of(root: Element | None) -> Workflow:
    if root is None:
        return Workflow()
    return Workflow(by_name(root, "fieldUpdates"), by_name(root, "alerts"))


def by_name(root: Element, kind: str) -> dict[str, Element]:
    return {one.value("fullName"): one for one in root.all(kind)}


@dataclass(slots=True)
class Acts:
    """The effects of the actions of one trigger: steps by their key, recipients."""

    steps: dict[str, str] = field(default_factory=dict)
    notify: list[Any] = field(default_factory=list)


def acts_of(trigger: Element, workflow: Workflow, teams: Teams, remarks: list[Remark]) -> Acts:
    """The actions that can be carried out; the others are reported."""
    acts = Acts()
    for action in trigger.all("actions"):
        try:
            act(action, workflow, teams, acts, remarks)
        except NotMappable as error:
            remarks.append(Remark(action.line, error.construct, error.why, error.nearest, "warned"))
    return acts


def act(action: Element, workflow: Workflow, teams: Teams, acts: Acts, remarks: list[Remark]) -> None:
    name, kind = action.value("name").removeprefix("Case."), action.value("type")
    if kind == "FieldUpdate":
        key, value = update_of(name, workflow.updates.get(name))
        if key == "priority" and value not in PRIORITIES:
            why = f"it is taken as higher than {', '.join(PRIORITIES)}; put `priorities` in order"
            remarks.append(Remark(action.line, name, why, weight="warned"))
        acts.steps[key] = value
    elif kind == "Alert":
        if name not in workflow.alerts:
            raise NotMappable(name, "the alert is not in the workflow among the files: the note alone is left")
        told(action, workflow.alerts[name], teams, acts, remarks)
    else:
        raise NotMappable(name or kind or action.name, f"an action of the type {kind or 'none'} has no counterpart")


def update_of(name: str, update: Element | None) -> tuple[str, str]:
    """The step and its value. Raises NotMappable."""
    if update is None:
        raise NotMappable(name, "the field update is not in the workflow among the files: the note alone is left")
    key, value = STEPS.get(update.value("field").lower()), update.value("literalValue")
    if key is None or not value or update.value("operation") not in ("", "Literal"):
        raise NotMappable(name, "only Priority and Status are set, to a literal value")
    return key, value


def told(action: Element, alert: Element, teams: Teams, acts: Acts, remarks: list[Remark]) -> None:
    """Adds the recipients of the alert."""
    for one in alert.all("recipients"):
        found = recipient(one, teams)
        if found is None:
            why = f"recipients of the type {one.value('type')} are left out"
            remarks.append(Remark(action.line, alert.value("fullName"), why, weight="warned"))
        elif found not in acts.notify:
            acts.notify.append(found)
    acts.notify += (team for one in addresses(alert, "ccEmails") if (team := teams.of_list(one)) not in acts.notify)


def recipient(one: Element, teams: Teams) -> Any:
    kind, name = one.value("type"), one.value("recipient")
    if kind == "owner":
        return OWNER
    if kind in PATHS:
        return {"person": PATHS[kind]}
    if kind == "user" and name:
        return teams.of_person(address(name, "an e-mail address"))
    look_up = one.value("field").removesuffix("__c")
    if kind == "userLookup" and one.value("field").endswith("__c") and is_name(look_up):
        return {"person": f"{look_up}__r"}
    return None
