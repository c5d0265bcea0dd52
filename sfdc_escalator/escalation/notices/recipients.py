"""The recipients of notices and their addresses: teams, persons, tables and channels of a policy for one case."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.notices.channel_kinds import KINDS, Reaches
from sfdc_escalator.escalation.notices.channels_used import LOG, default_channels
from sfdc_escalator.escalation.notices.foreign import one_line
from sfdc_escalator.escalation.notices.people import People, Person
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.policy.telling import Recipient, recipient_paths
from sfdc_escalator.escalation.policy.user_paths import user_path
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.org import Queue

OF_ONE_CASE = ("chatter", "pagerduty")


@dataclass(frozen=True, slots=True)
class Address:
    """One recipient by one channel. `recipient` is the team's name, the user's id or `channel:NAME`; `to` the e-mail
    address or the id of a user or queue, empty where the channel itself is the address. `instead_of` names the
    recipient of the policy that cannot be reached. `missing` is the reason for which nobody can be; then nothing else
    is known."""

    recipient: str
    channel: str
    to: str = ""
    zone: ZoneInfo | None = None
    instead_of: str = ""
    urgent: bool = False
    missing: str = ""

    @property
    def same(self) -> tuple[str, str, str]:
        """Equal for the same address by the same channel."""
        return self.channel, self.to.lower(), self.recipient if self.missing else ""


class Known(NamedTuple):
    """The facts of the org that lead to an address: its people, and the ids of its queues by DeveloperName."""

    people: People
    queues: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Book:
    """The addresses of one policy for one case."""

    policy: Policy
    case: Case
    known: Known
    zone: ZoneInfo = field(default=ZoneInfo("UTC"))

    def addresses(self, recipients: Iterable[Recipient]) -> tuple[Address, ...]:
        """The addresses of these recipients, each once; an urgent one stays urgent."""
        found: dict[tuple[str, str, str], Address] = {}
        for one in recipients:
            for address in self.of(one):
                urgent = one.urgent or (address.same in found and found[address.same].urgent)
                found.setdefault(address.same, address)
                found[address.same] = replace(found[address.same], urgent=urgent)
        return tuple(found.values())

    def of(self, recipient: Recipient) -> Iterator[Address]:
        name = recipient.name
        if isinstance(name, Table):
            team = name.value(self.case)
            return self.of_team(team) if team else self.instead("the team of no row of its table", "")
        match recipient.kind:
            case "person":
                return self.of_person(name)
            case "channel":
                return iter((Address(f"channel:{name}", name, self.place(name), self.policy.zone),))
            case _:
                return self.of_team(name)

    def of_team(self, name: str, instead_of: str = "") -> Iterator[Address]:
        team, zone = self.policy.teams[name], self.policy.zone_of(name)
        channels = team.tell or default_channels(self.policy)
        if not channels:
            yield from self.not_reached(Address(name, "", instead_of=instead_of, missing="has no channel"))
        for channel in channels:
            to = self.address_of_team(name, channel)
            if to is None:
                reason = f"has no address for the channel {channel}"
                yield from self.not_reached(Address(name, channel, instead_of=instead_of, missing=reason))
            else:
                yield Address(name, channel, to, zone, instead_of)

    def not_reached(self, team: Address) -> Iterator[Address]:
        """The accountable team in place of a team that has no address, such as one whose person is not active."""
        wanted, accountable = f"the team {team.recipient}", self.policy.owner.accountable
        if accountable and not team.instead_of and team.recipient != accountable:
            return self.instead(wanted, f"which {team.missing}")
        return iter((replace(team, missing=f"{wanted} {team.missing}"),))

    def address_of_team(self, name: str, channel: str) -> str | None:
        """The address of the team for this channel; empty where the channel is the address, None without one."""
        team, reaches = self.policy.teams[name], self.reaches(channel)
        queue = self.known.queues.get(team.queue, "")
        if reaches == "address":
            return self.place(channel)
        if reaches == "users":
            person = self.user(team.person) if team.person and "@" not in team.person else None
            return queue or (person.id if person and person.is_active else None)
        if team.list:
            return team.list
        if team.person:
            return team.person if "@" in team.person else self.mail_of(self.user(team.person))
        group = self.known.people.groups.get(queue)
        return group.email or None if group else None

    def place(self, channel: str) -> str:
        """A post on a case, or an alarm about it, is never one with those of other cases."""
        kind = self.policy.notices.channels.get(channel, LOG)
        return self.case.id if kind in OF_ONE_CASE else ""

    def mail_of(self, person: Person | None) -> str | None:
        return person.email or None if person and person.is_active else None

    def reaches(self, channel: str) -> Reaches:
        return KINDS[self.policy.notices.channels.get(channel, LOG)].reaches

    def of_person(self, path: str) -> Iterator[Address]:
        """The user at the path; of an owner that is a queue, the team with that queue."""
        found = self.id_at(path)
        if found in self.known.queues.values():
            queue = next(name for name, one in self.known.queues.items() if one == found)
            team = next((name for name, one in self.policy.teams.items() if one.queue == queue), None)
            return self.of_team(team) if team else self.instead(f"the queue {queue}", "which no team has")
        person = self.user(path)
        if person is None:
            return self.instead(path, "who is not there")
        if not person.is_active:
            return self.instead(f"{path} ({person.name})", "who is not active")
        return self.to_person(path, person)

    def to_person(self, path: str, person: Person) -> Iterator[Address]:
        channel = self.policy.notices.people or ("" if self.policy.notices.channels else LOG)
        to = {"users": person.id, "mail": person.email, "address": ""}[self.reaches(channel)]
        if not channel or (not to and self.reaches(channel) == "mail"):
            return self.instead(f"{path} ({person.name})", "whom no channel for persons reaches")
        return iter((Address(person.id, channel, to, zone_named(person.timezone)),))

    def instead(self, wanted: str, reason: str) -> Iterator[Address]:
        """The accountable team in place of a recipient that cannot be reached."""
        instead_of = one_line(", ".join(filter(None, (wanted, reason))))
        team = self.policy.owner.accountable
        if team:
            return self.of_team(team, instead_of)
        return iter((Address(one_line(wanted), "", missing=f"{instead_of}; the policy has no accountable team"),))

    def id_at(self, path: str) -> str:
        """The id in the field that the path begins with; empty without one."""
        where = user_path(path)
        return (self.case.text_of(where.field) or "") if where.managers == 0 else ""

    def user(self, path: str) -> Person | None:
        where = user_path(path)
        person = self.known.people.persons.get(self.case.text_of(where.field) or "")
        for _ in range(where.managers):
            person = self.known.people.manager_of(person.id) if person else None
        return person


def ids_wanted(
    policy: Policy, case: Case, recipients: Iterable[Recipient], queues: Mapping[str, Queue]
) -> Iterator[str]:
    """The ids of the users and queues that must be known to find these recipients: those at their paths, and the queues
    of the teams that an e-mail may go to."""
    accountable = [Recipient("team", policy.owner.accountable)] if policy.owner.accountable else []
    each = (*recipients, *accountable)
    yield from filter(None, (case.text_of(path) for path in recipient_paths(each, policy.teams)))
    if "email" in policy.notices.channels.values():
        mailed = (one for one in policy.teams.values() if not one.list and not one.person)
        yield from (queues[one.queue].id for one in mailed if one.queue in queues)


def zone_named(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
