"""simple-salesforce without the parts for SOAP, bulk jobs and logins, which nothing here uses: they load an XML library
and a cryptographic one, half of the time that the rest takes. Who does use such a part gets it then."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

PACKAGE = "simple_salesforce"
PARTS = {
    "bulk": "SFBulkHandler",
    "bulk2": "SFBulk2Handler",
    "login": "SalesforceLogin",
    "metadata": "SfdcMetadataApi",
}
"""The one name that the client takes from each part."""


@contextmanager
def parts_when_used() -> Iterator[None]:
    """An import inside loads these parts of the package at their first use; nothing changes if it is loaded already."""
    if PACKAGE in sys.modules:
        yield
        return
    deferred = {f"{PACKAGE}.{part}": module_of(f"{PACKAGE}.{part}", name) for part, name in PARTS.items()}
    sys.modules.update(deferred)
    try:
        yield
    finally:
        for name in deferred:
            sys.modules.pop(name, None)


def module_of(module: str, name: str) -> ModuleType:
    found = ModuleType(module)
    setattr(found, name, first_use(module, name))
    return found


def first_use(module: str, name: str) -> Callable[..., Any]:
    def used(*given: Any, **named: Any) -> Any:
        return getattr(import_module(module), name)(*given, **named)

    return used


try:
    with parts_when_used():
        from simple_salesforce.api import Salesforce as Salesforce
        from simple_salesforce.exceptions import SalesforceError as SalesforceError
except ImportError:  # a version that takes more names from these parts
    from simple_salesforce.api import Salesforce as Salesforce
    from simple_salesforce.exceptions import SalesforceError as SalesforceError
