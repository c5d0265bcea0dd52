"""The writer's own words in a message: without the replies quoted in it, and without the signature."""

import re

from sfdc_escalator.escalation.conditions.speech.headers import LONG
from sfdc_escalator.escalation.conditions.speech.introductions import introduction

QUOTED = re.compile(r"^\s*(>|\|\s)")
SIGNATURE = re.compile(r"^\s*(--|\u2014|__|sent from my \S.{0,60}|get outlook for \S.{0,30})\s*$", re.IGNORECASE)


def own_words(text: str) -> str:
    """The text up to the first signature or e-mail quoted in full. Of an e-mail quoted line by line only the
    quoted lines are left out: answers between and below them stay."""
    lines = text.splitlines()
    if len(lines) == 1 and not QUOTED.match(lines[0][:LONG]):
        return lines[0]
    kept, place = list[str](), 0
    while place < len(lines):
        introduced = introduction(lines, place)
        if introduced and quotes_lines(lines, place + introduced):
            place += introduced
            continue
        if place and (introduced or SIGNATURE.match(lines[place][:LONG])):
            break
        if not QUOTED.match(lines[place][:LONG]):
            kept.append(lines[place])
        place += 1
    return "\n".join(kept)


def quotes_lines(lines: list[str], place: int) -> bool:
    """True where the first line from here with some text is marked as quoted."""
    while place < len(lines) and not lines[place][:LONG].strip():
        place += 1
    return place < len(lines) and bool(QUOTED.match(lines[place][:LONG]))
