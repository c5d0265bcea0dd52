"""The first files of a team: a policy made from a known procedure, and the schema for editors."""

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from sfdc_escalator.errors import Invalid
from sfdc_escalator.files.first_hour.editor_schema import editor_schema
from sfdc_escalator.files.first_hour.first_files import Setup, first_files
from sfdc_escalator.files.first_hour.put_all import Outcome, put_all
from sfdc_escalator.files.orgs.entry_faults import ledger_faults
from sfdc_escalator.files.text.fault import unknown
from sfdc_escalator.files.values.texts import LIST_NAME

SCHEMA = Path("config/policy.schema.json")
SCHEMA_LINE = "# yaml-language-server: $schema=../policy.schema.json\n"


def procedures() -> dict[str, str]:
    """The procedures that come with a policy, by name, each with its subject (the first comment line)."""
    folder = resources.files("sfdc_escalator.files.first_hour").joinpath("procedures")
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    texts = {file.name.removesuffix(".yaml"): file.read_text(encoding="utf-8") for file in files}
    return {name: text.splitlines()[0].removeprefix("# ") for name, text in texts.items()}


def scaffold(folder: Path, setup: Setup) -> Mapping[Path, Outcome]:
    """Write the first files into the folder; an existing file that differs is kept, except the schema.

    Raises Invalid for an unknown procedure or a wrong name, and when the folder cannot be written. Then nothing is.
    """
    check(setup)
    return put_all(folder, {**files_of(setup.procedure), **first_files(setup)}, generated={SCHEMA})


def check(setup: Setup) -> None:
    if setup.procedure not in procedures():
        fault = unknown("procedure", setup.procedure, procedures())
        near = f"; did you mean {fault.nearest}?" if fault.nearest else ""
        raise Invalid(f"{fault.message}; expected {fault.expected}{near}")
    if not LIST_NAME.fullmatch(setup.org) or setup.org == "env":
        raise Invalid(f"{setup.org!r} cannot be an org's name; expected letters, digits, `_` and `-`, and not env")
    for _, fault in ledger_faults(setup.ledger) if setup.ledger else ():
        message = fault.message.replace("this", "the ledger", 1)
        raise Invalid(f"{message}; expected {fault.expected}")
    for what, text in (("folder", str(setup.folder)), ("ledger", setup.ledger or ""), ("program", setup.program)):
        if not text.isprintable():  # the other part of the line would be a line of its own, for cron a command
            raise Invalid(
                f"the {what} {text!r} cannot stand in files for cron and systemd; expected a path in UTF-8, in one line"
            )


def files_of(procedure: str) -> Mapping[Path, str]:
    source = resources.files("sfdc_escalator.files.first_hour").joinpath("procedures", f"{procedure}.yaml")
    return {
        Path(f"config/policies/{procedure}.yaml"): SCHEMA_LINE + source.read_text(encoding="utf-8"),
        SCHEMA: json.dumps(editor_schema(), indent=2, ensure_ascii=False) + "\n",
    }
