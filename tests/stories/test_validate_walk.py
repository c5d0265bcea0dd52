"""The path of policies from `validate --org` to its findings: files are read once, modules entered at most twice."""

import sys
from collections import defaultdict
from types import FrameType
from typing import Any

import pytest

from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.files.policies import Loaded
from sfdc_escalator.files.text import yaml_document
from sfdc_escalator.wiring.validation import Checked
from tests.stories.test_validate_org import CASE, GOOD, GROUPS, MANY
from tests.stories.world import World

PACKAGE = "sfdc_escalator."
ASKED = {
    "sfdc_escalator.escalation.policy.policy",
    "sfdc_escalator.escalation.readiness.requirements",
    "sfdc_escalator.escalation.notices.channels_used",
}
"""The modules of a policy's own values, which call no others."""


def hands_over_policies(frame: FrameType) -> bool:
    names = frame.f_code.co_varnames[: frame.f_code.co_argcount + frame.f_code.co_kwonlyargcount]
    arguments: list[Any] = [frame.f_locals.get(name) for name in names]
    some = [one for value in arguments for one in (value if type(value) in (list, tuple) else (value,))]
    return any(isinstance(one, (Policy, Route, Loaded, Checked)) for one in some)


class Walk:
    """A profile function: for each module that gets policies, the modules that pass them."""

    def __init__(self) -> None:
        self.entered: dict[str, set[str]] = defaultdict(set)
        self.parsed = 0

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        module = str(frame.f_globals.get("__name__"))
        if event != "call" or not module.startswith(PACKAGE) or frame.f_back is None:
            return
        self.parsed += frame.f_code is yaml_document.parse.__code__
        caller = str(frame.f_back.f_globals.get("__name__"))
        if caller not in {module, *ASKED} and caller.startswith(PACKAGE) and hands_over_policies(frame):
            self.entered[module].add(caller)


@pytest.mark.parametrize(("text", "code"), [(GOOD, 0), (MANY, 2)])
def test_a_policy_file_is_read_once_and_no_module_is_entered_from_more_than_two(
    world: World, text: str, code: int
) -> None:
    world.monkeypatch.chdir(world.folder)
    world.policy(text)
    world.org(Case=[CASE], Group=GROUPS)
    walk = Walk()
    sys.setprofile(walk)
    try:
        answer = world.type("validate", "--org", "env")
    finally:
        sys.setprofile(None)
    entered = {module: callers for module, callers in walk.entered.items() if module not in ASKED}
    assert (answer.code, walk.parsed) == (code, 1)
    assert {"sfdc_escalator.wiring.validation", "sfdc_escalator.pipeline.readiness"} <= entered.keys()
    assert {module: callers for module, callers in entered.items() if len(callers) > 2} == {}
