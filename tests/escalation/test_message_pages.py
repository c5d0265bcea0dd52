"""A message in pages of a channel's size."""

import pytest

from sfdc_escalator.escalation.notices.message import Line, Link, Message
from sfdc_escalator.escalation.notices.pages import pages, plain_text


@pytest.mark.parametrize("title", ["T" * 1_500, "T" * 995, "word " * 500])
def test_a_title_that_is_larger_than_a_page_stands_whole_below_its_beginning(title: str) -> None:
    """N12: `opens_with` is never cut, and a message of any size ends."""
    link = (Link("Case", "https://acme.my.salesforce.com/500"),)
    found = pages(Message("1", "start", title, (Line("Subject", "it broke", kept=True),), link, "ESC"), 1_000)
    texts = [plain_text(one) for one in found]
    assert max(map(len, texts)) <= 1_000
    assert len(texts) <= 8
    said = "".join(line.text for one in found for line in one.lines)
    assert said.replace(" ", "") == f"{title}it broke".replace(" ", "")
    assert texts[-1].endswith("ESC")
