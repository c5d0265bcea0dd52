"""Reports of every live run to the outside, failed runs too: the heartbeat and the metrics file."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfdc_escalator.errors import EscalatorError, Interrupted, RunBusy, StoppedEarly
from sfdc_escalator.wiring.channels import heartbeat

if TYPE_CHECKING:
    from sfdc_escalator.channels.heartbeat import Heartbeat
    from sfdc_escalator.pipeline.run import Result
    from sfdc_escalator.wiring.errand import Errand

log = logging.getLogger(__name__)


class Watch:
    """One live run, reported to the outside. An error here is logged and does not change the run."""

    def __init__(self, org: str, heartbeat: Heartbeat | None, metrics: Path | None) -> None:
        self._org, self._heartbeat, self._metrics = org, heartbeat, metrics
        self._began = time.monotonic()

    def begin(self) -> None:
        if self._heartbeat:
            self._heartbeat.start()

    def end(self, code: int, result: Result | None = None) -> None:
        if self._metrics:
            self._write(self._metrics, code, result)
        if self._heartbeat:
            self._heartbeat.end(code, result.audit_head if result else None)

    def _write(self, path: Path, code: int, result: Result | None) -> None:
        from sfdc_escalator.reports.text.metrics import Figures, write_metrics

        figures = Figures(self._org, time.time(), code, time.monotonic() - self._began)
        figures = replace(figures, **counts(result)) if result else figures
        try:
            write_metrics(path, figures)
        except OSError as error:
            about = {"file": str(path), "reason": (error.strerror or str(error)).lower()}
            log.warning("metrics.not_written", extra=about)


def counts(result: Result) -> dict[str, Any]:
    from sfdc_escalator.escalation.decisions.outcome import State
    from sfdc_escalator.escalation.world.ladder_facts import StandingState
    from sfdc_escalator.reports.json.notices import notices_json

    done = result.count(State.APPLIED)
    everything = result.prepared.history.everything()
    known = sum(escalation.is_open and escalation.is_start for escalation in everything)
    states = {state.value: result.count(state) for state in State if state is not State.PLANNED}
    ladders = {state.value: 0 for state in StandingState}
    for standing, _ in result.standings.values():
        ladders[standing.state.value] += 1
    return {
        "matches": states,
        "api_calls": result.api_calls,
        "open_escalations": known + done,
        "ladders": ladders,
        "notices": notices_json(result.post),
    }


@contextmanager
def watched(errand: Errand, metrics: Path | None) -> Iterator[Watch]:
    """Reports the start of a run, and its end when it fails. The caller reports an end with a result.

    A run that ends because another one is at work is not reported.
    """
    watch = Watch(errand.org, heartbeat(errand.surroundings, errand.org), metrics)
    try:
        watch.begin()
        yield watch
    except EscalatorError as error:
        if not isinstance(error, RunBusy) or error.exit_code:
            watch.end(error.exit_code)
        raise
    except Interrupted:
        watch.end(StoppedEarly.exit_code)
        raise
    except BaseException:
        watch.end(EscalatorError.exit_code)
        raise
