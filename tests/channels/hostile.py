"""Texts of strangers that would change a message if a channel did not escape them."""

from sfdc_escalator.escalation.notices.foreign import harmless
from sfdc_escalator.escalation.notices.message import Line, Link, Message

TEXTS = {
    "a mention of Slack": "<!channel> <!here> <@U012AB3CD> <#C024BE7LR> @channel @everyone",
    "a link of Slack": "<https://evil.example/pay|Your bank>",
    "entities": "&lt;b&gt; &amp;amp; &#60;script&#62;",
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)><a href='https://evil.example'>x</a>",
    "markdown": "**bold** _it_ `code` [link](https://evil.example) ![p](https://evil.example/p) # head\n- a\n> q",
    "a mention of Teams": "<at>Everyone</at> <at id='0'>Ann</at>",
    "a template": "{{ 7*7 }} ${7*7} {% raw %} #{7*7} {0} %s %n",
    "a date function of Teams": "{{DATE(2017-02-14T06:00:00Z, SHORT)}} {{TIME(2017-02-14T06:00:00Z)}}",
    "bare addresses": "https://evil.example/pay www.evil.example mailto:a@evil.example #general :fire: 800.SG",
    "header injection": "Help\r\nBcc: everyone@evil.example\r\nContent-Type: text/html\r\n\r\n<b>x</b>",
    "a lone dot and From": "\r\n.\r\nFrom evil\r\nQUIT\r\n",
    "right to left": "\u202egnp.exe\u202c \u2066x\u2069 \u200f",
    "signs without width": "pass\u200bword\ufeff\u00ad",
    "control signs": "\x00\x07\x08\x1b[31mred\x1b[0m\x7f\x9b",
    "emoji": "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f6a8 ❤️ 🇩🇪",
    "ten thousand signs": "word " * 2000,
    "one long word": "x" * 10_000,
    "many lines": "line\n" * 500,
    "csv and formulas": '=HYPERLINK("https://evil.example","x")\t"quoted", \'single\'',
    "json": '"}],"text":"owned","x":[{"',
    "half a pair": "\ud83d broken \udc00",
    "scripts": "日本語 العربية עברית हिन्दी ไทย Ελληνικά Кириллица",
}


def hostile(name: str, **more: object) -> Message:
    """A message whose account and subject are this text, as a channel gets it."""
    text = harmless(TEXTS[name])
    return Message(
        id="5f" * 16,
        kind="start",
        title="ESCALATION 00001042: supervisor-request",
        lines=(
            Line("Account", text, kept=len(text) < 1000),
            Line("Reason", "The customer asks for a supervisor.", kept=True),
            Line("Subject", text),
        ),
        links=(Link("Case", "https://acme.my.salesforce.com/lightning/r/Case/500000000000001AAA/view?a=1&b=2"),),
        key="ESC-7Q4M-2K9D-X3TR",
        case_id="500000000000001AAA",
        case_number="00001042",
        **more,  # type: ignore[arg-type]
    )
