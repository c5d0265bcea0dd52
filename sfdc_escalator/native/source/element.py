"""XML of a metadata file as elements with their lines. Document types and entities are refused, never expanded."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

DEEPEST = 100
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
PREDEFINED = "the five entities of XML itself (&amp; &lt; &gt; &apos; &quot;) and characters by number"


class NotReadable(Exception):
    """The file is not XML that can be read. `root` is the name of its first element, empty where none was reached."""

    def __init__(self, message: str, line: int, expected: str = "", root: str = "") -> None:
        super().__init__(message)
        self.message, self.line, self.expected, self.root = message, line, expected, root


@dataclass(slots=True)
class Element:
    """`name` has no namespace; `raw` is its own text as the file has it, which begins on `text_line`."""

    name: str
    line: int
    children: list["Element"] = field(default_factory=list)
    raw: str = ""
    text_line: int = 0

    @property
    def text(self) -> str:
        return self.raw.strip()

    @property
    def is_true(self) -> bool:
        return self.text.lower() == "true"

    def first(self, name: str) -> "Element | None":
        return next(self.all(name), None)

    def all(self, name: str) -> Iterator["Element"]:
        return (child for child in self.children if child.name == name)

    def value(self, name: str) -> str:
        """The trimmed text of the first child of this name; empty without one."""
        found = self.first(name)
        return found.text if found else ""


@dataclass(slots=True)
class Builder:
    """Makes the tree from the events of expat."""

    parser: Any
    root: Element | None = None
    open: list[Element] = field(default_factory=list)
    texts: list[list[str]] = field(default_factory=list)

    @property
    def root_name(self) -> str:
        return self.root.name if self.root else ""

    def refuse(self, message: str, expected: str) -> None:
        raise NotReadable(message, self.parser.CurrentLineNumber, expected, self.root_name)

    def start(self, name: str, _: Any) -> None:
        element = Element(name.rpartition(" ")[2], self.parser.CurrentLineNumber)
        if len(self.open) >= DEEPEST:
            self.refuse("the file is nested too deep", f"{DEEPEST} levels at most")
        if self.open:
            self.open[-1].children.append(element)
        self.root = self.root or element
        self.open.append(element)
        self.texts.append([])

    def text(self, data: str) -> None:
        if self.open:
            if not self.texts[-1]:
                self.open[-1].text_line = self.parser.CurrentLineNumber
            self.texts[-1].append(data)

    def end(self, _: str) -> None:
        self.open.pop().raw = "".join(self.texts.pop())

    def doctype(self, *_: Any) -> None:
        self.refuse("the file has a document type", "metadata as Salesforce writes it, without <!DOCTYPE>")

    def entity(self, *_: Any) -> None:
        self.refuse("the file has an entity of its own", PREDEFINED)


def parsed(data: bytes) -> Element:
    """The root element. A mark at the start decides about the encoding, else the declaration. Raises NotReadable."""
    marked = next((name for mark, name in MARKS.items() if data.startswith(mark)), None)
    if marked:
        data = in_utf_8(data, marked)
    parser = expat.ParserCreate("UTF-8" if marked else None, " ")
    builder = Builder(parser)
    parser.StartElementHandler, parser.EndElementHandler = builder.start, builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = builder.doctype
    parser.EntityDeclHandler = parser.SkippedEntityHandler = builder.entity
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise NotReadable(reason(error, data), error.lineno, "", builder.root_name) from None
    except (LookupError, ValueError) as error:
        message = f"the file has an encoding that is not known: {error}"
        raise NotReadable(message, 1, "UTF-8, UTF-16 or Latin-1", builder.root_name) from None
    assert builder.root is not None
    return builder.root


def in_utf_8(data: bytes, encoding: str) -> bytes:
    try:
        return data.decode(encoding).encode()
    except UnicodeDecodeError as error:
        line = data[: error.start].decode(encoding, "replace").count("\n") + 1
        raise NotReadable(f"the file has bytes that do not match its encoding, {encoding}", line) from None


def reason(error: expat.ExpatError, data: bytes) -> str:
    what = expat.ErrorString(error.code)
    if what == "undefined entity":
        return "the file has an entity of its own"
    if what in ("no element found", "unclosed token", "unclosed CDATA section"):
        return "the file is empty" if not data.strip() else "the file is cut off: it ends inside its XML"
    if what == "unknown encoding":
        return "the file has an encoding that is not known"
    if what == "not well-formed (invalid token)" and not is_utf8(data):
        return "the file has bytes that do not match its encoding"
    return f"the file is not XML: {what}"


def is_utf8(data: bytes) -> bool:
    """True where the bytes are UTF-8. Files of another encoding say so, and expat has read them by it."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
