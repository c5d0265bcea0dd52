"""Texts and names as values of the policy file."""

import re
from typing import Any

from sfdc_escalator.escalation.world.keys import FIRST_RUNG, UNDO
from sfdc_escalator.files.text.fault import Fault, shown

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
NAME_FORM = "lower-case letters, digits and `-`, 63 at most"
SNAKE = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
SNAKE_FORM = "lower-case letters, digits and `_`"
LIST_NAME = re.compile(r"[A-Za-z0-9][\w-]{0,62}", re.ASCII)
YAML_1_1 = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
"""The meaning that YAML 1.1 gave to these texts."""
RELATION = re.compile(r"[A-Za-z]\w{0,79}", re.ASCII)


def text(value: Any) -> str:
    """A text that is not empty."""
    if isinstance(value, str):
        if value.strip():
            return value
        raise Fault("the text is empty", found="an empty text", expected="a text")
    if isinstance(value, (bool, int, float)):
        raise Fault("this must be a text", found=shown(value), expected="a text: put it in quotes")
    raise Fault("this must be a text", found=shown(value), expected="a text")


def formed(value: Any, form: re.Pattern[str], expected: str) -> str:
    name = text(value)
    if not form.fullmatch(name):
        raise Fault(f"`{shown(name)}` cannot be a name here", found=shown(name), expected=expected)
    return name


def name(value: Any) -> str:
    """The name of a policy, a route or a team; it is part of a note's key line, between slashes."""
    return formed(value, NAME, NAME_FORM)


def part_name(value: Any) -> str:
    return formed(value, SNAKE, SNAKE_FORM)


def list_name(value: Any) -> str:
    return formed(value, LIST_NAME, "letters, digits, `_` and `-`, 63 at most")


def route_name(value: Any) -> str:
    if value == "none":
        raise Fault(
            "no route can be called `none`", found="none", expected="another name: examples say it for no route"
        )
    return name(value)


def rung_name(value: Any) -> str:
    """The name of a rung; the ledger has its own entries for the start of an escalation and for what was undone."""
    if value in (FIRST_RUNG, UNDO):
        raise Fault(f"no rung can be called `{value}`", found=value, expected="another name: it has a meaning already")
    return name(value)


def queue_name(value: Any) -> str:
    name = text(value)
    if len(name) > 80 or name != name.strip() or not name.isprintable():
        raise Fault(
            "this is not a queue name", found=shown(value), expected="the queue's DeveloperName, 80 characters at most"
        )
    return name


def relation(value: Any) -> str:
    """A child relationship's name, such as ReturnOrders, Tasks, or RMAs__r."""
    return formed(value, RELATION, "a child relationship, such as Tasks, ReturnOrders or RMAs__r")


def quick_text(value: Any) -> str:
    """The name of a Quick Text; `{route}` in it is replaced by the route's name."""
    name = text(value).strip()
    for placeholder in re.findall(r"\{[^}]*\}?", name):
        if placeholder != "{route}":
            message = f"`{shown(placeholder)}` has no value in the name of a Quick Text"
            raise Fault(message, found=shown(placeholder), expected="`{route}`, the route's name")
    return name
