"""The texts of the settings of a channel that no log shows."""

import pytest

from sfdc_escalator.wiring.channels import secret_texts
from sfdc_escalator.wiring.secrets import Secrets


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example/services/T0/B0/geheim-geheim",
        "https://hooks.example/run?api-version=2016-06-01&sig=geheim-geheim-geheim",
        "https://hooks.example/?key=geheim-geheim",
        "https://desk:geheim-geheim@hooks.example/",
    ],
)
def test_an_address_shows_no_secret_in_a_log_whole_or_in_parts(url: str) -> None:
    secrets = Secrets()
    secrets.add(secret_texts({"url": url}))
    host, _, rest = url.partition("hooks.example")
    for text in (url, rest, f'"POST {rest} HTTP/1.1" 200', f"login {host}", rest.rpartition("=")[2]):
        assert "geheim" not in secrets.redact(text)


def test_an_address_without_a_secret_is_shown() -> None:
    assert list(secret_texts({"url": "https://api.example/v2"})) == []
