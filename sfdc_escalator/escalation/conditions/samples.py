"""Sample values: one for every result that comparing a value with some literals can have."""

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from sfdc_escalator.escalation.conditions.comparison import Operand, as_text, moment, number, options
from sfdc_escalator.escalation.world.case import Value

FRESH = "~ something else ~"
DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)


def samples_of(operands: Sequence[Operand]) -> Iterator[Value]:
    given = [one for operand in operands for one in options(operand)]
    literals, texts = set(given), {as_text(one) for one in given}  # equal numbers may be written as different texts
    yield from (None, "", True, False, FRESH, frozenset(), frozenset({FRESH}))
    for text in texts:
        yield from (text, text.strip() + FRESH, frozenset({text}), frozenset({text, FRESH}))
    numbers = {float(found) for one in literals if (found := number(one)) is not None} or {0.5}
    yield from (
        beside for one in numbers for beside in (one, math.nextafter(one, -math.inf), math.nextafter(one, math.inf))
    )
    moments = [at for text in texts if (at := moment(text)) is not None]
    yield from around(
        [one for one in moments if isinstance(one, datetime)] or [datetime(2000, 1, 1, tzinfo=UTC)], INSTANT
    )
    yield from around([one for one in moments if not isinstance(one, datetime)] or [date(2000, 1, 1)], DAY)


def around(moments: Sequence[date], step: timedelta) -> Iterator[date]:
    for one in moments:
        yield one
        for away in (-step, step):
            try:
                yield one + away
            except OverflowError:
                continue
