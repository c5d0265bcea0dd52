"""Nothing secret leaves: the values of the secret variables are taken out of every output."""

import os
import re

SECRET_NAMES = ("SFDC_ACCESS_TOKEN",)
TOKEN = re.compile(r"00D[0-9A-Za-z]{12,15}(?:!|%21)[^\s\"'\\&]{8,}")
URL_PASSWORD = re.compile(r"(?<=://)([^/\s:@]+):[^/\s@]+@")
HIDDEN = "[hidden]"


def redact(text: str) -> str:
    """The text without access tokens and passwords in URLs."""
    from sfdc_escalator.wiring import secrets_in_use

    for value in {*secrets_in_use, *(os.environ.get(name, "").strip() for name in SECRET_NAMES)}:
        if len(value) >= 8:
            text = text.replace(value, HIDDEN)
    return URL_PASSWORD.sub(rf"\1:{HIDDEN}@", TOKEN.sub(HIDDEN, text))
