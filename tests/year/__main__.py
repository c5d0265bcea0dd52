"""The command line of `scripts/year`: plays a year of ladders and prints what the judge counted."""

import argparse
import sys
from collections import Counter

from tests.year.over_http import Week
from tests.year.simulation import FIRST, Year
from tests.year.stories import judged


def main() -> int:
    options = arguments()
    year = Year(FIRST, options.days, options.cases, options.seed, options.outages)
    year.play()
    found, tally = judged(year)
    print(table(f"{options.days} days in memory, seed {options.seed}", tally, found))
    if options.week:
        with Week(options.week, options.seed) as week:
            week.play()
            faults, counts = week.judged()
        print(table("a week over HTTP", counts, faults))
        found += faults
    return 1 if found else 0


def table(title: str, tally: Counter[str], found: list[str]) -> str:
    """A line for each count, then the violations."""
    lines = [title, *(f"  {name:<20}{count:>8,}" for name, count in sorted(tally.items()))]
    return "\n".join([*lines, f"  {'violations':<20}{len(found):>8,}", *(f"!!! {one[:2000]}" for one in found[:20])])


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/year", description="A simulated year of ladders, checked by a clock of its own."
    )
    parser.add_argument("--cases", type=int, default=1200)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--outages", type=int, default=12, help="times without runs, an hour to two days long")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--week", type=int, default=24, metavar="N", help="cases of the week over HTTP; 0 = no week")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
