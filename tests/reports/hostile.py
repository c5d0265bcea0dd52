"""Texts that a person may write into a case, a policy or a message, and what a report must show of them."""

HOSTILE = "\x1b[2J\x1b]0;pwned\x07a\nb\r\x00\u202etxt.exe\u2066\u2028\ud800"
SHOWN = "\\x1b[2J\\x1b]0;pwned\\x07a\\nb\\r\\x00\\u202etxt.exe\\u2066\\u2028\\ud800"
OBEYED = "\x1b\x07\r\x00\x7f\x9b\u202e\u2066\u2028\ud800"


def assert_harmless(report: str) -> None:
    """No terminal obeys anything in the report, and it can be printed."""
    assert [character for character in OBEYED if character in report] == []
    report.encode()
