"""Retries: reads a few times within the budget, writes only when they were never sent."""

import pytest

from sfdc_escalator.salesforce.line.failures import Unanswered, seconds_to_wait
from sfdc_escalator.salesforce.line.retry import ATTEMPTS, Patience


class Failing:
    """A call that fails `times` times, then answers."""

    def __init__(self, times: int, error: Exception) -> None:
        self.left, self.error, self.calls = times, error, 0

    def __call__(self) -> str:
        self.calls += 1
        if self.left:
            self.left -= 1
            raise self.error
        return "answer"


def test_a_read_is_repeated_until_it_is_answered_and_each_try_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    call, slept = Failing(2, Unanswered("broke")), list[float]()
    assert Patience(60, slept.append).reading("query", call) == "answer"
    assert len(slept) == 2
    logs = [(record.message, vars(record)) for record in caplog.records]
    assert [(event, line["call"], line["attempt"], line["reason"]) for event, line in logs] == [
        ("salesforce.retry", "query", 1, "broke"),
        ("salesforce.retry", "query", 2, "broke"),
    ]


def test_a_read_ends_after_a_few_tries_with_the_last_error() -> None:
    call = Failing(99, Unanswered("broke"))
    with pytest.raises(Unanswered, match="broke"):
        Patience(600, lambda _: None).reading("query", call)
    assert call.calls == ATTEMPTS


def test_the_orgs_retry_after_is_waited_within_the_budget() -> None:
    slept = list[float]()
    patience = Patience(10, slept.append)
    patience.reading("query", Failing(1, Unanswered("busy", retry_after=7)))
    assert slept == [7]
    with pytest.raises(Unanswered):
        patience.reading("query", Failing(1, Unanswered("busy", retry_after=7)))
    assert slept == [7]


def test_the_whole_run_has_one_budget() -> None:
    slept = list[float]()
    patience = Patience(5, slept.append)
    for _ in range(20):
        try:
            patience.reading("query", Failing(1, Unanswered("busy", retry_after=1)))
        except Unanswered:
            break
    # The calls themselves take some time, so the last second may exceed the budget.
    assert 4 <= sum(slept) <= 5


def test_a_write_that_may_have_arrived_is_never_repeated() -> None:
    call = Failing(1, Unanswered("reset", sent=True))
    with pytest.raises(Unanswered):
        Patience(60, lambda _: None).unsent("write", call)
    assert call.calls == 1


def test_a_write_that_never_left_is_repeated() -> None:
    call = Failing(1, Unanswered("refused", sent=False))
    assert Patience(60, lambda _: None).unsent("write", call) == "answer"


def test_a_pause_grows_until_the_budget_is_used_up() -> None:
    slept = list[float]()
    patience = Patience(10, slept.append)
    assert [patience.pause(attempt) for attempt in (1, 2, 3)] == [True, True, True]
    assert slept == sorted(slept)
    assert not patience.pause(10)
    assert len(slept) == 3


def test_a_certificate_is_not_tried_again() -> None:
    call = Failing(1, Unanswered("distrusted", sent=False, passing=False))
    with pytest.raises(Unanswered):
        Patience(60, lambda _: None).reading("query", call)
    assert call.calls == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("0.5", 0.5), ("-3", 0), ("Mon, 02 Mar 2026 15:00:30 GMT", 30), ("soon", None), (None, None)],
)
def test_retry_after_is_a_number_or_a_date(header: str | None, seconds: float | None) -> None:
    assert seconds_to_wait(header, "Mon, 02 Mar 2026 15:00:00 GMT") == seconds
