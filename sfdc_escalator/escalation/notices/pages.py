"""A message cut to the size of its channel: what must be said is never cut, the rest is cut at a word."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from sfdc_escalator.escalation.notices.message import Line, Message

SIREN = "\N{POLICE CARS REVOLVING LIGHT}"
REPEAT = "This may be a repeat of a message that you have already."
GOES_ON = " (continued)"
CUT = " ..."
Measure = Callable[[str], int]
"""The size of a plain text as the channel counts it, after its own escaping."""


def title_of(message: Message) -> str:
    """The title, with the sign of an urgent message; the name of a sandbox comes first."""
    return message.prefix + (f"{SIREN} {message.title}" if message.urgent else message.title)


def plain_text(message: Message) -> str:
    """The whole message as plain text: the title, one line for each part, the links, the key."""
    repeat = [REPEAT] if message.is_repeat else []
    links = (f"{one.label}: {one.url}" for one in message.links)
    key = [message.key] if message.key else []
    return "\n".join([title_of(message), *repeat, *map(line_text, message.lines), *links, *key])


def body_lines(message: Message) -> tuple[Line, ...]:
    """The lines below the title: that it may be a repeat, its own lines, the key; the links are apart."""
    repeat = (Line("", REPEAT, kept=True),) if message.is_repeat else ()
    return (*repeat, *message.lines, *((Line("", message.key, kept=True),) if message.key else ()))


def line_text(line: Line) -> str:
    return f"{line.label}: {line.text}" if line.label else line.text


def pages(message: Message, most: int, measure: Measure = len) -> tuple[Message, ...]:
    """The message as one whose plain text is at most `most` large. Where the parts that are never cut are larger than
    that, they are spread over several, each with the title; the links and the key are on the last one."""
    message = with_short_title(message, most, measure)
    kept = tuple(one for one in message.lines if one.kept)
    room = most - measure(plain_text(replace(message, lines=kept)))
    if room < 0:
        return tuple(spread(message, kept, most, measure))
    lines = []
    for one in message.lines:
        if one.kept:
            lines.append(one)
        elif shorter := fitting(one, room, measure):
            lines.append(shorter)
            room -= measure("\n" + line_text(shorter))
    return (replace(message, lines=tuple(lines)),)


def with_short_title(message: Message, most: int, measure: Measure) -> Message:
    """The message with a title that leaves half of a page to the rest; a longer one stands whole below it, too."""

    def has_room(title: str) -> bool:
        return measure(title_of(replace(message, title=title + GOES_ON))) <= most // 2

    if has_room(message.title):
        return message
    beginning = at_a_word(message.title, longest(message.title, lambda text: has_room(text + CUT)))
    return replace(message, title=beginning + CUT, lines=(Line("", message.title, kept=True), *message.lines))


def numbered(parts: Sequence[Message]) -> tuple[Message, ...]:
    """The parts of one message, each with an id of its own; the first has that of the message."""
    return tuple(replace(one, id=f"{one.id}.{number}") if number > 1 else one for number, one in enumerate(parts, 1))


def fitting(line: Line, room: int, measure: Measure) -> Line | None:
    """The line, cut at a word where it is larger than the room; None where no word of it has room."""

    def has_room(text: str) -> bool:
        return measure("\n" + line_text(line._replace(text=text))) <= room

    if has_room(line.text):
        return line
    beginning = at_a_word(line.text, longest(line.text, lambda text: has_room(text + CUT)))
    return line._replace(text=beginning + CUT) if beginning else None


def longest(text: str, has_room: Callable[[str], bool]) -> int:
    """The length of the longest beginning of the text that has room."""
    least, most = 0, len(text)
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if has_room(text[:middle]) else (least, middle - 1)
    return least


def at_a_word(text: str, most: int) -> str:
    """The beginning of the text, at most that long, that ends with a word; of one very long word a part."""
    beginning = text[:most]
    if most >= len(text) or text[most].isspace():
        return beginning.rstrip()
    at_space = max(beginning.rfind(space) for space in " \n\t")
    return (beginning[:at_space] if at_space > most // 2 else beginning).rstrip()


def spread(message: Message, lines: Sequence[Line], most: int, measure: Measure) -> Iterator[Message]:
    """The lines over as many messages as they need; a line that is larger than one is split."""
    now = replace(message, lines=(), links=(), key="")

    def larger(page: Message) -> bool:
        return measure(plain_text(page)) > most

    for line in (part for one in lines for part in split(one, now, most, measure)):
        longer = replace(now, lines=(*now.lines, line))
        if now.lines and larger(longer):
            yield now
            longer = replace(now, title=message.title + GOES_ON, lines=(line,))
        now = longer
    last = replace(now, links=message.links, key=message.key)
    if larger(last):
        yield now
        last = replace(last, title=message.title + GOES_ON, lines=())
    yield last


def split(line: Line, empty: Message, most: int, measure: Measure) -> Iterator[Line]:
    """The line in parts, each of which has room in a message without other lines."""

    def has_room(text: str) -> bool:
        page = replace(empty, title=empty.title + GOES_ON, lines=(line._replace(text=text),))
        return measure(plain_text(page)) <= most

    rest = line.text
    while rest and not has_room(rest):
        length = longest(rest, has_room)
        part = at_a_word(rest, length) or rest[: max(1, length)]
        yield line._replace(text=part)
        rest = rest[len(part) :].lstrip()
    yield line._replace(text=rest)
