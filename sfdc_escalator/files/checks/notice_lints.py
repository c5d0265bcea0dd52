"""Notices of a valid policy without effect, or larger than a message of a channel."""

from collections.abc import Iterator

from sfdc_escalator.escalation.notices.channel_kinds import KINDS
from sfdc_escalator.escalation.notices.notice import Subject
from sfdc_escalator.escalation.notices.pages import plain_text
from sfdc_escalator.escalation.notices.wording import Said, message_of
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.proof.beginning import begins
from sfdc_escalator.files.checks.cross_checks import Cross
from sfdc_escalator.files.text.fault import Fault

NUMBER = "00000000"


def notice_lints(policy: Policy) -> Iterator[Cross]:
    yield from vain_warnings(policy)
    yield from too_large(policy)


def vain_warnings(policy: Policy) -> Iterator[Cross]:
    """Warnings before a match that no time brings."""
    for place, route in enumerate(policy.routes):
        if route.warn and not begins(policy.condition(route)):
            message = f"`warn` has no effect: no time makes a case match route `{route.name}`"
            expected = "a condition on time in `when`, such as `{age: CreatedDate, at_least: 4h}`"
            fault = Fault(message, found=route.name, expected=expected, on_key=True, severity="warning")
            yield Cross(("routes", place, "warn"), fault)


def too_large(policy: Policy) -> Iterator[Cross]:
    """The words of every notice, where they alone have no room in one message of a channel."""
    rules, least = policy.notices, least_size(policy)
    for name, kind in rules.channels.items():
        size = KINDS[kind].size
        if size and least > size:
            message = f"what every notice says has no room in one message of the channel `{name}`: each comes in parts"
            expected = f"at most {size:,} characters with the title; these are {least:,} at least"
            key = "opens_with" if rules.opens_with else "must_say"
            yield Cross(("notices", key), Fault(message, found=kind, expected=expected, severity="warning"))


def least_size(policy: Policy) -> int:
    """The size of the smallest notice, with an empty value of each part and field that must be said."""
    rules, route = policy.notices, min((one.name for one in policy.routes), key=len)
    subject = Subject("start", "", policy.name, route, case_id=NUMBER, case_number=NUMBER)
    said = Said(subject, opens_with=rules.opens_with, must_say=dict.fromkeys(rules.must_say, ""))
    return len(plain_text(message_of(said)))
