"""The texts of a case are erased for good, and the trail still verifies."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sfdc_escalator.errors import Invalid, NoticesWait, RunBusy
from sfdc_escalator.escalation.outbox.queued import NoticeState
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.escalation.world.ladder_facts import Hold
from sfdc_escalator.escalation.world.waitlist import Waiting, Waitlist
from sfdc_escalator.ledger.audit import erasure
from sfdc_escalator.ledger.audit.erasure import erase, is_in_the_clear
from sfdc_escalator.ledger.store import SqlLedger, open_trail
from sfdc_escalator.ledger.trail.audit import audit_list, audit_show
from sfdc_escalator.ledger.trail.holding import hold
from sfdc_escalator.ledger.trail.status import ledger_status
from sfdc_escalator.ledger.writing.lease import Terms
from sfdc_escalator.pipeline.ports.ledger import Change, RunEnd
from sfdc_escalator.pipeline.ports.outbox import Settled
from sfdc_escalator.pipeline.read_models.audit_trail import Erasure
from tests.ledger.kinds import Kind, PostgresqlKind, SqliteKind
from tests.ledger.notices import queue
from tests.ledger.sample import AT, ORG, all_of, change, escalation, start
from tests.notices import NOW, notice

QUOTED = "Xylophones of Zanzibar"
CASE, OTHER = escalation(1).case_id, escalation(2).case_id
REJECTED = f"STRING_TOO_LONG: data value too large: {QUOTED}"


def quoting(one: Change) -> Change:
    """A change whose texts all quote the customer."""
    return replace(
        one, reasons=(f"Subject is {QUOTED}",), note=f"{QUOTED} are broken" if one.event == "intended" else None
    )


def recorded(kind: Kind) -> None:
    """A run in which the org rejected one escalation, with a text of the case, and applied another."""
    with kind.open() as ledger, ledger.lease(start()) as lease:
        lease.record([quoting(change(escalation(1))), quoting(change(escalation(2)))])
        rejected = replace(escalation(1, EscalationState.REJECTED), message=REJECTED)
        lease.record([quoting(change(rejected)), quoting(change(escalation(2), EscalationState.APPLIED))])
        waiting = Waiting("rejected", REJECTED, "support", "supervisor", "00001234", escalation(1).key)
        held = Waiting("held", "a part of the note is missing", "support", "supervisor", "00009999", "ESC-9")
        lease.finish({"exit": 3}, RunEnd(Waitlist((waiting, held), 2), {}))
    with kind.open() as ledger:
        hold(ledger, ORG, Hold(CASE, "00001234", AT, AT + timedelta(days=1), f"the lady of the {QUOTED} asked", "ann"))


@pytest.fixture
def ledger(kind: Kind) -> Iterator[SqlLedger]:
    kind.become(recorded)
    with kind.open() as opened:
        yield opened


def erased(ledger: SqlLedger, name: str = CASE) -> Erasure:
    return erase(ledger, ORG, name, "vera", "request 17")


def bytes_of(path: Path) -> bytes:
    """All that the files of the ledger hold."""
    return b"".join(one.read_bytes() for one in sorted(path.parent.glob(f"{path.name}*")))


def everything(kind: Kind) -> str:
    """All rows of all tables."""
    tables = ("events", "payloads", "escalations", "runs", "holds", "standings", "notices", "leases")
    found = [cell for table in tables for row in kind.execute(f"SELECT * FROM {table}") for cell in row]
    return " ".join(
        bytes(one).decode(errors="replace") if isinstance(one, bytes | memoryview) else str(one) for one in found
    )


# -- from the start -----------------------------------------------------------------------------------------------


def test_what_quotes_a_customer_stands_only_in_the_payloads(ledger: SqlLedger, kind: Kind) -> None:
    kept = kind.execute("SELECT text FROM payloads")
    assert sum(QUOTED in text for (text,) in kept) == len(kept) == 5
    kind.execute("DELETE FROM payloads")
    assert QUOTED not in everything(kind)


def test_the_texts_are_read_as_before(ledger: SqlLedger, kind: Kind) -> None:
    history = ledger.history(ORG)
    assert {one.message for one in all_of(ledger)} == {REJECTED, ""}
    assert [one.reason for one in history.waitlist.entries] == [REJECTED, "a part of the note is missing"]
    assert [one.why for one in history.holds] == [f"the lady of the {QUOTED} asked"]
    shown = audit_show(ledger, escalation(1).key)
    assert [dict(one.texts) for one in shown] == [
        {"reasons": [f"Subject is {QUOTED}"]},
        {"reasons": [f"Subject is {QUOTED}"], "message": REJECTED},
    ]
    assert shown[0].note == f"{QUOTED} are broken"
    assert kind.verify().problems == ()


# -- erased ---------------------------------------------------------------------------------------------------------


def test_an_erased_text_is_nowhere_and_the_trail_says_erased(ledger: SqlLedger, kind: Kind) -> None:
    done = erased(ledger)
    assert (done.texts, done.case_number, done.case_ids, done.erased_before) == (3, "00001234", (CASE,), None)
    assert (done.not_cleaned, done.in_the_clear) == ("", 0)
    verified = kind.verify()
    assert (verified.problems, verified.erased) == ((), (CASE,))
    assert erased(ledger, OTHER).texts == 2
    assert QUOTED not in everything(kind)
    assert (kind.verify().problems, kind.verify().erased) == ((), (CASE, OTHER))
    bodies = kind.execute("SELECT body FROM events WHERE event = 'erased' ORDER BY seq")
    assert b'"by":"vera"' in bytes(bodies[0][0])
    assert b'"why":"request 17"' in bytes(bodies[0][0])


def test_texts_of_other_cases_stay(ledger: SqlLedger) -> None:
    erased(ledger)
    assert [one.note for one in audit_show(ledger, escalation(2).key)] == [f"{QUOTED} are broken", None]


def test_a_text_that_is_deleted_otherwise_is_still_missed(ledger: SqlLedger, kind: Kind) -> None:
    erased(ledger)
    kind.execute("DELETE FROM payloads WHERE event IN (SELECT seq FROM events WHERE key = ?)", escalation(2).key)
    assert all("is missing" in one for one in kind.verify().problems)
    assert kind.verify().problems


def test_all_goes_on_after_an_erasure(ledger: SqlLedger, kind: Kind) -> None:
    erased(ledger)
    history = ledger.history(ORG)
    assert {one.message for one in all_of(ledger)} == {"its text was erased", ""}
    assert history.waitlist.entries[0].reason == "its text was erased"
    assert [one.why for one in history.holds] == ["its text was erased"]
    status = ledger_status(ledger, AT)
    assert [(one.message, one.case_number) for one in status.rejected] == [("its text was erased", "00001234")]
    assert [one.note for one in audit_show(ledger, escalation(1).key)] == [None, None]
    with ledger.lease(start("run-2")) as lease:
        lease.record([quoting(change(escalation(1)))])
        lease.record([quoting(change(escalation(1), EscalationState.APPLIED))])
        lease.finish({"exit": 0})
    assert kind.verify().problems == ()
    again = erased(ledger)
    assert (again.texts, again.erased_before) == (2, None)


def test_a_second_erasure_says_since_when_and_writes_nothing(ledger: SqlLedger, kind: Kind) -> None:
    erased(ledger)
    head = ledger.head()
    again = erased(ledger, CASE[:15])
    ((at,),) = kind.execute("SELECT at FROM events WHERE event = 'erased'")
    assert (again.texts, again.erased_before, ledger.head()) == (0, at, head)


@pytest.mark.parametrize("name", [CASE, CASE[:15], "00001234", " 1234 "])
def test_a_case_is_named_as_people_name_it(sqlite_kind: SqliteKind, name: str) -> None:
    sqlite_kind.become(recorded)
    sqlite_kind.execute("UPDATE escalations SET case_number = '00000002' WHERE key = ?", escalation(2).key)
    with sqlite_kind.open() as ledger:
        assert erased(ledger, name).case_id == CASE


@pytest.mark.parametrize("name", ["", "00001235", "500000000000009AAA", "a\0b", "\udcff", "'; --", "%"])
def test_an_unknown_case_is_refused(ledger: SqlLedger, name: str) -> None:
    before = ledger.head()
    with pytest.raises(Invalid, match="has no case"):
        erased(ledger, name)
    assert ledger.head() == before


def test_a_number_of_two_cases_is_refused(ledger: SqlLedger) -> None:
    with pytest.raises(Invalid, match=f"{CASE}, {OTHER}; give the id"):
        erased(ledger, "00001234")


def test_while_a_run_is_at_work_nothing_is_erased(ledger: SqlLedger, kind: Kind) -> None:
    with kind.open() as other, other.lease(start("run-2")), pytest.raises(RunBusy):
        erased(ledger)
    assert kind.execute("SELECT COUNT(*) FROM payloads") == [(5,)]


def test_a_case_that_was_merged_is_erased_with_its_master(ledger: SqlLedger, kind: Kind) -> None:
    with ledger.lease(start("run-2")) as lease:
        gone_on = replace(escalation(2, EscalationState.APPLIED), case_id="500000000000007AAA", case_number="00000007")
        lease.record([quoting(Change("merged", gone_on, "00000007", ""))])
    done = erased(ledger, OTHER)
    assert (done.case_ids, done.texts) == (("500000000000002AAA", "500000000000007AAA"), 3)
    assert kind.verify().problems == ()
    assert erased(ledger, "7").erased_before


# -- notices ----------------------------------------------------------------------------------------------------------


def test_while_a_notice_waits_nothing_is_erased_and_then_it_goes_too(kind: Kind) -> None:
    kind.become(lambda kind: kind.open().close())
    with kind.open() as ledger:
        one = notice()
        outbox = queue(ledger, one)
        with pytest.raises(NoticesWait) as refused:
            erased(ledger, one.subject.case_id)
        assert "notices drop" in refused.value.message
        assert one.id[:8] in str(refused.value.problems[0])
        assert all(row.notice.message.title for row in outbox.queued())
        assert outbox.claim(outbox.queued(), one.id, NOW)
        outbox.settle([Settled((one.id,), NoticeState.SENT, tried=NOW)])
        erased(ledger, one.subject.case_id)
        assert kind.execute("SELECT address, state FROM notices") == [("", "sent")]
        assert one.message.title not in everything(kind)
        assert kind.verify().problems == ()


# -- files ------------------------------------------------------------------------------------------------------------


def test_no_byte_of_the_files_holds_an_erased_text(sqlite_kind: SqliteKind) -> None:
    sqlite_kind.become(recorded)
    with sqlite_kind.open() as ledger:
        for name in (CASE, OTHER):
            assert QUOTED.encode() in bytes_of(sqlite_kind.path)
            erased(ledger, name)
        assert QUOTED.encode() not in bytes_of(sqlite_kind.path)  # the log too, while the ledger is open


def test_after_a_crash_between_erasing_and_cleaning_the_same_command_cleans(
    sqlite_kind: SqliteKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite_kind.become(recorded)
    crashed = SqliteKind(tmp_path / "crashed")
    crashed.path.parent.mkdir(parents=True)

    def crash(_: SqlLedger, _tables: object) -> str:
        for one in sqlite_kind.path.parent.iterdir():
            shutil.copy(one, crashed.path.parent)
        return "power cut"

    with sqlite_kind.open() as ledger:
        erased(ledger, OTHER)
        monkeypatch.setattr(erasure, "cleaned", crash)
        erased(ledger)
    monkeypatch.undo()
    assert QUOTED.encode() in bytes_of(crashed.path)  # the image of the crash holds it still
    with crashed.open() as ledger:
        done = erased(ledger)
        assert (done.texts, bool(done.erased_before)) == (0, True)
        assert QUOTED.encode() not in bytes_of(crashed.path)
    assert crashed.verify().problems == ()


def test_a_reader_keeps_pieces_in_the_files_and_that_is_reported(sqlite_kind: SqliteKind) -> None:
    sqlite_kind.become(recorded)
    with sqlite_kind.open(Terms(busy=timedelta(0))) as ledger:
        with open_trail(sqlite_kind.where) as trail, trail.reading() as reading:
            reading.exec_driver_sql("SELECT COUNT(*) FROM payloads")
            assert "run the same command again" in erased(ledger).not_cleaned
        assert erased(ledger).not_cleaned == ""
        erased(ledger, OTHER)
        assert QUOTED.encode() not in bytes_of(sqlite_kind.path)


def test_backups_of_migrations_are_named(sqlite_kind: SqliteKind) -> None:
    sqlite_kind.become(recorded)
    backup = sqlite_kind.path.with_name("ours.db.0003-20260302T150000Z.backup")
    backup.touch()
    with sqlite_kind.open() as ledger:
        assert erased(ledger).copies == (str(backup),)


def test_on_a_server_the_tables_are_rewritten_or_the_owner_is_asked(postgresql_kind: PostgresqlKind) -> None:
    postgresql_kind.become(recorded)
    of = "SELECT pg_relation_filenode('sfdc_escalator.payloads')"
    before = postgresql_kind.execute(of)
    with postgresql_kind.open() as ledger:
        assert (erased(ledger).not_cleaned, erased(ledger).is_on_a_server) == ("", True)
        assert postgresql_kind.execute(of) != before


# -- older versions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "is_clear"),
    [
        (b'{"about":{"event":"applied"},"reasons":["Subject is x"]}', True),
        (b'{"about":{"event":"rejected"},"escalation":{"message":"x"},"reasons":[]}', True),
        (b'{"about":{"event":"held"},"facts":{"why":"x"}}', True),
        (b'{"about":{"event":"applied"},"kept":["reasons"],"reasons":["sha256:00"]}', False),
        (b'{"about":{"event":"erased"},"facts":{"why":"x"}}', False),
        (b'{"about":{"event":"pruned"},"escalation":{"message":"sha256:00"}}', False),
        (b'{"about":{"event":"closed"},"escalation":{"message":""},"reasons":[]}', False),
        (b"\xff", False),
    ],
)
def test_reasons_of_older_events_in_the_clear_are_counted(body: bytes, is_clear: bool) -> None:
    assert is_in_the_clear(body) is is_clear


def test_the_list_shows_a_case_also_after_its_erasure(ledger: SqlLedger) -> None:
    erased(ledger)
    assert {one.key for one in audit_list(ledger)} == {escalation(1).key, escalation(2).key}
