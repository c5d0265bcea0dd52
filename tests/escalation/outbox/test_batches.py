"""The messages of one run: what goes alone, what goes together, and what waits (rules N6, N7, N8, N11)."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sfdc_escalator.escalation.outbox.batches import Batches, batches
from sfdc_escalator.escalation.outbox.rows import Delivered, Waiting
from sfdc_escalator.escalation.policy.telling import Cap, Quiet

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NIGHT = Quiet(time(20), time(8))
SIX = Cap(6, 15 * MINUTE)
TWO = Cap(2, HOUR)
ACME = frozenset({"acme"})


def row(name: str, minutes: float = 0, to: str = "ada@example.com", **more: Any) -> Waiting:
    """A notice that was queued this number of minutes after noon, and is due since then."""
    queued = NOON + minutes * MINUTE
    return replace(Waiting(name, "mail", to, queued, queued), **more)


def rows(names: str, minutes: float = 0, **more: Any) -> list[Waiting]:
    return [row(name, minutes, **more) for name in names]


def got(minutes: float, message: str = "", group: str = "", first: bool = False) -> Delivered:
    """A message that was delivered this number of minutes after noon."""
    return Delivered("mail", "ada@example.com", NOON + minutes * MINUTE, message or str(minutes), group, first)


def sent(found: Batches) -> list[str]:
    """The messages by the names of their rows, such as `a` and `bcd`."""
    return ["".join(one.id for one in batch.rows) for batch in found.send]


def kinds(found: Batches) -> list[str]:
    return [batch.kind for batch in found.send]


def kept(found: Batches) -> dict[str, float]:
    """The rows that are kept back, with the minutes after noon at which they may go."""
    return {name: (at - NOON) / MINUTE for name, at in found.later.items()}


def held(waiting: list[Waiting], found: Batches) -> list[Waiting]:
    """The rows that still wait after a run, as the caller stores them."""
    gone = {one.id for batch in found.send for one in batch.rows}
    return [
        replace(one, at=found.later[one.id], held=True) if one.id in found.later else one
        for one in waiting
        if one.id not in gone
    ]


def delivered(found: Batches, at: datetime) -> list[Delivered]:
    """What the caller stores of a run in which every message was delivered."""
    return [
        Delivered(*one.recipient, at, batch.rows[0].id, "" if one.digest else one.group, one.group in batch.firsts)
        for batch in found.send
        for one in batch.rows
    ]


# -- alone, together, not yet --------------------------------------------------------------------------------------


def test_notices_go_one_by_one_in_the_order_in_which_they_were_queued() -> None:
    """N7"""
    found = batches([row("b", 2), row("a", 1), row("c", 2)], [], NOON + 2 * MINUTE)
    assert (sent(found), kinds(found), kept(found)) == (["a", "b", "c"], ["one"] * 3, {})


def test_a_notice_whose_time_has_not_come_stays() -> None:
    """N6, N11"""
    found = batches([row("a", at=NOON + MINUTE), row("b", at=NOON)], [], NOON)
    assert (sent(found), kept(found)) == (["b"], {})


def test_what_was_held_goes_as_one_message_for_each_recipient_and_channel() -> None:
    """N6"""
    waiting = [*rows("abc", held=True), row("d", held=True, to="bob@example.com"), row("e", held=True, channel="desk")]
    found = batches([*waiting, row("f")], [], NOON)
    assert (sent(found), kinds(found)) == (["abc", "f", "d", "e"], ["bundle", "one", "one", "one"])


def test_without_notices_no_message_is_sent() -> None:
    """N7: there is no empty digest."""
    assert batches([], [got(-1)], NOON) == Batches((), {})


# -- N6: quiet hours -----------------------------------------------------------------------------------------------


def test_notices_of_the_night_go_in_the_morning_as_one_message() -> None:
    """N6"""
    waiting = rows("abc", 9 * 60, quiet=NIGHT)
    night = batches(waiting, [], NOON + 9 * HOUR)
    assert (sent(night), kept(night)) == ([], dict.fromkeys("abc", 20 * 60))
    morning = batches([*held(waiting, night), row("d", 20 * 60, quiet=NIGHT)], [], NOON + 20 * HOUR)
    assert sent(morning) == ["abc", "d"]


def test_quiet_hours_are_those_of_the_recipient() -> None:
    """N6"""
    auckland = ZoneInfo("Pacific/Auckland")  # noon is one hour after midnight there
    found = batches([row("a", quiet=NIGHT, zone=auckland), row("b", quiet=NIGHT, to="bob@example.com")], [], NOON)
    assert (sent(found), kept(found)) == (["b"], {"a": 7 * 60})


def test_a_run_that_comes_late_into_the_night_keeps_quiet_too() -> None:
    """N6: the notice was due at noon, no run came until 21:00."""
    for more in ({}, {"held": True}, {"digest": True}, {"bundle": "a", "first_try": NOON}):
        assert kept(batches([row("a", quiet=NIGHT, **more)], [], NOON + 9 * HOUR)) == {"a": 20 * 60}


# -- N7: digest ----------------------------------------------------------------------------------------------------


def test_a_digest_is_one_message_for_each_recipient_and_missed_ones_merge() -> None:
    """N7"""
    today, yesterday = rows("bc", digest=True), row("a", -24 * 60, digest=True)
    other = row("d", digest=True, to="bob@example.com")
    found = batches([*today, yesterday, other, row("e", at=NOON + HOUR, digest=True)], [], NOON)
    assert (sent(found), kinds(found), kept(found)) == (["abc", "d"], ["digest", "digest"], {})


def test_a_digest_counts_as_one_message_and_waits_for_the_cap() -> None:
    """N7"""
    waiting = rows("abc", digest=True, cap=TWO)
    assert sent(batches(waiting, [got(-5)], NOON)) == ["abc"]
    full = batches(waiting, [got(-5), got(-4)], NOON)
    assert (sent(full), kept(full)) == ([], dict.fromkeys("abc", 55))
    assert kinds(batches(held(waiting, full), [got(-5), got(-4)], NOON + 55 * MINUTE)) == ["digest"]


def test_a_digest_is_never_urgent_and_never_mixed_with_other_notices() -> None:
    """N7"""
    found = batches([row("a", digest=True, urgent=True), row("b", digest=True), row("c", held=True)], [], NOON)
    assert (sent(found), [batch.urgent for batch in found.send]) == (["ab", "c"], [False, False])


# -- N7: cap -------------------------------------------------------------------------------------------------------


def test_what_is_over_the_cap_waits_and_goes_as_one_message() -> None:
    """N7"""
    waiting = rows("abcdefghi", cap=SIX)
    first = batches(waiting, [], NOON)
    assert (sent(first), kept(first)) == (list("abcdef"), dict.fromkeys("ghi", 15))
    second = batches(held(waiting, first), delivered(first, NOON), NOON + 15 * MINUTE)
    assert (sent(second), kinds(second)) == (["ghi"], ["bundle"])


@pytest.mark.parametrize(
    ("before", "free"),
    [
        ([], None),
        ([-60, -30], None),  # an hour ago has left the window
        ([-59, -30], 1),
        ([-90, -59, -30], 1),
        ([-40, -30, -20], 30),  # the cap was exceeded by urgent ones: two must leave
    ],
)
def test_the_window_of_the_cap_slides(before: list[float], free: float | None) -> None:
    """N7"""
    found = batches([row("a", cap=TWO)], [got(minutes) for minutes in before], NOON)
    assert kept(found) == ({} if free is None else {"a": free})


def test_a_bundle_counts_as_one_message() -> None:
    """N7"""
    before = [got(-5, "bundle") for _ in range(9)]
    assert sent(batches([row("a", cap=TWO)], before, NOON)) == ["a"]


def test_messages_to_another_recipient_or_channel_do_not_count() -> None:
    """N7"""
    before = [got(-5)._replace(to="bob@example.com"), got(-4)._replace(channel="desk"), got(-3)]
    assert sent(batches([row("a", cap=TWO)], before, NOON)) == ["a"]


def test_the_strictest_cap_of_a_recipient_counts() -> None:
    """N7: neither cap is stricter at every time."""
    short, long = row("a", cap=Cap(1, 10 * MINUTE)), row("b", cap=Cap(2, HOUR))
    assert kept(batches([short, long], [got(-5)], NOON)) == {"a": 5, "b": 5}
    assert kept(batches([short, long], [got(-50), got(-11)], NOON)) == {"a": 10, "b": 10}
    assert kept(batches([row("c"), long], [got(-50), got(-11)], NOON)) == {"b": 10, "c": 10}


def test_the_cap_of_a_notice_that_is_not_due_stops_no_other() -> None:
    """N7"""
    found = batches([row("a"), row("b", at=NOON + HOUR, cap=Cap(1, HOUR))], [got(-5)], NOON)
    assert sent(found) == ["a"]


def test_a_cap_that_opens_in_the_night_opens_in_the_morning() -> None:
    """N6, N7"""
    evening = NOON + 7.5 * HOUR
    found = batches([row("a", cap=TWO, quiet=NIGHT)], [got(7 * 60), got(7.25 * 60)], evening)
    assert kept(found) == {"a": 20 * 60}


# -- N7: urgent ----------------------------------------------------------------------------------------------------


def test_urgent_notices_ignore_quiet_hours_and_cap_and_go_first() -> None:
    """N7"""
    now = NOON + 12 * HOUR
    urgent = row("b", urgent=True, quiet=NIGHT, cap=TWO)
    found = batches([row("a", quiet=NIGHT), urgent, row("c", to="bob@example.com")], [got(715), got(716)], now)
    assert (sent(found), [batch.urgent for batch in found.send]) == (["b", "c"], [True, False])


def test_urgent_messages_go_before_all_others_whoever_gets_them() -> None:
    """N7: the time of a run is short."""
    found = batches([row("a"), row("b", to="bob@example.com", urgent=True), row("c", to="eve@example.com")], [], NOON)
    assert sent(found) == ["b", "a", "c"]


def test_urgent_messages_of_this_run_use_up_the_cap_of_the_others() -> None:
    """N7"""
    found = batches([row("a", cap=TWO), *rows("bc", urgent=True)], [], NOON)
    assert (sent(found), kept(found)) == (["b", "c"], {"a": 60})


def test_the_cap_of_an_urgent_notice_stops_no_other() -> None:
    """N7"""
    found = batches([row("a"), row("b", urgent=True, cap=Cap(1, HOUR))], [], NOON)
    assert sent(found) == ["b", "a"]


def test_more_than_five_urgent_notices_to_one_recipient_are_one_message() -> None:
    """N7"""
    five, sixth = rows("abcde", urgent=True), row("f", urgent=True)
    other = row("g", urgent=True, to="bob@example.com")
    assert sent(batches([*five, other], [], NOON)) == ["a", "b", "c", "d", "e", "g"]
    found = batches([*five, sixth, other], [], NOON)
    assert (sent(found), kinds(found)) == (["abcdef", "g"], ["bundle", "one"])
    late = row("f", 1, urgent=True, held=True, group="acme")
    assert sent(batches([*five, late], [], NOON + MINUTE)) == ["abcdef"]


# -- N8: one notice per group --------------------------------------------------------------------------------------


def test_the_first_of_a_group_goes_now_and_the_others_as_one_message_15_minutes_later() -> None:
    """N8"""
    waiting = rows("abcd", group="acme")
    first = batches(waiting, [], NOON)
    assert (sent(first), first.send[0].firsts, kept(first)) == (["a"], ACME, dict.fromkeys("bcd", 15))
    then = [*held(waiting, first), row("e", 15, group="acme")]
    second = batches(then, delivered(first, NOON), NOON + 15 * MINUTE)
    assert (sent(second), second.send[0].firsts) == (["bcde"], frozenset())


def test_all_that_came_since_the_pause_of_a_group_ended_go_together() -> None:
    """N8"""
    found = batches(rows("bcd", group="acme"), [got(-20, group="acme", first=True)], NOON)
    assert (sent(found), found.send[0].firsts, kept(found)) == (["bcd"], frozenset(), {})


@pytest.mark.parametrize(
    ("before", "free"),
    [
        ([(-14, True)], 1),
        ([(-15, True)], None),
        ([(-60, True), (-5, False)], 10),
        ([(-24 * 60, True), (-5, False)], None),  # the first was 24 hours ago: the next is a first again
        ([(-24 * 60 + 4, True), (-5, False)], 4),  # it is one in four minutes
    ],
)
def test_more_of_a_group_go_at_most_every_15_minutes_until_the_next_is_a_first_again(
    before: list[tuple[float, bool]], free: float | None
) -> None:
    """N8"""
    known = [got(minutes, group="acme", first=first) for minutes, first in before]
    assert kept(batches([row("a", group="acme")], known, NOON)) == ({} if free is None else {"a": free})


def test_after_its_time_the_first_of_a_group_goes_alone_again() -> None:
    """N8"""
    known = [got(-60, group="acme", first=True), got(-5, group="acme")]
    found = batches(rows("ab", group="acme", within=HOUR), known, NOON)
    assert (sent(found), found.send[0].firsts, kept(found)) == (["a"], ACME, {"b": 15})


def test_no_pause_is_longer_than_the_time_of_the_group() -> None:
    """N8"""
    waiting = rows("ab", group="acme", within=10 * MINUTE)
    first = batches(waiting, [], NOON)
    assert kept(first) == {"b": 10}
    assert kept(batches(waiting, delivered(first, NOON), NOON + MINUTE)) == {"a": 10, "b": 10}


def test_groups_and_recipients_do_not_wait_for_each_other() -> None:
    """N8"""
    other = row("d", group="acme", to="bob@example.com")
    found = batches([row("a", group="acme"), row("b", group="beta"), row("c"), other], [], NOON)
    assert (sent(found), kept(found)) == (["a", "b", "c", "d"], {})


def test_in_the_morning_a_group_is_in_the_one_message_whole() -> None:
    """N6, N8: its first is in it, so the next one waits."""
    waiting = [*rows("ab", 9 * 60, quiet=NIGHT, group="acme"), row("c", 9 * 60, quiet=NIGHT)]
    night = batches(waiting, [], NOON + 9 * HOUR)
    morning = batches(held(waiting, night), [], NOON + 20 * HOUR)
    assert (sent(morning), morning.send[0].firsts) == (["abc"], ACME)
    known = delivered(morning, NOON + 20 * HOUR)
    assert kept(batches([row("d", 20 * 60, group="acme")], known, NOON + 20 * HOUR)) == {"d": 20 * 60 + 15}


def test_a_first_that_is_tried_again_makes_the_others_of_its_group_wait() -> None:
    """N8, N11: it may have been delivered, or may be soon."""
    tried = row("a", group="acme", bundle="a", first_try=NOON, tries=1, at=NOON + MINUTE)
    assert kept(batches([tried, row("b", group="acme")], [], NOON)) == {"b": 15}
    after = batches([tried, *rows("bc", group="acme", held=True, at=NOON + 15 * MINUTE)], [], NOON + 15 * MINUTE)
    assert sent(after) == ["a", "bc"]
    urgent = [replace(tried, urgent=True), *rows("bc", group="acme", held=True, at=NOON + 15 * MINUTE)]
    assert sent(batches(urgent, [], NOON + 15 * MINUTE)) == ["a", "bc"]


def test_urgent_notices_of_a_group_wait_for_the_group_alone() -> None:
    """N7, N8"""
    now, waiting = NOON + 12 * HOUR, rows("ab", 720, urgent=True, group="acme", quiet=NIGHT, cap=Cap(1, 24 * HOUR))
    first = batches(waiting, [got(0)], now)
    assert (sent(first), kept(first)) == (["a"], {"b": 735})
    second = batches(held(waiting, first), [got(0), *delivered(first, now)], now + 15 * MINUTE)
    assert (sent(second), second.send[0].urgent) == (["b"], True)


def test_many_urgent_notices_of_one_group_are_its_first_and_one_message_later() -> None:
    """N7, N8"""
    waiting = [*rows("abcdefg", urgent=True, group="acme"), *rows("hijkl", urgent=True)]
    first = batches(waiting, [], NOON)
    assert (sent(first), kept(first)) == (["ahijkl"], dict.fromkeys("bcdefg", 15))
    assert sent(batches(held(waiting, first), delivered(first, NOON), NOON + 15 * MINUTE)) == ["bcdefg"]


def test_an_urgent_first_is_the_first_for_notices_that_are_not_urgent() -> None:
    """N8"""
    found = batches([row("a", group="acme"), row("b", group="acme", urgent=True)], [], NOON)
    assert (sent(found), kept(found)) == (["b"], {"a": 15})


def test_a_digest_is_no_message_of_a_group() -> None:
    """N7, N8"""
    waiting = rows("abc", digest=True, group="acme")
    found = batches([*waiting, row("d", group="acme")], [], NOON)
    assert (sent(found), [batch.firsts for batch in found.send]) == (["abc", "d"], [frozenset(), ACME])
    tried = [replace(one, bundle="a", first_try=NOON) for one in waiting]
    assert sent(batches([*tried, row("d", group="acme")], [], NOON)) == ["abc", "d"]


# -- N11: tried before ---------------------------------------------------------------------------------------------


def test_a_message_goes_again_exactly_as_it_was() -> None:
    """N9, N11"""
    tried = rows("bd", bundle="first", first_try=NOON, held=True)
    found = batches([row("a", held=True), *tried, row("c", held=True)], [], NOON + MINUTE)
    assert (sent(found), kinds(found)) == (["bd", "ac"], ["bundle", "bundle"])


def test_a_message_that_is_tried_again_counts_for_the_cap_and_waits_for_it() -> None:
    """N7, N11"""
    tried = [*rows("ab", bundle="one", first_try=NOON, cap=TWO), row("c", bundle="two", first_try=NOON, cap=TWO)]
    assert (kept(batches([*tried, row("d", cap=TWO)], [], NOON))) == {"d": 60}
    found = batches([*tried, row("d", cap=TWO)], [got(-5)], NOON)
    assert (sent(found), kept(found)) == (["ab"], {"c": 55, "d": 55})


def test_a_tried_message_waits_for_the_last_of_its_rows() -> None:
    """N11"""
    early, late = row("a", bundle="one", first_try=NOON), row("b", bundle="one", first_try=NOON, at=NOON + MINUTE)
    assert (sent(batches([early, late], [], NOON)), kept(batches([early, late], [], NOON))) == ([], {"a": 1})
    urgent = [replace(one, urgent=True) for one in (early, late)]
    assert (sent(batches(urgent, [], NOON)), kept(batches(urgent, [], NOON))) == ([], {"a": 1})


def test_urgent_messages_that_are_tried_again_stay_as_they_were() -> None:
    """N7, N11"""
    tried = [row(name, urgent=True, bundle=name, first_try=NOON, quiet=NIGHT) for name in "abcdefg"]
    assert sent(batches([*tried, row("h", urgent=True)], [], NOON + 9 * HOUR)) == list("abcdefgh")
