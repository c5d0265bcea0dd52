"""Carries out tasks in several processes, each with its own runner; each verdict is returned when it is reached."""

import multiprocessing
import traceback
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait

from tests.chaos import grids
from tests.chaos.grids import Series
from tests.chaos.ladder_storms import ladder_storm
from tests.chaos.ledgers import Ledger, postgresql
from tests.chaos.runner import Runner, open_runner
from tests.chaos.scenario import MANY, THREE_CHUNKS
from tests.chaos.storms import storm
from tests.chaos.undo_storms import undo_storm
from tests.chaos.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Task:
    """A storm by its seed, one of undos if `undo`, of ladders if `ladder`, with one kind of ledger if `ledger`; or a
    series, with chunks of maximal size if `large`, or one story of it, at its place `k`."""

    seed: int | None = None
    series: Series | None = None
    k: int | None = None
    large: bool = False
    ladder: bool = False
    undo: bool = False
    ledger: str = ""

    def __str__(self) -> str:
        kind = "undo seed" if self.undo else "ladder seed" if self.ladder else "seed"
        return f"{kind} {self.seed}" if self.series is None else str(self.series)


def carried_out(tasks: Iterable[Task], workers: int, *, with_server: bool = True) -> Iterator[Verdict]:
    """The verdicts of all tasks, in the order in which they are reached."""
    context = multiprocessing.get_context("spawn")
    left, lines, processes = iter(tasks), [], []
    for _ in range(workers):
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs, with_server), daemon=True)
        process.start()
        theirs.close()
        ours.send(next(left, None))
        lines.append(ours)
        processes.append(process)
    while lines:
        for line in wait(lines):
            assert isinstance(line, Connection)
            found = line.recv()  # EOFError where a worker died
            if found is None:
                lines.remove(line)
                line.close()
            else:
                yield from found
                line.send(next(left, None))
    for process in processes:
        process.join()
        process.close()


def work(line: Connection, with_server: bool) -> None:
    with open_runner() as made, line:
        with postgresql() if with_server else nullcontext() as found:
            while (task := line.recv()) is not None:
                line.send(perform(made, task, found))
        line.send(None)


def perform(made: Runner, task: Task, server: Ledger | None) -> list[Verdict]:
    """The verdicts of a task; a failure of the simulator counts as a violation too."""
    try:
        if task.series is None:
            seed = task.seed or 0
            if task.undo:
                return [undo_storm(made, seed, server)]
            return [ladder_storm(made, seed, server, only=task.ledger) if task.ladder else storm(made, seed, server)]
        rows, chunk = (MANY, 200) if task.large else (THREE_CHUNKS, 4)
        if task.k is not None:
            return [grids.once(made, task.series, task.k, rows, chunk)]
        return list(grids.play(made, task.series, rows, chunk))
    except Exception:  # noqa: BLE001 - reported with its seed
        return [Verdict(str(task), [f"THE SIMULATOR FAILED: {traceback.format_exc()}"], [], kind=task.ledger)]
