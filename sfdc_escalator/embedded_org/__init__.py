"""A Salesforce-like org on loopback, for demonstrations, rehearsals and tests. It imports no other room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sfdc_escalator.embedded_org.basics.problems import InvalidData, Problem
    from sfdc_escalator.embedded_org.org import EmbeddedOrg

__all__ = ["EmbeddedOrg", "InvalidData", "Problem"]


def __getattr__(name: str) -> Any:
    # Loaded on first use, so that importing the package costs nothing.
    if name == "EmbeddedOrg":
        from sfdc_escalator.embedded_org.org import EmbeddedOrg

        return EmbeddedOrg
    if name in ("InvalidData", "Problem"):
        from sfdc_escalator.embedded_org.basics import problems

        return getattr(problems, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
