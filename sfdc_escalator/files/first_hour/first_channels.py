"""The channels of a procedure as comments for `orgs.yaml`, with the variables for their secrets."""

import re
from collections.abc import Iterator, Mapping
from importlib import resources

from sfdc_escalator.escalation.notices.channel_kinds import KINDS, Setting
from sfdc_escalator.files.text.yaml_document import parse

CHANNELS = re.compile(r"^(?:# )?(channels: \{.*?\})", re.MULTILINE)
"""The channels that a procedure uses, and those that it names in a comment."""
EXAMPLE = {
    "server": '"smtp://mail.yourcompany.example:587"',
    "from": "desk@yourcompany.example",
    "list": '"ID_OF_THE_LIST"',
}


def channels_of(procedure: str) -> Mapping[str, str]:
    """The kinds of the channels by name."""
    file = resources.files("sfdc_escalator.files.first_hour").joinpath("procedures", f"{procedure}.yaml")
    found: dict[str, str] = {}
    for text in CHANNELS.findall(file.read_text(encoding="utf-8")):
        found |= parse(procedure, text).value["channels"]
    return found


def channel_lines(procedure: str) -> Iterator[str]:
    """The lines below the entry of an org. Whoever takes the comments away has valid settings."""
    yield "# channels:  # where the notices of the policies go; addresses and secrets are references"
    for name, kind in channels_of(procedure).items():
        settings = {one.name: one for one in KINDS[kind].settings}
        given = [f"{key}: {value_of(name, settings[key])}" for key in KINDS[kind].needed[0]]
        if given:
            yield f"#   {name}: {{{', '.join(given)}}}  # {kind}"
    yield "# sandbox_to: {mail: you@yourcompany.example}  # gets what is for persons, lists and queues in a sandbox"


def value_of(name: str, setting: Setting) -> str:
    return EXAMPLE.get(setting.name) or f"env:{variable(name, setting.name)}"


def variable(name: str, key: str) -> str:
    return f"{name}_{key}".upper().replace("-", "_")


def channel_variables(procedure: str) -> Iterator[str]:
    """The variables that these lines name."""
    for name, kind in channels_of(procedure).items():
        yield from (variable(name, key) for key in KINDS[kind].needed[0] if key not in EXAMPLE)
