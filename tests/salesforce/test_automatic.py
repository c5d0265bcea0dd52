"""Automatic answers: machines are nobody, and persons who look like machines stay persons."""

from typing import Any

import pytest
import yaml

from sfdc_escalator.salesforce.reading.automatic import is_automatic
from sfdc_escalator.salesforce.reading.records import email_of
from tests.mails.corpus import HERE

DATA: dict[str, list[str]] = yaml.safe_load((HERE / "automatic.yaml").read_text(encoding="utf-8"))
ME, AGENT = "005000000000001AAA", {"UserType": "Standard"}


def mail(**more: Any) -> dict[str, Any]:
    created = "2026-11-25T09:00:05.000+0000"
    return {"CreatedById": ME, "CreatedBy": AGENT, "CreatedDate": created, "Incoming": True, "TextBody": "x", **more}


@pytest.mark.parametrize("subject", DATA["subjects of machines"])
def test_the_subject_of_an_automatic_answer_is_nobodys(subject: str) -> None:
    assert is_automatic("", subject)
    assert is_automatic("", f" {subject} ")


@pytest.mark.parametrize("subject", DATA["subjects of persons"])
def test_a_subject_that_only_speaks_of_automatic_answers_is_a_persons(subject: str) -> None:
    assert not is_automatic("Received: x\nTo: us", subject)


@pytest.mark.parametrize("headers", DATA["headers of machines"])
@pytest.mark.parametrize("around", ["{}", "Received: x\r\n{}\r\nTo: us"])
def test_headers_of_a_machine_prove_it(headers: str, around: str) -> None:
    assert is_automatic(around.format(headers), "Re: your case")


@pytest.mark.parametrize("headers", DATA["headers of persons"])
@pytest.mark.parametrize("around", ["{}", "Received: x\r\n{}\r\nTo: us"])
def test_headers_that_prove_nothing_leave_a_person_a_person(headers: str, around: str) -> None:
    assert not is_automatic(around.format(headers), "Re: your case")


def test_no_subject_of_a_machine_comes_with_a_word_more() -> None:
    subjects = [
        one
        for one in DATA["subjects of machines"]
        if one[0].isalpha() and one[-1].isalpha() and ":" not in one and "\uff1a" not in one
        if not one.startswith("Out of Office ")
    ]
    assert subjects
    assert not any(is_automatic("", f"{one} please") for one in subjects)


@pytest.mark.parametrize("incoming", [True, False])
@pytest.mark.parametrize(
    ("message_date", "at"),
    [
        ("2031-01-01T00:00:00.000+0000", "2026-11-25T09:00:05"),
        ("2026-11-25T09:00:06.000+0000", "2026-11-25T09:00:05"),
        ("2026-11-25T09:00:00.000+0000", "2026-11-25T09:00:00"),
        ("2019-01-01T00:00:00.000+0000", "2019-01-01T00:00:00"),
        (None, "2026-11-25T09:00:05"),
    ],
)
def test_a_mail_is_not_written_after_its_record(incoming: bool, message_date: str | None, at: str) -> None:
    comment = email_of(mail(MessageDate=message_date, Incoming=incoming), frozenset())
    assert comment is not None
    assert f"{comment.at:%Y-%m-%dT%H:%M:%S}" == at
