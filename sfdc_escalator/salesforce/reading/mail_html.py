"""HTML e-mails as text: line ends where the layout breaks, `> ` before the lines of a quoted e-mail."""

import re
from collections.abc import Iterator
from html import unescape
from itertools import groupby

NAME = re.compile(r"<!--|</?[a-z][a-z0-9]*", re.IGNORECASE)
ENDS = {"<!--": re.compile("-->")} | {
    f"<{name}": re.compile(rf"</{name}\s*+>", re.IGNORECASE) for name in ("style", "script", "head")
}
BREAKS = frozenset({"<br", "</p", "</div", "</tr", "</li", "</blockquote", *(f"</h{level}" for level in range(1, 7))})
# Apple Mail and Thunderbird, Gmail, Proton mark a quotation so; without it, the writer indented a text.
CITED = re.compile(r"type\s*=\s*[\"']?cite\b|\b(?:gmail|protonmail)_quote\b", re.IGNORECASE)
LONG = 1000
"""A tag is read up to here."""


def text_of(html: str) -> str:
    """The text of an HTML e-mail."""
    parts, open_quotes, depth = list[tuple[str, bool]](), list[bool](), 0
    for text, tag in pieces(html):
        parts.append((text, depth > 0))
        name = name_of(tag)
        if name == "<blockquote":
            open_quotes.append(bool(CITED.search(tag)))
            depth += open_quotes[-1]
        elif name == "</blockquote" and open_quotes:
            depth -= open_quotes.pop()
        parts.append(("\n" if name in BREAKS else "", depth > 0))
    grouped = groupby(parts, key=lambda part: part[1])
    return "".join(plain("".join(text for text, _ in some), cited=cited) for cited, some in grouped)


def plain(text: str, *, cited: bool) -> str:
    text = unescape(text)
    if not cited:
        return text
    return "\n" + "".join(f"> {line}\n" for line in text.splitlines() if line.strip())


def name_of(tag: str) -> str:
    match = NAME.match(tag)
    return match[0].lower() if match else ""


def pieces(html: str) -> Iterator[tuple[str, str]]:
    """Each text with the tag behind it, without what is hidden. A tag or comment without an end is looked for once."""
    place, endless = 0, set[str]()
    while (start := html.find("<", place)) >= 0 and (end := html.find(">", start)) >= 0:
        tag = html[start : min(end + 1, start + LONG)]
        name = name_of(tag)
        yield html[place:start], tag
        place = end + 1
        if name in ENDS and name not in endless:
            hidden = ENDS[name].search(html, start + len(name))
            place = hidden.end() if hidden else place
            endless |= set() if hidden else {name}
    yield html[place:], ""
