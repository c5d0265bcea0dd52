"""Ages as people write them: `2y`, `26w`, `90d`."""

import re
from datetime import datetime, timedelta
from typing import NamedTuple

AGE = re.compile(r"([1-9]\d{0,3})([dwy])", re.ASCII)
AGE_FORM = "a whole number and a unit: 2y, 26w, 90d"


class Age(NamedTuple):
    """A number of days, weeks, or years of the calendar."""

    number: int
    unit: str

    def before(self, now: datetime) -> datetime:
        """The time that was this long ago; a year ago is the same day of the year before. Raises OverflowError for one
        before the year 1."""
        if self.unit != "y":
            return now - timedelta(**{"days" if self.unit == "d" else "weeks": self.number})
        year = now.year - self.number
        if year < 1:
            raise OverflowError(f"{self.number} years before {now.year}")
        try:
            return now.replace(year=year)
        except ValueError:  # the 29th of February
            return now.replace(year=year, day=28)


def parse_age(text: str) -> Age:
    """Raises ValueError for anything else."""
    found = AGE.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is not an age: {AGE_FORM}")
    return Age(int(found[1]), found[2])
