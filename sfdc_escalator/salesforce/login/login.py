"""Logins: each flow gives an access token and the org's address."""

import time
from collections.abc import Callable, Mapping

from sfdc_escalator.salesforce.line.session import Line
from sfdc_escalator.salesforce.line.token import Grant, Login
from sfdc_escalator.salesforce.login.token_endpoint import TokenEndpoint

BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
Values = Mapping[str, str]
Form = Callable[[Values], Mapping[str, str]]


def login(flow: str, values: Values, environ: Mapping[str, str]) -> Login:
    """The login of this flow; a command that it starts gets `environ`.

    It raises LoginRefused, Invalid or Unanswered, each with the next step.
    """
    if flow == "token":
        return lambda: Grant(values["instance_url"], values["access_token"])
    if flow == "cli":
        from sfdc_escalator.salesforce.login import cli_login

        return lambda: cli_login.grant(values["alias"], environ)
    endpoint = TokenEndpoint(values["token_url"], line_of(values))
    return lambda: endpoint.grant(FORMS[flow](values))


def line_of(values: Values) -> Line:
    return Line(values.get("proxy"), values.get("ca_file"))


def jwt_bearer(values: Values) -> Mapping[str, str]:
    from sfdc_escalator.salesforce.login.jwt_assertion import assertion  # a cryptographic library

    who = (values["client_id"], values["username"], values["audience"])
    return {"grant_type": BEARER, "assertion": assertion(*who, values["private_key"], time.time())}


def client_credentials(values: Values) -> Mapping[str, str]:
    return {"grant_type": "client_credentials", **some(values, "client_id", "client_secret")}


def refresh_token(values: Values) -> Mapping[str, str]:
    return {"grant_type": "refresh_token", **some(values, "refresh_token", "client_id", "client_secret")}


def password(values: Values) -> Mapping[str, str]:
    typed = values["password"] + values.get("security_token", "")
    return {"grant_type": "password", **some(values, "client_id", "client_secret", "username"), "password": typed}


def some(values: Values, *names: str) -> Mapping[str, str]:
    return {name: values[name] for name in names if name in values}


FORMS: Mapping[str, Form] = {
    "jwt": jwt_bearer,
    "client_credentials": client_credentials,
    "refresh_token": refresh_token,
    "password": password,
}
