"""The command line of `scripts/year`: plays a year of ladders and prints what the judge counted.

Each policy has an org and a ledger of its own, as a team that begins with `init` has. In the week over HTTP the shipped
policies share one.
"""

import argparse
import gc
import logging
import sys
import time
from collections import Counter

from tests.year.over_http import Week
from tests.year.policy import SHIPPED
from tests.year.simulation import Year
from tests.year.stories import judged

BEGIN = time.perf_counter()
EVERY = (*SHIPPED, "year")


def main() -> int:
    options = arguments()
    logging.disable(logging.WARNING)  # channels fail on purpose
    gc.set_threshold(200_000, 20, 100)  # a year makes many small objects, and hardly any cycles
    found = [*played_year(options), *(played_week(options) if options.week else ())]
    print(
        f"{len(found)} violations, {time.process_time():.0f} seconds of CPU, {time.perf_counter() - BEGIN:.0f} of time"
    )
    return 1 if found else 0


def played_year(options: argparse.Namespace) -> list[str]:
    """Plays the year of each policy and returns the violations."""
    every, total = list[str](), Counter[str]()
    for place, name in enumerate(EVERY):
        cases = options.cases * (place + 1) // len(EVERY) - options.cases * place // len(EVERY)
        year = Year((name,), options.days, cases, options.seed, options.outages)
        year.play()
        found, tally = judged(year)
        said = f"{tally['cases']:,} cases, {tally['runs']:,} runs, {tally['climbed']:,} rungs, {len(found)} violations"
        print(f"{name}: {said}", flush=True)
        every += found
        total.update(tally)
    print(table(f"{options.days} days in memory, seed {options.seed}", total, every), flush=True)
    return every


def played_week(options: argparse.Namespace) -> list[str]:
    with Week(options.week, options.seed) as week:
        week.play()
        found, tally = week.judged()
    print(table("a week over HTTP", tally, found))
    return found


def table(title: str, tally: Counter[str], found: list[str]) -> str:
    """A line for each count, then the violations."""
    lines = [title, *(f"  {name:<44}{count:>8,}" for name, count in sorted(tally.items()))]
    return "\n".join([*lines, f"  {'violations':<44}{len(found):>8,}", *(f"!!! {one[:2000]}" for one in found[:20])])


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/year", description="A simulated year of ladders, checked by a clock of its own."
    )
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--outages", type=int, default=12, help="times without runs, an hour to two days long")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--week", type=int, default=15, metavar="N", help="cases of the week over HTTP; 0 = no week")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
