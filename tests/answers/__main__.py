"""Tries every wrong value at every place: `scripts/mutate-answers [SCENE]`. Prints what does not hold."""

import contextlib
import io
import os
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.answers.scenes import SCENES, Stage, failure
from tests.answers.tampering import VALUES, places
from tests.stories.world import World


class Captured:
    """The outputs of a command, as pytest's `capsys` gives them."""

    def __init__(self) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()

    def readouterr(self) -> "Captured":
        found = Captured()
        found.out, found.err = str(self.out.getvalue()), str(self.err.getvalue())  # type: ignore[assignment]
        for stream in (self.out, self.err):
            stream.seek(0)
            stream.truncate()
        return found


def main(names: list[str]) -> int:
    failures = 0
    for name in names or list(SCENES):
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            failures += every(name, Path(folder), patch)
    return int(failures > 0)


def every(name: str, folder: Path, patch: pytest.MonkeyPatch) -> int:
    captured, shown = Captured(), sys.stdout
    for variable in [one for one in os.environ if one.startswith("SFDC_")]:
        patch.delenv(variable)
    patch.setenv("XDG_STATE_HOME", str(folder / "state"))
    world = World(folder, patch, captured)  # type: ignore[arg-type]
    failures = count = 0
    with contextlib.redirect_stdout(captured.out), contextlib.redirect_stderr(captured.err):
        known = Stage(world, "a rehearsal").tried()[1].answers if name != "a rehearsal" else []
        stage = Stage(world, name)
        found = places(stage.tried()[1].answers, known)
        for place in found:
            start = time.monotonic()
            for value in VALUES:
                count += 1
                if fault := failure(stage, place, value):
                    failures += 1
                    print(fault, file=shown, flush=True)
            if os.environ.get("TIMES"):
                print(f"{place}: {time.monotonic() - start:.1f} s", file=shown, flush=True)
        for org in world.orgs:
            org.close()
    print(f"{name}: {len(found)} places, {count} tries, {failures} failed", flush=True)
    return failures


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
