"""Retries: only of calls that are safe to repeat, a few times, within one budget of time for the whole run."""

import logging
import random
import threading
from collections.abc import Callable
from typing import TypeVar

import tenacity

from sfdc_escalator.salesforce.line.failures import Crowded, Unanswered

ATTEMPTS = 4
LONGEST_WAIT = 30.0
CROWDED = 5.0  # seconds of the first wait for calls of others to end
LONGEST_UNSENT = 20.0  # seconds: a write must leave within a minute of its intent
Result = TypeVar("Result")
log = logging.getLogger(__name__)


class Patience:
    """The retries of a run; `budget` is the seconds for failed attempts and waits of all calls, `sleep` waits."""

    def __init__(self, budget: float, sleep: Callable[[float], None]) -> None:
        self._left, self._sleep, self._lock = budget, sleep, threading.Lock()
        self.retries = 0

    def reading(self, what: str, call: Callable[[], Result]) -> Result:
        """Repeats a read without an answer, or with HTTP 500, 502, 503, 504."""
        return self._trying(what, call, lambda error: error.passing, float("inf"))

    def unsent(self, what: str, call: Callable[[], Result]) -> Result:
        """Repeats a write only when it never left this machine (no connection was made)."""
        return self._trying(what, call, lambda error: error.passing and not error.sent, LONGEST_UNSENT)

    def pause(self, attempt: int, asked: float | None = None) -> bool:
        """Waits before a write that was not carried out is sent again, longer each time, or as long as the org asks.

        False when the budget is used up.
        """
        seconds = _growing(attempt, 1.0) if asked is None else asked
        if not self._spend(seconds):
            return False
        self._sleep(seconds)
        return True

    def _trying(
        self, what: str, call: Callable[[], Result], safe: Callable[[Unanswered], bool], longest: float
    ) -> Result:
        spent = 0.0

        def is_over(state: tenacity.RetryCallState) -> bool:
            nonlocal spent
            total = max(state.seconds_since_start or 0.0, state.idle_for) + state.upcoming_sleep
            if state.attempt_number >= ATTEMPTS or total > longest or not self._spend(total - spent):
                return True
            spent = total
            return False

        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: isinstance(error, Unanswered) and safe(error)),
            stop=is_over,
            wait=_wait,
            before_sleep=lambda state: _log_retry(what, state),
            sleep=self._sleep,
            reraise=True,
        )
        return attempts(call)

    def _spend(self, seconds: float) -> bool:
        with self._lock:
            if seconds > self._left:
                return False
            self._left -= seconds
            self.retries += 1
            return True


_jitter = tenacity.wait_random_exponential(multiplier=0.5, max=LONGEST_WAIT)


def _wait(state: tenacity.RetryCallState) -> float:
    """The seconds that the org asks for (Retry-After), else exponential with jitter, longer while others call."""
    error = state.outcome and state.outcome.exception()
    asked = error.retry_after if isinstance(error, Unanswered) else None
    if asked is not None:
        return asked
    return _growing(state.attempt_number, CROWDED) if isinstance(error, Crowded) else _jitter(state)


def _growing(attempt: int, first: float) -> float:
    return random.uniform(0.5, 1.0) * min(LONGEST_WAIT, first * 2.0 ** (attempt - 1))  # noqa: S311 - jitter


def _log_retry(what: str, state: tenacity.RetryCallState) -> None:
    error = state.outcome and state.outcome.exception()
    about = {
        "call": what,
        "attempt": state.attempt_number,
        "wait": round(state.upcoming_sleep, 2),
        "reason": str(error),
    }
    log.warning("salesforce.retry", extra=about)
