"""The page of a comparison with the rules of an org: a summary, then a table for each kind."""

from collections.abc import Iterator
from typing import NamedTuple

from sfdc_escalator.escalation.shadow.comparison import KINDS, WITHIN, Kind
from sfdc_escalator.pipeline.read_models.shadow import Row, Shadow
from sfdc_escalator.reports.html.page import html_page, web_address
from sfdc_escalator.reports.shadow import words
from sfdc_escalator.reports.values import instant

MEANINGS: dict[Kind, str] = {
    "equal": "Both do the same to the case at the same time.",
    "earlier": "The policies would have done the same earlier.",
    "later": "The policies would have done the same later.",
    "only ours": "The policies would have done this; no rule of Salesforce did.",
    "only theirs": "A rule of Salesforce did this; the policies would not have.",
}
ORDER: tuple[Kind, ...] = ("only theirs", "only ours", "later", "earlier", "equal")
MOST_ROWS = 2_000


class Cells(NamedTuple):
    """A row of the page. `url` is the address of the case; empty where it may not be a link."""

    number: str
    url: str
    subject: str
    what: str
    ours: str
    ours_by: str
    theirs: str
    theirs_by: str
    apart: str
    reason: str


class Section(NamedTuple):
    heading: str
    meaning: str
    rows: tuple[Cells, ...]
    more: int
    has_ours: bool
    has_theirs: bool


def shadow_html(found: Shadow) -> str:
    """The whole page."""
    return html_page(
        "shadow.html.j2",
        begin=instant(found.begin),
        end=instant(found.end),
        policies=[name for name, _ in found.policies],
        cases=found.cases,
        minutes=int(WITHIN.total_seconds() // 60),
        tiles=[(kind, found.counts[kind]) for kind in KINDS],
        not_compared=found.not_compared,
        assumed=words.assumed_text(found),
        sections=tuple(sections(found)),
        organization_id=found.organization_id,
    )


def sections(found: Shadow) -> Iterator[Section]:
    """The kinds that need a look first."""
    for kind in ORDER:
        rows = [row for row in found.rows if row.pair.kind == kind]
        if rows:
            shown = tuple(cells(row, found.instance_url) for row in rows[:MOST_ROWS])
            more = max(0, len(rows) - MOST_ROWS)
            sides = kind != "only theirs", kind != "only ours"
            yield Section(kind[:1].upper() + kind[1:], MEANINGS[kind], shown, more, *sides)


def cells(row: Row, instance_url: str) -> Cells:
    ours, theirs = row.pair.ours, row.pair.theirs
    return Cells(
        number=row.number,
        url=web_address(f"{instance_url}/lightning/r/Case/{row.pair.effect.case_id}/view"),
        subject=row.subject,
        what=words.what_of(row),
        ours=instant(ours.at) if ours else "",
        ours_by=words.who_of_ours(ours) if ours else "",
        theirs=instant(theirs.at) if theirs else "",
        theirs_by=words.who_of_theirs(row, theirs) if theirs else "",
        apart=words.apart(row),
        reason=words.reason_text(row),
    )
