"""A login from Salesforce's own CLI: `sf:ALIAS`. For interactive use; cron has no such login.

Since 2.136.8 `sf org display` hides the token and `sf org auth show-access-token` prints it; older versions have only
the former (Salesforce CLI release notes, 27 May 2026).
"""

import json
import os
import re
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TypeGuard

from sfdc_escalator.errors import Invalid, LoginRefused
from sfdc_escalator.salesforce.line.failures import code_of, in_one_line
from sfdc_escalator.salesforce.line.shapes import ODD, taken_apart
from sfdc_escalator.salesforce.line.token import Grant
from sfdc_escalator.salesforce.login.granted import grant_of

TIMEOUT = 60.0  # seconds; the CLI starts slowly
SHOW = ("org", "auth", "show-access-token")
DISPLAY = ("org", "display")
UNKNOWN_ALIAS = ("NamedOrgNotFound", "NoOrgFound", "NoAuthInfo", "NotFoundError")
GONE = re.compile("expired|revoked|RefreshTokenAuth", re.IGNORECASE)
TOKEN = re.compile(r"[0-9A-Za-z][!-~]*")
AGAIN = "log in again: sf org login web --alias {alias}"


@taken_apart("the answer of the command sf")
def grant(alias: str, environ: Mapping[str, str]) -> Grant:
    """The CLI's login. Raises Invalid without the CLI or the alias, LoginRefused when its login is no longer valid."""
    about = asked(DISPLAY, alias, environ)
    if GONE.search(state := str(about.get("connectedStatus"))):  # reported as a success
        raise LoginRefused(f"sf:{alias}: the CLI's login is over ({in_one_line(state)}): {AGAIN.format(alias=alias)}")
    url, token = about.get("instanceUrl"), about.get("accessToken")
    if not is_token(token):
        token = asked(SHOW, alias, environ).get("accessToken")
    if not is_token(token) or not isinstance(url, str):
        raise LoginRefused(f"sf:{alias}: the CLI gives no access token; update it, or {AGAIN.format(alias=alias)}")
    return grant_of(url, token.strip(), f"sf:{alias}: the CLI gives an `instanceUrl` that is not an address")


def is_token(value: Any) -> TypeGuard[str]:
    """True if the value is a token; newer CLIs display a text in its place."""
    return isinstance(value, str) and bool(TOKEN.fullmatch(value.strip()))


def asked(command: tuple[str, ...], alias: str, environ: Mapping[str, str]) -> Mapping[str, Any]:
    """The `result` of the CLI's answer."""
    code, text = run(["sf", *command, "--target-org", alias, "--json"], environ)
    answer = json_in(text)
    result = answer.get("result")
    if code == 0 and isinstance(result, dict):
        return result
    name, message = code_of(answer.get("name")), in_one_line(answer.get("message"))
    if name.startswith(UNKNOWN_ALIAS) or "No authorization information" in message:
        raise Invalid(f"sf:{alias}: the CLI has no org of that name; sf org list shows its orgs")
    reason = f"{name}: {message}" if name else f"exit code {code}"
    raise LoginRefused(f"sf:{alias}: the CLI refuses ({reason}): {AGAIN.format(alias=alias)}")


def json_in(text: str) -> Mapping[str, Any]:
    """The CLI's answer without the warnings around it; empty when there is none."""
    for place in (found.start() for found in re.finditer("{", text)):
        with suppress(*ODD):
            answer, _ = json.JSONDecoder().raw_decode(text, place)
            if isinstance(answer, dict) and answer.keys() & {"result", "name"}:
                return answer
    return {}


def run(command: list[str], environ: Mapping[str, str]) -> tuple[int, str]:
    """Exit code and stdout, which contains the token and is never shown."""
    quiet = {**environ, "NO_COLOR": "1", "SF_AUTOUPDATE_DISABLE": "true", "SF_DISABLE_TELEMETRY": "true"}
    quiet.pop("FORCE_COLOR", None)
    try:
        with subprocess.Popen(  # noqa: S603 - a fixed command with the alias as one argument
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=quiet,
            start_new_session=True,
        ) as process:  # fmt: skip
            try:
                data, _ = process.communicate(timeout=TIMEOUT)
            except BaseException:
                with suppress(OSError):  # its children too
                    os.killpg(process.pid, signal.SIGKILL)
                raise
    except subprocess.TimeoutExpired:
        raise LoginRefused(f"the command sf did not end within {TIMEOUT:g} seconds; run it yourself") from None
    except OSError:
        raise Invalid(
            "the command sf is not on the PATH: install Salesforce's CLI, or name an org of config/orgs.yaml"
        ) from None
    return process.returncode, data.decode(errors="replace")
