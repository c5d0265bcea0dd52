"""The page of a report: its width, its colours, how much stands on it."""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple, TypeVar

from sfdc_escalator.reports.values import STYLES, unstyled

Item = TypeVar("Item")

STYLE_OF: Mapping[str, str] = {
    "planned": "cyan",
    "applied": "green",
    "already": "dim",
    "held": "yellow",
    "withheld": "yellow",
    "deferred": "yellow",
    "rejected": "red",
    "unknown": "red",
    "error": "red",
    "warning": "yellow",
    "undelivered": "red",
    "waiting": "yellow",
    "sent": "green",
    "dropped": "dim",
    "gone": "dim",
    "closed": "dim",
    "acknowledged": "green",
    "matches": "green",
}
"""The styles of states and severities. The word itself always stands there too."""
ATTENTION = "! "
"""Begins each line that a person should see, whatever else is shown."""


class Detail(IntEnum):
    """`QUIET`: only what needs a person, and errors. `FULL`: every note, every reason."""

    QUIET = -1
    NORMAL = 0
    FULL = 1


class Page(NamedTuple):
    """The paper of a report: its width in columns, and whether it has colours. `everything`: no list is shortened.

    `measured` says that somebody reads lines of this width: a terminal, or a pipe with COLUMNS.
    """

    width: int = 80
    colours: bool = False
    detail: Detail = Detail.NORMAL
    everything: bool = False
    measured: bool = False

    @property
    def is_quiet(self) -> bool:
        return self.detail is Detail.QUIET

    @property
    def is_full(self) -> bool:
        return self.detail is Detail.FULL

    def first(self, items: Sequence[Item], most: int) -> Sequence[Item]:
        """The items that are shown of a long list."""
        return items if self.everything else items[:most]

    def paint(self, text: str, style: str) -> str:
        """The text in a style; as it is on a page without colours."""
        return f"{STYLES[style]}{text}{STYLES['plain']}" if self.colours and style else text

    def state(self, word: str, shown: str = "") -> str:
        """A state or severity in its colour; `shown` in place of the word itself."""
        return self.paint(shown or word, STYLE_OF.get(word, ""))


PLAIN = Page()


def needs_attention(text: str) -> str:
    """The lines of the text that a person should see, with those that belong to them."""
    kept, keeps = [], False
    for line in text.split("\n"):
        keeps = unstyled(line).lstrip().startswith(ATTENTION) or (keeps and line.startswith("  "))
        kept += [line] if keeps else []
    return "\n".join(kept)
