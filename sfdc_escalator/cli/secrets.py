"""Nothing secret leaves: the values of the secret variables are taken out of every output."""

import json
import os
import re
from urllib.parse import quote, quote_plus

from sfdc_escalator.salesforce.line.failures import HIDDEN, TOKEN

SHORTEST = 8  # what is shorter would take harmless words with it
SECRET_NAMES = ("SFDC_ACCESS_TOKEN",)
URL_PASSWORD = re.compile(r"(?<=://)([^/\s:@]+):[^/\s@]+@")


def redact(text: str) -> str:
    """The text without access tokens and passwords in URLs, however a secret is written there."""
    from sfdc_escalator.wiring import secrets_in_use

    known = {*secrets_in_use, *(os.environ.get(name, "").strip() for name in SECRET_NAMES)}
    for value in sorted(known, key=len, reverse=True):  # one that holds another one goes first
        for form in forms(value) if len(value) >= SHORTEST else ():
            text = text.replace(form, HIDDEN)
    return URL_PASSWORD.sub(rf"\1:{HIDDEN}@", TOKEN.sub(HIDDEN, text))


def forms(secret: str) -> set[str]:
    """How a secret stands in a text: as it is, in JSON, in an address, in a form."""
    return {
        secret,
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret, safe="", errors="replace"),
        quote_plus(secret, errors="replace"),
    }
