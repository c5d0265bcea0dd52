"""The lines that introduce a quoted e-mail: `On ... wrote:` in any language, a ruled line, headers."""

import re
from collections.abc import Sequence

from sfdc_escalator.escalation.conditions.speech.headers import (
    ADDRESS,
    LONG,
    has_date,
    headers_at,
    is_quoted,
)
from sfdc_escalator.escalation.conditions.speech.mail_words import RULES, WROTE, as_set

BROKEN = 4
"""Mail programs break an introduction over this number of lines, at most."""
WORDS, BETWEEN = 6, 10
"""At most this number of words in a name or beside a date, and between a date and an address."""
WHITE = " \t\u00a0"
ENDS = (":", "\uff1a", "----")
IN_BRACKETS = re.compile(r"[<(\[]\s*(?:\[|mailto:)*\s*$")
SIGNS = "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
UNSEEN = dict.fromkeys(map(ord, SIGNS))
VERBS = as_set(WROTE)
VERB = "(?:" + "|".join(sorted((re.escape(word) for word in VERBS), key=len, reverse=True)) + ")"
VERB_FIRST = re.compile(rf"[^\w(]*{VERB}(?!\w)", re.IGNORECASE)
VERB_LAST = re.compile(rf"{VERB}[\s:\uff1a]*$", re.IGNORECASE)
PASSIVE = re.compile(r"Wiadomo\u015b\u0107 napisana przez ", re.IGNORECASE)
SHORT = re.compile(
    r"(?:on\b.{0,200}\bwrote:|le\b.{0,200}\ba \u00e9crit\s*:|am\b.{0,200}\bschrieb\b.{0,80}:"
    r"|in a message dated\b.{0,200}\bwrites:|begin forwarded message:)$",
    re.IGNORECASE,
)
# No mail program says `I wrote to ...` or `your agent wrote`.
PERSONAL = re.compile(
    r"\b(?:I(?!\.)|my|me|we|our|us|you|your|ich|wir|mir|uns|je(?!\s*:)|nous|vous|yo|ik|wij|jag|jeg|\u044f|\u043c\u044b)\b|\bj['\u2019]ai\b"
)
# Nor `the agent wrote`, `Ihre Kollegin schrieb`, where no address stands; `Ihr Acme-Team <...>` is a name.
OF_A_SENTENCE = re.compile(
    r"\b(?:the|it|they|he|she|some(?:body|one)|(?:[md]ein|Ihr|unser)(?:e[mnrs]?)?|eure?|euer|mon|votre|vos|notre|mis?|sus?"
    r"|nuestr[ao]|vuestr[ao]|(?:mi|su|vostr|nostr)[ao]|meu|minha|seu|voss[ao]|noss[ao]|mijn|uw|jullie|onze|min|din|er|vår"
    r"|jeres|vores|deres|teidän|minun|meidän|wasz[ae]?|państwa|mój|moja|ваш[аеи]?|наш[аеи]?|мо[йя]|мій|váš|vaš[aei]|můj|náš)\b"
)
LETTERS = re.compile(r"[^\W\d_]+")
RULE = re.compile(
    r"\s*(?:[-_=*\u2014\u2013]{2,}([^-_=*\u2014\u2013].{0,80}?)[-_=*\u2014\u2013]{2,}|[-_=*\u2014\u2013]{10,})\s*$"
)
RULED = "-_=*\u2014\u2013"
LINE_RULE = re.compile(r"\s*_{10,}\s*$")
ABOVE = ("above this line", "over this line")
KNOWN_RULE = as_set(RULES)


def introduction(lines: Sequence[str], place: int) -> int:
    """The number of lines from here that introduce a quoted e-mail; 0 where none does."""
    return (headed(lines, place) or attributed(lines, place)) if lines[place][:LONG].strip() else 0


def headed(lines: Sequence[str], place: int) -> int:
    """Headers, alone or below a ruled line; or a line that says it by itself."""
    line = lines[place] if len(lines[place]) <= LONG else ""
    rule = RULE.match(line) if line.strip()[:1] in RULED else None
    start = place + 1 if rule else place
    while rule and start < len(lines) and start - place < 3 and not lines[start][:LONG].strip():
        start += 1
    headers, count = headers_at(lines, start, ruled=rule is not None)
    if is_quoted(headers, ruled=rule is not None):
        return start - place + count
    known = rule is not None and plain(rule[1] or "") in KNOWN_RULE
    return 1 if known or LINE_RULE.match(line) or is_of_a_desk(line.strip("* \t")) else 0


def is_of_a_desk(line: str) -> bool:
    """True for the line above which a help desk expects the answer."""
    rule = len(line) <= LONG and all(end in ("--", "##", "==", "__", "- ", " -") for end in (line[:2], line[-2:]))
    return rule and (
        (line.startswith("##-") and line.endswith("-##") and len(line) > 6) or any(one in line.lower() for one in ABOVE)
    )


def plain(words: str) -> str:
    return " ".join(words.replace("\u2019", "'").casefold().split())


def attributed(lines: Sequence[str], place: int) -> int:
    """The lines of `On ... wrote:`, however it is broken. Words right above it do not belong to it."""
    for count in range(1, BROKEN + 1):
        here = lines[place : place + count]
        if len(here) < count or not here[-1][:LONG].strip() or len(here[-1]) > LONG:
            return 0
        if here[-1].rstrip(SIGNS + WHITE).endswith(ENDS) and is_attribution(here):
            later = (here[start:] for start in range(1, count))
            return 0 if any(is_attribution(some) and some[0].lstrip()[:1] not in "<([" for some in later) else count
    return 0


def is_attribution(here: Sequence[str]) -> bool:
    text = " ".join(line.strip() for line in here).translate(UNSEEN).strip()
    if len(text) > LONG:
        return False
    dashes = text.startswith("--")
    text = text.strip("- ").rstrip(":\uff1a").rstrip() + ":" if dashes else text
    if not any(map(str.isdigit, text)) and not dashes and not SHORT.match(text):
        return False
    address = ADDRESS.search(text)
    before, after = (text[: address.start()], text[address.end() :]) if address else (text, "")
    if PERSONAL.search(before) or PERSONAL.search(after) or (address is None and OF_A_SENTENCE.search(text)):
        return False
    if SHORT.match(text) and (address or len(here) < 3):
        return True
    if address is None:
        return has_date(text) and is_dated_verb(text)
    return is_around(before, after) or (dashes and bool(VERB_LAST.search(after)))


def is_around(before: str, after: str) -> bool:
    """True where the texts around an address are a name, a date and a few words, and not a sentence about it."""
    named = bool(IN_BRACKETS.search(before))
    if has_date(before):
        lead, between = re.split(r"\d", before, maxsplit=1)[0], re.split(r"\d", before)[-1]
        if max(count_words(lead), count_words(after)) > WORDS or count_words(between) > BETWEEN:
            return False
        if not named:
            return all(is_no_word(word) or VERB_FIRST.fullmatch(word) for word in LETTERS.findall(between))
        return count_words(after) > 0 or not is_sentence(between)
    if not has_date(after) or count_words(before) > WORDS:
        return False
    if not named:
        return not before.strip()
    return not is_sentence(before) or bool(VERB_FIRST.match(after.lstrip(">)] \t"))) or bool(PASSIVE.match(before))


def is_dated_verb(text: str) -> bool:
    """True for a date, a name and a known word for `wrote`, without an address."""
    first, *_, last = re.split(r"\d", text)
    if count_words(first) > WORDS or count_words(last) > BETWEEN:
        return False
    return bool(
        (VERB_LAST.search(last) and not is_sentence(VERB_LAST.sub("", last)))
        or VERB_FIRST.match(last)
        or (VERB_LAST.search(first) and not count_words(last))
    )


def count_words(text: str) -> int:
    return len(LETTERS.findall(text))


def is_no_word(word: str) -> bool:
    """AM, CET, or a word of a script without capitals."""
    return word == word.upper()


def is_sentence(words: str) -> bool:
    """True for `I wrote to Support`: a longer word in small letters behind a capital one, unlike in a name."""
    capital = False
    for word in LETTERS.findall(words):
        if capital and len(word) > 3 and word.islower() and word not in VERBS:
            return True
        capital = capital or (word[0].isupper() and (len(word) == 1 or not word.isupper()))
    return False
