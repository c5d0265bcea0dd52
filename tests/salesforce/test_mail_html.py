"""HTML e-mails as text: what is hidden is left out, and quotations are marked."""

import re

import pytest

from sfdc_escalator.escalation.conditions.speech.own_words import own_words
from sfdc_escalator.salesforce.reading import mail_html
from sfdc_escalator.salesforce.reading.mail_html import text_of

INTRODUCTION = "On Wed, Nov 25, 2026 at 9:00 AM Ann &lt;<a href='mailto:ann@x.example'>ann@x.example</a>&gt; wrote:"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>please <b>call</b></p>", "please call\n"),
        ("a<br>b<BR/>c", "a\nb\nc"),
        ("<style>p {}</style><!-- x > y -->a &lt;b&gt; &amp; c", "a <b> & c"),
        ("<head><title>t</title></head><div>a</div>b", "a\nb"),
        ("a <!-- never ends <b>c</b>", "a c"),
        ("1 < 2", "1 < 2"),
        ("<header>a</header>", "a"),
        ("", ""),
    ],
)
def test_tags_and_hidden_parts_are_left_out(html: str, text: str) -> None:
    assert text_of(html) == text


@pytest.mark.parametrize(
    "quote", ['class="gmail_quote"', "type='cite'", "TYPE=cite class=x", 'style="x" class="a gmail_quote"']
)
def test_an_answer_below_a_quotation_is_the_writers(quote: str) -> None:
    html = (
        f"<div>First.</div><div>{INTRODUCTION}</div><blockquote {quote}><p>ask for a supervisor</p>"
        "<blockquote>older words</blockquote>more</blockquote><p>Last.</p>"
    )
    words = own_words(text_of(html))
    assert "First." in words
    assert "Last." in words
    assert not any(one in words for one in ("supervisor", "older", "more", "wrote"))


def test_an_indented_text_is_the_writers() -> None:
    html = "<p>First.</p><blockquote style='margin-left: 4em'>please call</blockquote><p>Last.</p>"
    assert "please call" in own_words(text_of(html))


class Counted:
    """A pattern that counts the characters which it may read."""

    def __init__(self, pattern: re.Pattern[str], seen: list[int]) -> None:
        self.pattern, self.seen = pattern, seen

    def search(self, text: str, place: int) -> re.Match[str] | None:
        found = self.pattern.search(text, place)
        self.seen.append((found.end() if found else len(text)) - place)
        return found


@pytest.mark.parametrize(
    "unit",
    ["<", "<style>", "<!--", "<!-- >", "<head><style><script>", "<blockquote type=cite>", "</blockquote>", "<a "],
)
def test_the_work_grows_with_the_length_of_the_html_only(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    ends = {name: Counted(pattern, seen) for name, pattern in mail_html.ENDS.items()}
    monkeypatch.setattr(mail_html, "ENDS", ends)
    html = unit * 20_000
    text_of(html)
    assert sum(seen) <= len(ends) * len(html)
