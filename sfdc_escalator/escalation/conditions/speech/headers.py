"""Lines `Word: value` that head a quoted e-mail, in any language: sender, time, receivers and subject."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from sfdc_escalator.escalation.conditions.speech.mail_words import OTHERS, SENDERS, SENT, SUBJECTS, as_set

LONG = 400
"""Longer lines are read up to here: the time that a text takes grows with its length only."""
MOST = 8
"""Mail programs write fewer headers than this; receivers may take some lines more."""
LINE = re.compile(r"[\s*_|]*([^\W\d_][^:\uff1a\d@<>*_|]{0,24})[\s*_|]*[:\uff1a](?!//)[\s*_|]*(.*)")
APART = r"\s<>@:;,\"'()\[\]*|\u3001\uff0c\uff1a\uff08\uff09"
ADDRESS = re.compile(rf"(?<![^{APART}])[^{APART}]{{1,64}}@[^{APART}]{{1,255}}")
IN_BRACKETS = re.compile(r"[<\[]\s*(?:\[|mailto:)*\s*$")
REPLY = re.compile(r"[^\W\d_a-z][^\W\d_]{0,4}(?:\[\d{1,3}\])?\s?[:\uff1a]\s*[^\s/]")
TIME = re.compile(r"(?<!\d)\d{1,2}[:.]\d{2}(?!\d)")
DAY = re.compile(r"(?<!\d)\d{1,2}[./-] ?\d{1,2}[./-] ?\d{2}(?:\d{2})?(?!\d)")
YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
NUMBER = re.compile(r"\d+")
SENDER, SUBJECT, SENDING = as_set(SENDERS), as_set(SUBJECTS), as_set(SENT)
KNOWN = SENDER | SUBJECT | SENDING | as_set(OTHERS)
# `**From:** Ann **Sent:** Monday`, or the same without stars: headers that a program joined in one line.
JOINED = re.compile(
    r"\s(?=\*{1,2}[^\W\d_][^:\d*]{0,24}:\*|(?:" + "|".join(map(re.escape, sorted(KNOWN))) + r")\s?[:\uff1a]\s)",
    re.IGNORECASE,
)
ENOUGH, ENOUGH_RULED = 4, 3


class Header(NamedTuple):
    word: str
    value: str


def has_date(text: str) -> bool:
    """True for a day: with a year, in numbers, or with a time of the day."""
    numbers = len(NUMBER.findall(text))
    return bool(DAY.search(text) or (YEAR.search(text) and numbers > 1) or (TIME.search(text) and numbers > 2))


def headers_at(lines: Sequence[str], place: int, *, ruled: bool) -> tuple[list[Header], int]:
    """The adjacent headers from here, and the number of their lines; none where they cannot head an e-mail."""
    first = headers_in(lines[place][:LONG]) if place < len(lines) else ()
    if not first or not (ruled or first[0].word in KNOWN or "@" in first[0].value):
        return [], 0
    found, end = list(first), place + 1
    while end < len(lines) and len(found) < MOST and end - place < 2 * MOST:
        # Some programs put a blank line after each. What stands above a blank line may also be the writer's own.
        end += found[0].word in KNOWN and not lines[end][:LONG].strip() and end + 1 < len(lines)
        more = () if continues(lines[end], found) else headers_in(lines[end][:LONG])
        if not more and not continues(lines[end], found):
            break
        found += more
        end += 1
    return found, end - place


@lru_cache(maxsize=64)
def headers_in(line: str) -> tuple[Header, ...]:
    """The header of a line, or several; cached because each line is read once from each line above it."""
    if not any(colon in line for colon in ":\uff1a"):
        return ()
    parts = JOINED.split(line) if line.count(":") > 2 else [line]
    matches = [match for part in parts if (match := LINE.match(part))]
    found = [Header(" ".join(match[1].split()).casefold(), match[2].strip(" \t*_|")) for match in matches]
    return tuple(one for one in found if one.word.count(" ") < 3)


def continues(line: str, found: Sequence[Header]) -> bool:
    """True for receivers that are broken over lines."""
    return bool(found) and "@" in line[:LONG] and (line[:1] in " \t" or found[-1].value.endswith((";", ",")))


def is_quoted(headers: Sequence[Header], *, ruled: bool) -> bool:
    """True where these lines head an e-mail; below a ruled line less is enough. Cards and forms of a customer hold
    addresses and dates too, so it takes several signs."""
    return len(headers) > 1 and (
        is_known(headers) or signs(headers, ruled=ruled) >= (ENOUGH_RULED if ruled else ENOUGH)
    )


def is_known(headers: Sequence[Header]) -> bool:
    """True for the words of a mail program. From, to and date are also on a ticket: so `sent`, or an address or a
    reply's subject."""
    words = [one.word for one in headers]
    if len(words) < 3 or not all(word in KNOWN for word in words[:3]):
        return False
    values = [one.value for one in headers if one.word in KNOWN]
    return not SENDING.isdisjoint(words) or (
        not SENDER.isdisjoint(words)
        and (words[0] in SENDER or not SUBJECT.isdisjoint(words))
        and any(ADDRESS.search(value) or REPLY.match(value) for value in values)
    )


def signs(headers: Sequence[Header], *, ruled: bool) -> int:
    """The weight of what shows that these lines head an e-mail; it begins with its sender, or with the time."""
    first, *rest = headers
    if not ruled and ("@" not in first.value or "mail" in first.word or any(one.word in SENDER for one in rest)):
        return 0  # where a sender stands further below, the mail begins there
    addresses = [ADDRESS.search(one.value) for one in headers]
    if not ruled and addresses[0] is None:
        return 0
    named = [
        one for one, at in zip(headers, addresses, strict=True) if at and IN_BRACKETS.search(one.value[: at.start()])
    ]
    dated = [one for one in headers if not ADDRESS.search(one.value) and has_date(one.value)]
    return (
        bool(named)
        + (sum(map(bool, addresses)) > 1)
        + bool(dated)
        + any(TIME.search(one.value) for one in dated)
        + (first.word in SENDER and any(one.word in SENDING for one in dated))
        + 3 * any(REPLY.match(one.value) for one in headers[1:])
    )
