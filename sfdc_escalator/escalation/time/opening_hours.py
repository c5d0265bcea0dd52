"""Opening hours as a policy writes them: days, each with its opening and closing times."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

ZERO, DAY = timedelta(0), timedelta(days=1)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SPAN = re.compile(r"(0\d|1\d|2[0-3]):([0-5]\d)-(?:(0\d|1\d|2[0-3]):([0-5]\d)|24:00)", re.ASCII)
SPAN_FORM = "opening and closing time such as 08:00-20:00, 22:00-06:00 overnight, or 00:00-24:00 for the whole day"
DAYS_FORM = f"{', '.join(DAYS)}, a range such as mon-fri, or several of them with commas between"

Spans = tuple[tuple[timedelta, timedelta], ...]
"""Opening and closing as offsets from local midnight, 0 to 24 h, in order, without overlaps."""


def parse_hours(text: str | Sequence[str]) -> tuple[Spans, Spans]:
    """The spans on the day itself, and on the next day after midnight; ValueError when the text does not give hours."""
    parts = [part.strip() for part in text.split(",")] if isinstance(text, str) else list(text)
    spans = [parse_span(part) for part in parts]
    if not spans:
        raise ValueError(f"the opening hours are empty; expected {SPAN_FORM}; leave out a closed day")
    today = [(opens, closes if opens < closes else DAY) for opens, closes in spans]
    return merged(today), merged([(ZERO, closes) for opens, closes in spans if closes < opens and closes])


def parse_span(text: str) -> tuple[timedelta, timedelta]:
    found = SPAN.fullmatch(text)
    if not found or (found[1] == found[3] and found[2] == found[4]):
        raise ValueError(f"{text!r} is not an opening time; expected {SPAN_FORM}")
    opens = timedelta(hours=int(found[1]), minutes=int(found[2]))
    return opens, timedelta(hours=int(found[3]), minutes=int(found[4])) if found[3] else DAY


def merged(spans: Sequence[tuple[timedelta, timedelta]]) -> Spans:
    """The spans in order, with overlapping and adjacent ones joined."""
    whole: list[tuple[timedelta, timedelta]] = []
    for opens, closes in sorted(spans):
        if whole and opens <= whole[-1][1]:
            opens, closes = whole[-1][0], max(whole.pop()[1], closes)
        whole.append((opens, closes))
    return tuple(whole)


def parse_days(text: str) -> tuple[int, ...]:
    """`mon-fri`, `sat`, `mon,wed`, `fri-mon` as places in the week, Monday 0; ValueError for any other text."""
    days: list[int] = []
    for part in text.split(","):
        names = part.strip().lower().split("-")
        if len(names) > 2 or not set(names) <= set(DAYS):
            raise ValueError(f"{part.strip()!r} is not a day; expected {DAYS_FORM}")
        first, last = DAYS.index(names[0]), DAYS.index(names[-1])
        days += ((first + count) % 7 for count in range((last - first) % 7 + 1))
    return tuple(days)


def week_of(hours: Mapping[str, str | Sequence[str]]) -> tuple[Spans, ...]:
    """Seven days, Monday first, from days and their hours; ValueError with advice on what is wrong."""
    week: list[list[tuple[timedelta, timedelta]]] = [[] for _ in DAYS]
    seen: set[int] = set()
    for days, text in hours.items():
        today, next_day = parse_hours(text)
        for day in parse_days(days):
            if day in seen:
                raise ValueError(
                    f"{DAYS[day]} is given twice, again in {days!r}; expected each day once, hours in a list"
                )
            seen.add(day)
            week[day] += today
            week[(day + 1) % 7] += next_day
    return tuple(map(merged, week))
