"""The ladders of the policies as plain values, written down by hand from their files: the judge's knowledge of them."""

from typing import NamedTuple

from tests.year.own_clock import DAY, HOUR, MINUTE

ACK, CLOSED = "acknowledged", "closed"


class Rung(NamedTuple):
    """`kind` is after, days (business days), before or due; times in ticks, of `days` in days."""

    name: str
    kind: str
    time: int
    until: str
    calendar: str = ""
    every: int = 0
    more: int = 0

    @property
    def counts_from_start(self) -> bool:
        return self.kind in ("after", "days")


class EndOfDay(NamedTuple):
    """The end of the business day, in one calendar or in that of the case's region."""

    at_least: int
    calendar: str = ""


class Route(NamedTuple):
    """`due` is a number of ticks, 0 for none. `acts` are the acts of people that acknowledge its escalations."""

    rungs: tuple[Rung, ...] = ()
    due: int | EndOfDay = 0
    acts: tuple[str, ...] = ("take", "comment")
    highest: bool = False


WEEK = 7 * DAY
THIRTY_DAYS = Route(
    (
        Rung("after-14d", "after", 14 * DAY, CLOSED),
        Rung("five-days-left", "after", 25 * DAY, CLOSED),
        Rung("thirty-days", "after", 30 * DAY, CLOSED),
        Rung("every-week", "after", 37 * DAY, CLOSED, "", WEEK, 3),
    ),
    30 * DAY,
)
MEMBER_SUPPORT = {
    "health-safety-legal": Route(
        (
            Rung("every-quarter-hour", "after", 15 * MINUTE, ACK, "", 15 * MINUTE, 6),
            Rung("two-hours", "after", 2 * HOUR, ACK),
            Rung("next-day", "after", DAY, CLOSED),
        )
    ),
    "supervisor-request": Route(
        (
            Rung("after-30m", "after", 30 * MINUTE, ACK, "members"),
            Rung("after-2h", "after", 2 * HOUR, ACK, "members"),
        )
    ),
    "repeated-returns": Route(
        (
            Rung("after-1-business-day", "days", 1, ACK, "members"),
            Rung("after-2-business-days", "days", 2, ACK, "members"),
        )
    ),
    "agent-flagged": Route(
        (
            Rung("after-2h", "after", 2 * HOUR, ACK, "members"),
            Rung("after-8h", "after", 8 * HOUR, ACK, "members"),
        )
    ),
}
SUPERVISOR_CALLBACK = {
    "supervisor-demanded": Route(
        (
            Rung("before-due-4h", "before", 4 * HOUR, ACK),
            Rung("late", "due", 0, ACK),
            Rung("still-late", "due", DAY, ACK, "", DAY, 2),
        ),
        DAY,
        ("call",),
    ),
    "lead-callback": Route(
        (
            Rung("before-due-1h", "before", HOUR, ACK),
            Rung("overdue", "due", 0, ACK),
            Rung("still-overdue", "due", DAY, ACK, "", DAY, 2),
        ),
        EndOfDay(30 * MINUTE),
        ("call",),
    ),
}
TIERED_SUPPORT = {
    "severe": Route(
        (
            Rung("nobody-leads", "after", 30 * MINUTE, ACK),
            Rung("hourly-report", "after", HOUR, CLOSED, "", HOUR, 8),
            Rung("after-4h", "after", 4 * HOUR, CLOSED),
        )
    ),
    "many-customers": Route(
        (
            Rung("after-1h", "after", HOUR, ACK),
            Rung("after-4h", "after", 4 * HOUR, CLOSED),
        )
    ),
    "unresolved": Route(
        (
            Rung("after-4h", "after", 4 * HOUR, ACK, "tiers"),
            Rung("tier-3", "after", 16 * HOUR, CLOSED, "tiers"),
            Rung("leadership", "after", 40 * HOUR, CLOSED, "tiers"),
        )
    ),
    "unresolved-by-tier-2": Route((Rung("after-24h", "after", 24 * HOUR, CLOSED, "tiers"),)),
}
CUSTOMER_SUCCESS = {
    "raised-by-anyone": THIRTY_DAYS,
    "escalation-point": THIRTY_DAYS,
    "customer-waiting": THIRTY_DAYS,
    "wrong-start": Route(),
}
ONBOARDING = {
    "sensitive-issue": Route(
        (
            Rung("before-due-12h", "before", 12 * HOUR, ACK),
            Rung("a-day", "due", 0, ACK),
            Rung("before-48-hours", "due", 12 * HOUR, ACK),
        ),
        DAY,
    ),
    "deadlock": Route(
        (
            Rung("managers", "after", WEEK, ACK),
            Rung("head", "after", 2 * WEEK, ACK),
        ),
        acts=("agree",),
    ),
    "unresponsive": Route((Rung("managers", "after", 2 * WEEK, ACK),), acts=("reply",)),
    "not-yet-tried": Route(
        (
            Rung("after-3d", "after", 3 * DAY, ACK, "", 3 * DAY, 2),
            Rung("managers", "after", 2 * WEEK, ACK),
        ),
        acts=("reply",),
    ),
}
YEAR = {
    "outage": Route(
        (
            Rung("after-15m", "after", 15 * MINUTE, ACK),
            Rung("after-1h", "after", HOUR, ACK),
            Rung("still", "after", 4 * HOUR, CLOSED),
            Rung("nag", "after", 6 * HOUR, CLOSED, "", 90 * MINUTE, 4),
        ),
        8 * HOUR,
        highest=True,
    ),
    "callback": Route(
        (
            Rung("after-30m", "after", 30 * MINUTE, ACK, "office"),
            Rung("remind", "after", 2 * HOUR, ACK, "office", 2 * HOUR, 3),
            Rung("before-due-1h", "before", HOUR, ACK),
            Rung("overdue", "due", 0, CLOSED),
            Rung("nag", "due", DAY, CLOSED, "", DAY, 2),
        ),
        EndOfDay(HOUR, "office"),
    ),
    "request": Route(
        (
            Rung("after-4h", "after", 4 * HOUR, ACK),
            Rung("again", "after", DAY, CLOSED, "", DAY, 3),
            Rung("soon", "before", 12 * HOUR, ACK, "", 4 * HOUR, 5),
            Rung("late", "due", 2 * HOUR, CLOSED),
        ),
        3 * DAY,
    ),
    "night": Route(
        (
            Rung("after-1h", "after", HOUR, ACK, "shift"),
            Rung("both", "after", 3 * HOUR, CLOSED),
            Rung("after-8h", "after", 8 * HOUR, ACK, "shift"),
            Rung("all-night", "after", 16 * HOUR, CLOSED, "shift", 8 * HOUR, 2),
        )
    ),
}
ROUTES: dict[tuple[str, str], Route] = {
    (policy, name): route
    for policy, routes in {
        "member-support": MEMBER_SUPPORT,
        "supervisor-callback": SUPERVISOR_CALLBACK,
        "tiered-support": TIERED_SUPPORT,
        "customer-success": CUSTOMER_SUCCESS,
        "onboarding": ONBOARDING,
        "year": YEAR,
    }.items()
    for name, route in routes.items()
}
"""By policy and route."""
