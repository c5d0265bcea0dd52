"""The instants at which the tool would have polled."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta

MOST = 2_000_000
Outage = tuple[datetime, datetime]


class Polls:
    """`start + n x every`, both ends included, without those inside an outage [from, to). By place, 0, 1, 2..."""

    def __init__(self, start: datetime, end: datetime, every: timedelta, outages: Sequence[Outage] = ()) -> None:
        count = (end - start) // every + 1 if end >= start else 0
        if count > MOST:
            raise ValueError(f"{count:,} polls are too many; at most {MOST:,}")
        instants = (start + place * every for place in range(count))
        self.instants = [at for at in instants if not any(begin <= at < over for begin, over in outages)]

    def __len__(self) -> int:
        return len(self.instants)

    def __getitem__(self, place: int) -> datetime:
        return self.instants[place]

    def first_from(self, at: datetime) -> int:
        """The place of the first poll at or after the instant; the number of polls where there is none."""
        return bisect_left(self.instants, at)
