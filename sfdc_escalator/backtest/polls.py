"""The times at which the tool would have polled, and the circumstances of each poll."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta

from sfdc_escalator.escalation.conditions.circumstances import Circumstances

MOST = 2_000_000
Outage = tuple[datetime, datetime]


class Polls:
    """The polls at `start + n x every`, both ends included, without those in an outage [from, to); by index.

    `org` has the queues and business hours that conditions are judged with; a history file has none.
    """

    def __init__(
        self,
        start: datetime,
        end: datetime,
        every: timedelta,
        outages: Sequence[Outage] = (),
        org: Circumstances | None = None,
    ) -> None:
        count = (end - start) // every + 1 if end >= start else 0
        if count > MOST:
            raise ValueError(f"{count:,} polls are too many; expected at most {MOST:,}")
        self._start, self._every, self._org = start, every, org
        self._places: Sequence[int] = range(count)
        if outages:
            instants = ((place, start + place * every) for place in range(count))
            self._places = [place for place, at in instants if not any(begin <= at < over for begin, over in outages)]

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, place: int) -> datetime:
        return self._start + self._places[place] * self._every

    def first_from(self, at: datetime) -> int:
        """The index of the first poll at or after the time; the number of polls if there is none."""
        place = -((self._start - at) // self._every)
        if isinstance(self._places, range):
            return min(max(place, 0), len(self._places))
        return bisect_left(self._places, place)

    def circumstances(self, at: datetime) -> Circumstances:
        """The circumstances in which a poll at this time judges."""
        return Circumstances(at, self._org.queues, self._org.calendars) if self._org else Circumstances(at)
