"""Rows of CaseHistory: which hold ids, and which names."""

import pytest

from sfdc_escalator.salesforce.reading.field_changes import is_id

OWNERS = ("Group", "User")


@pytest.mark.parametrize(
    ("value", "of", "expected"),
    [
        ("005Ee0000000001IAA", OWNERS, True),
        ("00GEe0000000002", OWNERS, True),
        ("0035e00000abcde", ("Contact",), True),
        ("a0B5e00000abcdeAAA", ("Site__c",), False),  # its checksum is wrong
        ("CustomerSupport", OWNERS, False),
        ("24x7SupportTeam", OWNERS, False),
        ("NorthernDivison", ("Site__c",), False),
        ("Night team", OWNERS, False),
    ],
)
def test_a_name_of_fifteen_letters_is_no_id(value: str, of: tuple[str, ...], expected: bool) -> None:
    assert is_id(value, of) is expected
