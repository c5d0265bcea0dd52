"""The command line of `scripts/chaos`: runs storms and series, prints what went wrong."""

import argparse
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import chain

from tests.chaos.grids import fault_series, meeting_series, recovery_series, strike_series
from tests.chaos.workers import Task, carried_out

GROUPS = ("fault", "strike", "agents", "ledger", "policy", "cases", "holds", "rungs", "notices")
LEDGERS = ("sqlite", "postgresql")


def main() -> int:
    options, begin = arguments(), time.monotonic()
    tallies: dict[str, Counter[str]] = defaultdict(Counter)
    failed: list[str] = []
    for done, verdict in enumerate(carried_out(tasks(options), options.workers, with_server=not options.no_server), 1):
        tallies[verdict.kind].update(verdict.tally)
        tallies[verdict.kind]["stories"] += 1
        if verdict.violations:
            failed.append(verdict.name)
        if verdict.violations or options.seed is not None:
            print(verdict, flush=True)
        if done % 20 == 0:
            seconds = time.monotonic() - begin
            print(f"{done} stories in {seconds:.0f} s, {len(failed)} failed", file=sys.stderr, flush=True)
    for kind, tally in sorted(tallies.items()):
        print(f"-- {kind}" if kind else "", table(tally), sep="\n" if kind else "")
    print(f"{time.monotonic() - begin:.0f} seconds")
    print(f"failed: {', '.join(failed)}" if failed else "nothing was doubled, lost, or moved without its note")
    return 1 if failed else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/chaos",
        description="Real runs with faults, kills, pauses, rival runs and busy agents, checked by a judge.",
    )
    parser.add_argument("--seeds", type=int, default=0, metavar="N", help="the number of storms")
    parser.add_argument("--first", type=int, default=0, metavar="S", help="the seed of the first (default 0)")
    parser.add_argument("--seed", type=int, metavar="S", help="replay only this storm, with its story")
    parser.add_argument("--ladders", action="store_true", help="storms of ladders, with --seeds or --seed")
    parser.add_argument("--undos", action="store_true", help="storms of undos, with --seeds or --seed")
    parser.add_argument("--ledger", choices=LEDGERS, default="", help="with --ladders: ledgers of this kind alone")
    parser.add_argument("--grid", action="store_true", help="every place x every disturbance, one at a time")
    parser.add_argument("--large", action="store_true", help="with --grid: 450 cases in chunks of 200")
    parser.add_argument("--workers", type=int, default=2, metavar="W", help="parallel processes (default 2)")
    parser.add_argument("--no-server", action="store_true", help="without ledgers in PostgreSQL")
    options = parser.parse_args()
    if not (options.seeds or options.grid) and options.seed is None:
        parser.error("nothing to do: give --seeds N, --seed S or --grid")
    return options


def tasks(options: argparse.Namespace) -> Iterator[Task]:
    if options.seed is not None:
        yield Task(options.seed, ladder=options.ladders, undo=options.undos, ledger=options.ledger)
        return
    if options.grid:
        everything = (fault_series(), fault_series(lasting=True), strike_series(), meeting_series(), recovery_series())
        for series in chain.from_iterable(everything):
            yield Task(series=series, large=options.large)
    for seed in range(options.first, options.first + options.seeds):
        yield Task(seed, ladder=options.ladders, undo=options.undos, ledger=options.ledger)


def table(tally: Counter[str]) -> str:
    """A line for each group of counts, single counts last."""
    lines = []
    for group in GROUPS:
        found = {name.partition(" ")[2]: count for name, count in sorted(tally.items()) if name.startswith(f"{group} ")}
        lines.append(
            f"{group:<8} {sum(found.values()):>7}   {', '.join(f'{name} {n}' for name, n in found.items() if n)}"
        )
    rest = {name: count for name, count in tally.items() if name.partition(" ")[0] not in GROUPS}
    return "\n".join([*lines, *(f"{name:<16}{count:>7}" for name, count in sorted(rest.items()))])


if __name__ == "__main__":
    sys.exit(main())
