"""The times at which the tool would have polled."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta

MOST = 2_000_000
Outage = tuple[datetime, datetime]


class Polls:
    """The polls at `start + n x every`, both ends included, without those in an outage [from, to); by index."""

    def __init__(self, start: datetime, end: datetime, every: timedelta, outages: Sequence[Outage] = ()) -> None:
        count = (end - start) // every + 1 if end >= start else 0
        if count > MOST:
            raise ValueError(f"{count:,} polls are too many; expected at most {MOST:,}")
        instants = (start + place * every for place in range(count))
        self.instants = [at for at in instants if not any(begin <= at < over for begin, over in outages)]

    def __len__(self) -> int:
        return len(self.instants)

    def __getitem__(self, place: int) -> datetime:
        return self.instants[place]

    def first_from(self, at: datetime) -> int:
        """The index of the first poll at or after the time; the number of polls if there is none."""
        return bisect_left(self.instants, at)
