"""What a writer said in this very message: without the replies quoted in it, and without the signature."""

import re

QUOTED = re.compile(r"^\s*(>|\|\s)")
REPLY_TO = re.compile(
    r"^\s*(on\b.{0,200}\bwrote:|le\b.{0,200}\ba \u00e9crit\s*:|am\b.{0,200}\bschrieb\b.{0,80}:"
    r"|-+\s*original message\s*-+|-{3,}\s*forwarded message\s*-{3,}|_{10,}|begin forwarded message:)\s*$",
    re.IGNORECASE,
)
HEADER = re.compile(r"^\s*\*?(from|sent|to|cc|date|subject):\*?\s", re.IGNORECASE)
SIGNATURE = re.compile(r"^\s*(--|\u2014|__|sent from my \S.{0,60}|get outlook for \S.{0,30})\s*$", re.IGNORECASE)
HEADERS = 3
"""So many header lines in a row are a quoted e-mail, not somebody's words."""


def own_words(text: str) -> str:
    """The text up to the first quoted e-mail or signature, without the lines quoted in between."""
    lines = text.splitlines()
    kept = []
    for place, line in enumerate(lines):
        if place and (ends_here(lines, place) or SIGNATURE.match(line)):
            break
        if not QUOTED.match(line):
            kept.append(line)
    return "\n".join(kept)


def ends_here(lines: list[str], place: int) -> bool:
    """Whether a quoted e-mail begins on this line; its `On ... wrote:` may be broken over two."""
    line = lines[place]
    joined = f"{line} {lines[place + 1]}" if place + 1 < len(lines) else line
    headers = lines[place : place + HEADERS]
    several = len(headers) == HEADERS and all(HEADER.match(one) for one in headers)
    return several or any(REPLY_TO.match(one) for one in (line, joined))
