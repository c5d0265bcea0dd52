"""A login borrowed from Salesforce's own CLI, which is here a real process of that name."""

import json
from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.errors import EscalatorError, Invalid, LoginRefused
from sfdc_escalator.salesforce.line.token import Grant
from sfdc_escalator.salesforce.login import cli_login
from sfdc_escalator.salesforce.login.cli_login import grant

URL = "https://acme--dev.sandbox.my.salesforce.com"
TOKEN = "00D000000000001!borrowed.from.the.cli"
HIDDEN = "[REDACTED] use sf org auth show-access-token"


def sf(folder: Path, display: Any, show: Any, code: int = 0) -> None:
    """A command `sf` that answers so; a text is printed as it is."""
    for name, answer in (("display", display), ("show", show)):
        (folder / name).write_text(answer if isinstance(answer, str) else json.dumps(answer), encoding="utf-8")
    script = folder / "sf"
    script.write_text(
        '#!/bin/sh\necho "$@" >> "$(dirname "$0")/asked"\n[ "$NO_COLOR" = 1 ] || exit 99\n'
        'case "$*" in\n'
        '"org display --target-org dev --json") cat "$(dirname "$0")/display";;\n'
        '"org auth show-access-token --target-org dev --json") cat "$(dirname "$0")/show";;\n'
        f"*) exit 98;;\nesac\nexit {code}\n",
        encoding="utf-8",
    )
    script.chmod(0o755)


def environ(folder: Path) -> dict[str, str]:
    return {"PATH": f"{folder}:/usr/bin:/bin"}


def result(**said: str) -> dict[str, Any]:
    return {"status": 0, "result": said, "warnings": []}


def test_a_new_cli_tells_the_token_when_asked_for_it_by_name(tmp_path: Path) -> None:
    sf(tmp_path, result(instanceUrl=URL, accessToken=HIDDEN), result(accessToken=TOKEN))
    assert grant("dev", environ(tmp_path)) == Grant(URL, TOKEN)
    assert TOKEN not in (tmp_path / "asked").read_text()


@pytest.mark.parametrize(
    "show",
    [
        "Warning: org auth show-access-token is not a sf command.\n",
        {"name": "CommandNotFound", "message": "command org:auth:show-access-token not found", "status": 127},
    ],
)
def test_an_older_cli_tells_it_with_the_rest(tmp_path: Path, show: Any) -> None:
    sf(tmp_path, result(instanceUrl=URL + "/", accessToken=TOKEN), show)
    assert grant("dev", environ(tmp_path)) == Grant(URL, TOKEN)


@pytest.mark.parametrize("noise", ["update available\n", "Warning: {plugin} is deprecated {}\n", '{"warning": 1}\n'])
def test_words_of_the_cli_around_its_answer_do_no_harm(noise: str, tmp_path: Path) -> None:
    noisy = f"{noise}{json.dumps(result(instanceUrl=URL))}\n{noise}"
    sf(tmp_path, noisy, result(accessToken=TOKEN))
    assert grant("dev", environ(tmp_path)) == Grant(URL, TOKEN)


@pytest.mark.parametrize(
    ("name", "message", "error", "told"),
    [
        ("NamedOrgNotFoundError", "No authorization information found for dev.", Invalid, "sf org list"),
        ("RefreshTokenAuthError", "expired access/refresh token", LoginRefused, "sf org login web --alias dev"),
    ],
)
def test_what_the_cli_refuses_is_told_with_the_next_step(
    tmp_path: Path, name: str, message: str, error: type[EscalatorError], told: str
) -> None:
    answer = {"name": name, "message": message, "status": 1}
    sf(tmp_path, answer, answer, code=1)
    with pytest.raises(error, match=told):
        grant("dev", environ(tmp_path))


OVER = ["Session expired or invalid", "RefreshTokenAuthError", "expired access/refresh token"]


@pytest.mark.parametrize("state", OVER)
def test_a_login_that_is_over_is_told_though_the_cli_calls_it_a_success(tmp_path: Path, state: str) -> None:
    display = result(instanceUrl=URL, accessToken=HIDDEN, connectedStatus=state)
    sf(tmp_path, display, result(accessToken=TOKEN))
    with pytest.raises(LoginRefused, match=f"{state}.*sf org login web --alias dev"):
        grant("dev", environ(tmp_path))


@pytest.mark.parametrize("state", ["Connected", "Unknown", "fetch failed"])
def test_an_org_that_the_cli_did_not_reach_is_asked_by_us(tmp_path: Path, state: str) -> None:
    sf(tmp_path, result(instanceUrl=URL, connectedStatus=state), result(accessToken=TOKEN))
    assert grant("dev", environ(tmp_path)) == Grant(URL, TOKEN)


@pytest.mark.parametrize("hidden", [HIDDEN, "", "use sf org auth show-access-token", "********"])
def test_a_cli_that_hides_the_token_altogether_is_told(hidden: str, tmp_path: Path) -> None:
    sf(tmp_path, result(instanceUrl=URL, accessToken=hidden), result(accessToken=hidden))
    with pytest.raises(LoginRefused, match="update it"):
        grant("dev", environ(tmp_path))


def test_without_the_cli_the_next_step_is_told(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="not on the PATH"):
        grant("dev", {"PATH": str(tmp_path)})


def test_a_cli_that_hangs_is_ended_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sf(tmp_path, result(), result())
    (tmp_path / "sf").write_text("#!/bin/sh\ntail -f /dev/null\n", encoding="utf-8")
    monkeypatch.setattr(cli_login, "TIMEOUT", 0.2)
    with pytest.raises(LoginRefused, match="did not end"):
        grant("dev", environ(tmp_path))
