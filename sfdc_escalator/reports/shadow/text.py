"""A comparison with the rules of an org, for people."""

from collections.abc import Iterator

from sfdc_escalator.escalation.shadow.comparison import KINDS
from sfdc_escalator.pipeline.read_models.shadow import Row, Shadow
from sfdc_escalator.reports.page import PLAIN, Page
from sfdc_escalator.reports.shadow import words
from sfdc_escalator.reports.values import counted, instant, visible

MOST_SHOWN = 20


def shadow_text(found: Shadow, page: Page = PLAIN) -> str:
    """The counts, then the cases of each kind; equal ones with -v."""
    return "\n".join(lines(found, page))


def lines(found: Shadow, page: Page) -> Iterator[str]:
    yield words.sizes_text(found)
    yield ", ".join(f"{count:,} {kind}" for kind, count in found.counts.items())
    for one in found.not_compared:
        cases = f": {counted(len(one.cases), 'case')}" if one.cases else ""
        yield f"! not compared: {visible(one.subject)}: {visible(one.reason)}{cases}"
    for kind in KINDS:
        rows = [row for row in found.rows if row.pair.kind == kind]
        if rows and (kind != "equal" or page.is_full):
            yield page.paint(kind, "bold")
            yield from (line for row in page.first(rows, MOST_SHOWN) for line in row_lines(row))
            if len(rows) > MOST_SHOWN and not page.everything:
                yield f"  (and {len(rows) - MOST_SHOWN} more: --all)"
    yield from filter(None, [words.assumed_text(found)])


def row_lines(row: Row) -> Iterator[str]:
    """The case with what was done and when; then the reason."""
    ours, theirs = row.pair.ours, row.pair.theirs
    here = f"ours {instant(ours.at)} ({visible(words.who_of_ours(ours))})" if ours else ""
    there = f"Salesforce {instant(theirs.at)} ({visible(words.who_of_theirs(row, theirs))})" if theirs else ""
    yield f"  {visible(row.number)}  {visible(words.what_of(row))}: {', '.join(filter(None, (here, there)))}"
    if reason := ": ".join(filter(None, (words.apart(row), words.reason_text(row)))):
        yield f"    {visible(reason)}"
