"""The writer's own words in a message: without the replies quoted in it, and without the signature."""

import re

QUOTED = re.compile(r"^\s*(>|\|\s)")
REPLY_TO = re.compile(
    r"^\s*(on\b.{0,200}\bwrote:|le\b.{0,200}\ba \u00e9crit\s*:|am\b.{0,200}\bschrieb\b.{0,80}:"
    r"|-+\s*original message\s*-+|-{3,}\s*forwarded message\s*-{3,}|_{10,}|begin forwarded message:)\s*$",
    re.IGNORECASE,
)
HEADER = re.compile(
    r"^\s*\*?(from|sent|to|cc|date|subject|von|gesendet|an|datum|betreff|de|envoy\u00e9|\u00e0|objet)\s?:\*?\s",
    re.IGNORECASE,
)
SIGNATURE = re.compile(r"^\s*(--|\u2014|__|sent from my \S.{0,60}|get outlook for \S.{0,30})\s*$", re.IGNORECASE)
HEADERS = 3
"""This number of header lines in a row is a quoted e-mail, not the writer's words."""


def own_words(text: str) -> str:
    """The text up to the first signature or e-mail quoted in full. Of an e-mail quoted line by line only the
    quoted lines are left out: answers between and below them stay."""
    lines = text.splitlines()
    kept, place = list[str](), 0
    while place < len(lines):
        introduced = introduction(lines, place)
        if introduced and quotes_lines(lines[place + introduced :]):
            place += introduced
            continue
        if place and (introduced or SIGNATURE.match(lines[place]) or is_header(lines[place : place + HEADERS])):
            break
        if not QUOTED.match(lines[place]):
            kept.append(lines[place])
        place += 1
    return "\n".join(kept)


def introduction(lines: list[str], place: int) -> int:
    """The number of lines from here that introduce a quoted e-mail: `On ... wrote:` may be broken over two."""
    here = lines[place : place + 2]
    return next((count for count in range(1, len(here) + 1) if REPLY_TO.match(" ".join(here[:count]))), 0)


def quotes_lines(lines: list[str]) -> bool:
    first = next((line for line in lines if line.strip()), "")
    return bool(QUOTED.match(first))


def is_header(lines: list[str]) -> bool:
    return len(lines) == HEADERS and all(HEADER.match(line) for line in lines)
