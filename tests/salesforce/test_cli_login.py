"""A login from Salesforce's own CLI, which is a real process of that name here."""

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
    """Creates a command `sf` with these answers; a text is printed unchanged."""
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


def result(**fields: str) -> dict[str, Any]:
    return {"status": 0, "result": fields, "warnings": []}


def test_a_new_cli_gives_the_token_by_its_own_command(tmp_path: Path) -> None:
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
def test_an_older_cli_gives_the_token_with_the_display(tmp_path: Path, show: Any) -> None:
    sf(tmp_path, result(instanceUrl=URL + "/", accessToken=TOKEN), show)
    assert grant("dev", environ(tmp_path)) == Grant(URL, TOKEN)


@pytest.mark.parametrize("noise", ["update available\n", "Warning: {plugin} is deprecated {}\n", '{"warning": 1}\n'])
def test_warnings_of_the_cli_around_its_answer_are_ignored(noise: str, tmp_path: Path) -> None:
    noisy = f"{noise}{json.dumps(result(instanceUrl=URL))}\n{noise}"
    sf(tmp_path, noisy, result(accessToken=TOKEN))
    assert grant("dev", environ(tmp_path)) == Grant(URL, TOKEN)


@pytest.mark.parametrize(
    ("name", "message", "error", "expected"),
    [
        ("NamedOrgNotFoundError", "No authorization information found for dev.", Invalid, "sf org list"),
        ("RefreshTokenAuthError", "expired access/refresh token", LoginRefused, "sf org login web --alias dev"),
    ],
)
def test_a_refusal_of_the_cli_is_reported_with_the_next_step(
    tmp_path: Path, name: str, message: str, error: type[EscalatorError], expected: str
) -> None:
    answer = {"name": name, "message": message, "status": 1}
    sf(tmp_path, answer, answer, code=1)
    with pytest.raises(error, match=expected):
        grant("dev", environ(tmp_path))


OVER = ["Session expired or invalid", "RefreshTokenAuthError", "expired access/refresh token"]


@pytest.mark.parametrize("state", OVER)
def test_a_login_that_has_ended_is_reported_even_as_a_success_of_the_cli(tmp_path: Path, state: str) -> None:
    display = result(instanceUrl=URL, accessToken=HIDDEN, connectedStatus=state)
    sf(tmp_path, display, result(accessToken=TOKEN))
    with pytest.raises(LoginRefused, match=f"{state}.*sf org login web --alias dev"):
        grant("dev", environ(tmp_path))


@pytest.mark.parametrize("state", ["Connected", "Unknown", "fetch failed"])
def test_an_org_that_the_cli_did_not_reach_is_called_directly(tmp_path: Path, state: str) -> None:
    sf(tmp_path, result(instanceUrl=URL, connectedStatus=state), result(accessToken=TOKEN))
    assert grant("dev", environ(tmp_path)) == Grant(URL, TOKEN)


@pytest.mark.parametrize("hidden", [HIDDEN, "", "use sf org auth show-access-token", "********"])
def test_a_cli_that_never_gives_the_token_is_reported(hidden: str, tmp_path: Path) -> None:
    sf(tmp_path, result(instanceUrl=URL, accessToken=hidden), result(accessToken=hidden))
    with pytest.raises(LoginRefused, match="update it"):
        grant("dev", environ(tmp_path))


def test_a_missing_cli_is_reported_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="not on the PATH"):
        grant("dev", {"PATH": str(tmp_path)})


def test_a_cli_that_hangs_is_killed_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sf(tmp_path, result(), result())
    (tmp_path / "sf").write_text("#!/bin/sh\ntail -f /dev/null\n", encoding="utf-8")
    monkeypatch.setattr(cli_login, "TIMEOUT", 0.2)
    with pytest.raises(LoginRefused, match="did not end"):
        grant("dev", environ(tmp_path))
