"""The outbox as a person works with it: lists, retries, drops, the trial of a channel; the erasure of texts."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sfdc_escalator.errors import Invalid, OrgUnavailable, Problem
from sfdc_escalator.wiring.ledgers import known_ledger, trail
from sfdc_escalator.wiring.orgs import connect, entry_of, is_sandbox
from sfdc_escalator.wiring.policies import policies

if TYPE_CHECKING:
    from sfdc_escalator.escalation.outbox.queued import Queued
    from sfdc_escalator.escalation.policy.policy import Policy
    from sfdc_escalator.ledger.store import SqlHistory
    from sfdc_escalator.ledger.trail.notices_by_hand import Retried
    from sfdc_escalator.pipeline.notify.trial import Tried
    from sfdc_escalator.pipeline.read_models.audit_trail import Erasure
    from sfdc_escalator.pipeline.read_models.notices import NoticeList, ShownNotice
    from sfdc_escalator.wiring.errand import Errand

LOG = "log"


def listed(errand: Errand, limit: int) -> NoticeList:
    """The notices of the org, at most this number."""
    from sfdc_escalator.ledger.trail.notices import notice_list

    with trail(*errand.place) as found:
        return notice_list(found, organization_of(errand, found), limit)


def shown(errand: Errand, notice_id: str) -> ShownNotice:
    """One notice, by its id or the beginning of it. Raises Invalid."""
    from sfdc_escalator.ledger.trail.notices import notice_shown

    with trail(*errand.place) as found:
        return notice_shown(found, organization_of(errand, found), notice_id)


def retried(errand: Errand, ids: Sequence[str], by: str) -> Retried:
    """Lets these notices wait again, or all that are undelivered. Raises Invalid."""
    from sfdc_escalator.ledger.trail.notices_by_hand import retry

    with known_ledger(*errand.place) as book:
        return retry(book, organization_of(errand, book), ids, by)


def dropped(errand: Errand, ids: Sequence[str], by: str, why: str) -> tuple[Queued, ...]:
    """Drops these notices, or all that are undelivered. Raises Invalid."""
    from sfdc_escalator.ledger.trail.notices_by_hand import drop

    with known_ledger(*errand.place) as book:
        return drop(book, organization_of(errand, book), ids, by, why)


def erased(errand: Errand, case: str, by: str, why: str) -> Erasure:
    """Erases the texts of a case. Raises Invalid, RunBusy and NoticesWait."""
    from sfdc_escalator.ledger.audit.erasure import erase
    from sfdc_escalator.wiring.errand import busy_is_an_error

    with busy_is_an_error(), known_ledger(*errand.place) as book:
        return erase(book, organization_of(errand, book), case, by, why)


def organization_of(errand: Errand, found: SqlHistory) -> str:
    """The id of the org: the one that its entry expects, else the only one of the ledger; else the org is asked."""
    from sfdc_escalator.ledger.trail.notices import organizations

    entry, _ = entry_of(errand.surroundings, errand.org)
    known = organizations(found)
    if entry.expect.organization_id or len(known) < 2:
        return entry.expect.organization_id or "".join(known)
    with connect(errand.surroundings, errand.org) as (_, caller):
        return caller.organization_id


def tried(errand: Errand, channel: str, to: str, person: str) -> Tried:
    """Sends one message through a channel of the policies now. Raises Invalid."""
    from sfdc_escalator.pipeline.notify.trial import Trial, try_channel
    from sfdc_escalator.wiring.channels import OrgChannels

    here = errand.surroundings
    here.set_up_log(errand.run_id)
    kind = kind_of(policies(here, errand.policies).policies, channel)
    entry, _ = entry_of(here, errand.org)
    is_addressed = "to" in entry.channels.get(channel, {})
    with connect(here, errand.org) as (door, caller):
        sandbox = is_sandbox(door)
        if sandbox is None:
            raise OrgUnavailable("the org does not say whether it is a sandbox, so nothing was sent")
        channels = OrgChannels(here, entry, door, caller.organization_id, sandbox=sandbox)
        return try_channel(Trial(uuid.uuid4().hex, channel, kind, to, is_addressed, person), channels)


def kind_of(found: Sequence[Policy], channel: str) -> str:
    """The kind of the channel of this name. Raises Invalid where no policy has it, or where policies differ."""
    from difflib import get_close_matches

    known = {name for policy in found for name in policy.notices.channels} | {LOG}
    kinds = {policy.notices.channels[channel] for policy in found if channel in policy.notices.channels}
    if len(kinds) > 1:
        raise Invalid(f"the policies disagree on the kind of the channel {channel}: name one with --policy")
    if channel not in known:
        near = get_close_matches(channel, known, n=1)
        expected = f"one of {', '.join(sorted(known))}"
        problem = Problem("no such channel", found=channel, expected=expected, nearest=near[0] if near else None)
        raise Invalid(f"no policy has a channel {channel!r}", [problem])
    return kinds.pop() if kinds else LOG
