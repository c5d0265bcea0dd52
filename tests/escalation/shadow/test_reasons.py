"""The likely reason for each difference."""

from dataclasses import replace
from typing import Any

import pytest

from sfdc_escalator.escalation.shadow.comparison import paired
from sfdc_escalator.escalation.shadow.reasons import Evidence, reason_of
from tests.builders import NOW
from tests.escalation.shadow.acts import ANN, NIGHT, change, ours, theirs

PLAIN = Evidence((), (), (), (), is_untold=False, is_possible=True, kept_by="", now=NOW)
EDIT = ("Priority", change(30, "Low", ANN))
LATE_EDIT = ("Priority", change(90, "Low", ANN))
UNTOLD = {"untold": ("Origin",)}
NEW = 24 * 60 - 5
ROWS: list[tuple[str, list[Any], list[Any], dict[str, Any], list[str | None]]] = [
    ("equal has no reason", [ours(60)], [theirs(60)], {"edits": (EDIT,)}, [None]),
    ("the criteria differ", [ours(60)], [], {}, ["criteria"]),
    ("no route matched", [], [theirs(60)], {}, ["criteria"]),
    ("another order", [ours(60)], [theirs(60, NIGHT)], {"edits": (EDIT,)}, ["order", "order"]),
    ("an assignment, and later an escalation", [ours(60)], [theirs(0, NIGHT, at_creation=True)], {}, ["criteria"] * 2),
    ("an assignment to another owner", [ours(1)], [theirs(0, NIGHT, at_creation=True)], {}, ["order", "order"]),
    ("not in the policies", [], [theirs(60)], {"is_possible": False, **UNTOLD}, ["not_in_policies"]),
    ("a fence", [], [theirs(60)], {"kept_by": "desk/entry-2", "is_possible": False}, ["kept"]),
    ("an edit kept the policies from it", [], [theirs(60)], {"edits": (EDIT,), "unedited": (ours(60),)}, ["user_edit"]),
    ("an edit that changed nothing", [], [theirs(60)], {"edits": (EDIT,)}, ["criteria"]),
    ("an edit before our time", [], [theirs(60)], {"edits": (LATE_EDIT,), "unedited": (ours(240),)}, ["user_edit"]),
    ("an edit restarts a clock", [ours(60)], [theirs(240)], {"edits": (EDIT,)}, ["user_edit"]),
    ("an edit ends a rule", [ours(60)], [], {"edits": (EDIT,)}, ["user_edit"]),
    ("an edit after it", [ours(60)], [], {"edits": (LATE_EDIT,)}, ["criteria"]),
    ("an edit delayed the policies", [ours(90)], [theirs(60)], {"edits": (EDIT,), "unedited": (ours(60),)},
     ["user_edit"]),
    ("later with or without the edit", [ours(90)], [theirs(60)], {"edits": (EDIT,), "unedited": (ours(90),)},
     ["limit"]),
    ("once an hour", [ours(60)], [theirs(110)], {}, ["hourly"]),
    ("another limit", [ours(60)], [theirs(240)], {}, ["limit"]),
    ("ours is new", [ours(NEW)], [], {}, ["recent"]),
    ("theirs is new", [], [theirs(NEW)], {}, ["recent"]),
    ("history off", [], [theirs(60)], UNTOLD, ["history_off"]),
    ("history off, ours", [ours(60)], [], UNTOLD, ["history_off"]),
    ("a change that no history shows", [ours(60)], [], {"is_untold": True, "edits": (EDIT,), **UNTOLD},
     ["history_off"]),
    ("a change that matters to no route", [ours(60)], [], {"is_untold": True}, ["criteria"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "here", "there", "more", "codes"), ROWS, ids=[row[0] for row in ROWS])
def test_the_likely_reason(
    name: str,
    here: list[Any],
    there: list[Any],
    more: dict[str, Any],
    codes: list[str | None],
) -> None:
    pairs = paired(here, there)
    found = [reason_of(one, replace(PLAIN, pairs=pairs, **more)) for one in pairs]
    assert [one and one.code for one in found] == codes


def test_the_reason_names_the_edit_that_came_last_before_it() -> None:
    (pair,) = paired([ours(120)], [])
    found = reason_of(pair, replace(PLAIN, edits=(EDIT, LATE_EDIT)))
    assert found is not None
    assert found.edit == LATE_EDIT
