"""Who watches runs from outside: the heartbeat and the metrics file hear of every live run, failed ones too."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfdc_escalator.errors import EscalatorError, RunBusy

if TYPE_CHECKING:
    from sfdc_escalator.channels.heartbeat import Heartbeat
    from sfdc_escalator.pipeline.run import Result

WORK_TO_DO = 10
log = logging.getLogger(__name__)


class Watch:
    """One live run as it is seen from outside. What goes wrong here is logged, and changes nothing."""

    def __init__(self, org: str, heartbeat: "Heartbeat | None", metrics: Path | None) -> None:
        self._org, self._heartbeat, self._metrics = org, heartbeat, metrics
        self._began = time.monotonic()

    def begin(self) -> None:
        if self._heartbeat:
            self._heartbeat.start()

    def end(self, code: int, result: "Result | None" = None) -> None:
        code = 0 if code == WORK_TO_DO else code  # no failure: somebody asked for it
        if self._metrics:
            self._write(self._metrics, code, result)
        if self._heartbeat:
            self._heartbeat.end(code, result.audit_head if result else None)

    def _write(self, path: Path, code: int, result: "Result | None") -> None:
        from sfdc_escalator.reports.text.metrics import Figures, write_metrics

        figures = Figures(self._org, time.time(), code, time.monotonic() - self._began)
        figures = replace(figures, **counts(result)) if result else figures
        try:
            write_metrics(path, figures)
        except OSError as error:
            about = {"file": str(path), "reason": (error.strerror or str(error)).lower()}
            log.warning("metrics.unwritten", extra=about)


def counts(result: "Result") -> dict[str, Any]:
    from sfdc_escalator.escalation.decisions.outcome import State

    done = result.count(State.APPLIED)
    known = sum(
        escalation.is_open and escalation.ended_at is None for escalation in result.prepared.history.everything()
    )
    states = {state.value: result.count(state) for state in State if state is not State.PLANNED}
    return {"matches": states, "api_calls": result.api_calls, "open_escalations": known + done}


@contextmanager
def watched(org: str, metrics: Path | None) -> Iterator[Watch]:
    """Tells of the run's begin; of its end where it fails. The caller tells of an end with a result.

    A run that leaves because another one is at work is no news.
    """
    from sfdc_escalator import wiring

    watch = Watch(org, wiring.heartbeat(org), metrics)
    watch.begin()
    try:
        yield watch
    except EscalatorError as error:
        if not isinstance(error, RunBusy) or error.exit_code:
            watch.end(error.exit_code)
        raise
    except BaseException:
        watch.end(EscalatorError.exit_code)
        raise
