"""The recipients of notices and the rules about them from their checked shapes."""

from collections.abc import Mapping, Sequence

from sfdc_escalator.escalation.notices.channel_kinds import KINDS
from sfdc_escalator.escalation.policy.team import TeamPeople
from sfdc_escalator.escalation.policy.telling import (
    NOBODY,
    Cap,
    DigestTime,
    NoticeRules,
    Notify,
    NotifyWhen,
    OneNoticePer,
    Quiet,
    Recipient,
    Warn,
)
from sfdc_escalator.files.assembly.steps import Templates
from sfdc_escalator.files.language.shape import PolicyShape, RouteShape, TeamShape
from sfdc_escalator.files.language.telling_shapes import ChannelShape, NotifyShape, RecipientShape
from sfdc_escalator.files.values.sources import placeholder_paths


def notify_of(notify: NotifyShape | None) -> Notify:
    return Notify(recipients(notify.now), recipients(notify.digest)) if notify else NOBODY


def notify_when_of(route: RouteShape) -> NotifyWhen:
    given = route.notify_when
    return NotifyWhen(recipients(given.acknowledged), recipients(given.closed)) if given else NotifyWhen()


def warn_of(route: RouteShape) -> Warn | None:
    return Warn(route.warn.before, recipients(route.warn.tell)) if route.warn else None


def one_notice_per_of(route: RouteShape) -> OneNoticePer | None:
    given = route.one_notice_per
    return OneNoticePer(tuple(given.fields), given.within) if given else None


def recipients(given: Sequence[RecipientShape]) -> tuple[Recipient, ...]:
    return tuple(Recipient(one.kind, one.named, one.urgent) for one in given)


def people_of(team: TeamShape) -> TeamPeople:
    return TeamPeople(team.queue, team.person, team.list, tuple(team.tell), dict(team.facts))


def notice_rules_of(shape: PolicyShape, templates: Templates) -> NoticeRules:
    given = shape.notices
    template = templates[given.template] if given.template else None
    return NoticeRules(
        opens_with=given.opens_with.strip(),
        must_say=tuple(given.must_say),
        links=tuple(given.links),
        people=given.people or people_channel(shape.channels),
        quiet=Quiet(given.quiet.from_, given.quiet.to) if given.quiet else None,
        digest=DigestTime(given.digest.at, given.digest.on),
        cap=Cap(given.cap.most, given.cap.within) if given.cap else None,
        template=template.source if template else None,
        paths=(template.needs.paths if template else frozenset()) | said_paths(shape),
        channels={name: one.kind for name, one in shape.channels.items()},
    )


def said_paths(shape: PolicyShape) -> frozenset[str]:
    """The fields in the texts of notices."""
    said = [text for route in shape.routes for text in (route.say, *(rung.say for rung in route.ladder))]
    return frozenset(path for text in said for path in placeholder_paths(text))


def people_channel(channels: Mapping[str, ChannelShape]) -> str:
    """The first channel that reaches persons; empty without one."""
    return next((name for name, one in channels.items() if KINDS[one.kind].reaches != "address"), "")
