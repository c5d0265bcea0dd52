"""The words of a comparison with the rules of an org: what was done, by whom, and why the other side did not."""

from sfdc_escalator.escalation.shadow.acts import ESCALATED, OWNER, OurAct, TheirAct
from sfdc_escalator.escalation.shadow.reasons import Reason
from sfdc_escalator.escalation.time.durations import in_words
from sfdc_escalator.escalation.world.keys import FIRST_RUNG
from sfdc_escalator.pipeline.read_models.shadow import Row, Shadow
from sfdc_escalator.reports.values import counted, instant

LABELS = {OWNER: "owner", "Priority": "priority"}
PLAIN = {
    "recent": "it may still come: this happened a short time ago",
    "hourly": "Salesforce looks for cases to escalate about once an hour",
    "limit": "the time limits or the business hours differ",
    "not_in_policies": "no route that was compared does this",
}
NOTHING_MATCHED = "no route matched the case: the criteria differ"
NO_RULE = "no rule of Salesforce did this: it is not active, or its criteria differ"


def what(row: Row, act: OurAct | TheirAct) -> str:
    """`owner Team leads`, `priority High`, `escalated`"""
    effect = act.effect
    if effect.field == ESCALATED:
        return "escalated"
    return f"{LABELS[effect.field]} {row.name(effect.value) if effect.field == OWNER else effect.value or 'none'}"


def what_of(row: Row) -> str:
    act = row.pair.ours or row.pair.theirs
    return what(row, act) if act else ""


def who_of_ours(act: OurAct) -> str:
    """`support/urgent`, `support/urgent after-30m 2`"""
    rung = "" if act.rung == FIRST_RUNG else f" {act.rung}"
    return f"{act.policy}/{act.route}{rung}" + (f" {act.turn}" if act.turn > 1 else "")


def who_of_theirs(row: Row, act: TheirAct) -> str:
    """`Automated Process`, `Ann Lee, at creation`"""
    return (row.name(act.by) or "not known") + (", at creation" if act.at_creation else "")


def apart(row: Row) -> str:
    """The time between both; empty where one stands alone."""
    return in_words(row.pair.apart) if row.pair.ours and row.pair.theirs and row.pair.kind != "equal" else ""


def reason_text(row: Row) -> str:
    """The likely reason as a part of a sentence; empty for what is equal."""
    reason = row.reason
    if reason is None:
        return ""
    if reason.code == "criteria":
        return NO_RULE if row.pair.ours else NOTHING_MATCHED
    made = {"order": order_text, "user_edit": edit_text, "history_off": history_text, "kept": kept_text}.get(
        reason.code
    )
    return made(row, reason) if made else PLAIN[reason.code]


def order_text(row: Row, reason: Reason) -> str:
    ours, theirs = (reason.other.ours, reason.other.theirs) if reason.other else (None, None)
    if ours:
        return f"another order: {who_of_ours(ours)} would have set {what(row, ours)} at {instant(ours.at)}"
    return f"another order: Salesforce set {what(row, theirs)} at {instant(theirs.at)}" if theirs else ""


def edit_text(row: Row, reason: Reason) -> str:
    if reason.edit is None:
        return ""
    field, change = reason.edit
    return f"a user edit: {row.name(change.by) or 'somebody'} changed {field} at {instant(change.at)}"


def history_text(_: Row, reason: Reason) -> str:
    return f"history off: {', '.join(reason.fields)} may have had another value then"


def kept_text(_: Row, reason: Reason) -> str:
    return f"the route {reason.route} kept the case and does nothing: its entry was not imported, or it is not compared"


def sizes_text(found: Shadow) -> str:
    policies = counted(len(found.policies), "policy", "policies")
    return f"{policies}, {counted(found.cases, 'case')}, {instant(found.begin)} to {instant(found.end)}"


def assumed_text(found: Shadow) -> str:
    """Empty where every field that is read has a history."""
    if not found.assumed:
        return ""
    names = ", ".join(found.assumed)
    return f"Case keeps no history of these fields, so their values of today count for the whole time: {names}"
