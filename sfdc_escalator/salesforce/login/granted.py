"""The result of a login, after a check of the address in it."""

from sfdc_escalator.errors import Invalid, OrgUnavailable
from sfdc_escalator.salesforce.line.session import checked_address
from sfdc_escalator.salesforce.line.token import Grant, Identity


def grant_of(
    instance_url: str,
    access_token: str,
    otherwise: str,
    refresh_token: str | None = None,
    identity: Identity | None = None,
) -> Grant:
    """The grant. Raises OrgUnavailable with `otherwise` for an address that is not one, UnsafeAddress for plain http:
    both are from an answer, not from a setting."""
    try:
        checked_address(instance_url)
    except Invalid:
        raise OrgUnavailable(f"{otherwise}; expected one such as https://acme.my.salesforce.com") from None
    return Grant(instance_url.rstrip("/"), access_token, refresh_token, identity)
