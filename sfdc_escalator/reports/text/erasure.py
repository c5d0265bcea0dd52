"""The end of an erasure: what is gone, and what stays that is not this program's to erase."""

from collections.abc import Iterator

from sfdc_escalator.errors import counted
from sfdc_escalator.pipeline.read_models.audit_trail import Erasure
from sfdc_escalator.reports.values import visible

BACKUPS = "Backups of the ledger that were made before still hold the texts; they are yours to remove"
SERVER = "So do the server's log (WAL) and its archive, replicas and dumps, and dead rows until a VACUUM"
ELSEWHERE = "Not touched: notes and messages that are sent already, saved plans, reports and logs"


def erased_text(done: Erasure) -> str:
    return "\n".join(lines(done))


def lines(done: Erasure) -> Iterator[str]:
    case = f"case {visible(done.case_number or done.case_id)}"
    if done.erased_before:
        yield f"The texts of {case} are already erased, since {done.erased_before}; none came since then"
    else:
        texts = f"{counted(done.texts, 'text')} with their salts"
        yield f"The texts of {case} are erased: {texts}, from {visible(done.where)}"
    if merged := [visible(one) for one in done.case_ids if one != done.case_id]:
        yield f"So are those of the cases merged with it, whose escalations are the same: {', '.join(merged)}"
    if done.in_the_clear:
        yield (
            f"! {counted(done.in_the_clear, 'event')} of an older version of this program hold a reason or a message "
            "in words. They are part of the chain, which is never changed, and stay"
        )
    if done.not_cleaned:
        yield f"! {visible(done.not_cleaned)}"
    yield f"{BACKUPS}{': ' if done.copies else ''}{', '.join(map(visible, done.copies))}"
    if done.is_on_a_server:
        yield SERVER
    yield ELSEWHERE
