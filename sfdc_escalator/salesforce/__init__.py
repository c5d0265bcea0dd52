"""All communication with Salesforce; translates every foreign error into one of this program."""

from typing import TYPE_CHECKING, Any

from sfdc_escalator.salesforce.schema.describe import standard_describe
from sfdc_escalator.salesforce.soql.narrowing import route_is_apart, route_is_scan

if TYPE_CHECKING:
    from sfdc_escalator.salesforce.org import SalesforceOrg

__all__ = ["SalesforceOrg", "route_is_apart", "route_is_scan", "standard_describe"]


def __getattr__(name: str) -> Any:
    # Loaded on first use: simple-salesforce takes a quarter of a second to import.
    if name == "SalesforceOrg":
        from sfdc_escalator.salesforce.org import SalesforceOrg

        return SalesforceOrg
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
