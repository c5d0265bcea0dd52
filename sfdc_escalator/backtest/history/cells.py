"""Cells of a history file as values of fields. A cell that cannot be read is a Fault."""

from collections.abc import Callable
from datetime import UTC, date, datetime

from sfdc_escalator.backtest.history.mapping import HistoryMapping, Type
from sfdc_escalator.escalation.world.case import Value
from sfdc_escalator.files.text.fault import Fault, shown

NAN = float("nan")
YES, NO = frozenset({"true", "yes", "1", "t", "y"}), frozenset({"false", "no", "0", "f", "n"})

FIRST_YEAR, LAST_YEAR = 2, 9_998
"""Around any time of these a calendar can count; programs write the first and the last time of all for none."""
TEXTS = frozenset[Type]({"text", "picklist"})
MOST_KNOWN = 50_000
"""The number of texts whose values are kept at a time."""


class Cells:
    """Reads cells as the mapping says, each different text only once: most rows hold the same few texts."""

    def __init__(self, mapping: HistoryMapping) -> None:
        self._mapping = mapping
        self._known: dict[tuple[Type, str], Value] = {}

    def value(self, kind: Type, text: str) -> Value:
        """The value of a cell; None for an empty cell, and for a text that the mapping lists as missing."""
        if kind in TEXTS:
            return None if self.is_missing(text) else text
        key = kind, text
        if key not in self._known:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[key] = None if self.is_missing(text) else PARSERS[kind](self, text)
        return self._known[key]

    def is_missing(self, text: str) -> bool:
        return not text.strip() or text in self._mapping.missing

    def moment(self, text: str) -> datetime | None:
        value = self.value("datetime", text)
        assert value is None or isinstance(value, datetime)
        return value

    def number(self, text: str) -> Value:
        try:
            found = int(text) if text.strip().lstrip("+-").isdigit() else float(text)
        except ValueError:
            found = NAN
        if found != found:
            raise Fault("this is not a number", found=shown(text), expected="a number such as 3 or 2.5")
        return found

    def checkbox(self, text: str) -> Value:
        folded = text.strip().lower()
        if folded in YES | NO:
            return folded in YES
        raise Fault("this is not a truth value", found=shown(text), expected="true or false")

    def datetime(self, text: str) -> Value:
        """The time in UTC. A time without a zone is in the mapping's zone; in a repeated hour it is the first one."""
        form = self._mapping.time_format
        try:
            found = datetime.strptime(text, form) if form else datetime.fromisoformat(text.strip())  # noqa: DTZ007
        except ValueError:
            expected = f"a time of the form {form}" if form else "a time such as 2026-01-31T09:00:00Z"
            raise Fault("this is not a time", found=shown(text), expected=expected) from None
        if not FIRST_YEAR <= found.year <= LAST_YEAR:
            expected = f"a time between the years {FIRST_YEAR} and {LAST_YEAR}"
            raise Fault("this time is out of range", found=shown(text), expected=expected)
        return (found if found.tzinfo else found.replace(tzinfo=self._mapping.zone)).astimezone(UTC)

    def date(self, text: str) -> Value:
        try:
            return date.fromisoformat(text.strip())
        except ValueError:
            raise Fault("this is not a date", found=shown(text), expected="a date such as 2026-01-31") from None

    def multipicklist(self, text: str) -> Value:
        return frozenset(one.strip() for one in text.split(";") if one.strip())


PARSERS: dict[Type, Callable[[Cells, str], Value]] = {
    "number": Cells.number,
    "checkbox": Cells.checkbox,
    "datetime": Cells.datetime,
    "date": Cells.date,
    "multipicklist": Cells.multipicklist,
}
