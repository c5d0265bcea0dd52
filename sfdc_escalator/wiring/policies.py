"""The policy files that a command names, or those of the policy folder."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfdc_escalator.errors import Invalid, Problem
from sfdc_escalator.wiring.surroundings import Surroundings

if TYPE_CHECKING:
    from sfdc_escalator.escalation.note.note import Renderer
    from sfdc_escalator.escalation.policy.escalate import Template
    from sfdc_escalator.files.kept_policies import Valid
    from sfdc_escalator.files.policies import Loaded

SUFFIX = ".yaml"
KEPT = "policies"
"""The folder in the state folder for the policies that runs keep."""


def policy_paths(surroundings: Surroundings, chosen: Sequence[Path]) -> list[Path]:
    """The chosen files, else all files of the policy folder. Raises Invalid when there is none.

    A file that is named twice, as by an argument and by SFDC_ESCALATOR_POLICY, counts once.
    """
    once: dict[str, Path] = {}
    for path in chosen:
        once.setdefault(os.path.abspath(path), path)
    found = list(once.values()) or in_folder(surroundings.policy_folder)
    if not found:
        folder = surroundings.policy_folder
        raise Invalid(f"there is no policy: name a file with --policy, or put one into {folder}/ as a .yaml file")
    return found


def in_folder(folder: Path) -> list[Path]:
    """The policies of a folder: its names that end in `.yaml`, except those of hidden files (`.#x.yaml`, `._x.yaml`).

    Raises Invalid when the folder cannot be listed, and for a name such as `x.yml` or `X.YAML`: whoever wrote it takes
    it for a policy that runs, so it is never passed over in silence.
    """
    try:
        names = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise Invalid(f"the folder {folder} cannot be read: {(error.strerror or str(error)).lower()}") from None
    misnamed = [path for path in names if path.suffix != SUFFIX and path.suffix.lower() in (SUFFIX, ".yml")]
    if misnamed:
        problems = [
            Problem(
                "this file would not be read",
                str(path),
                found=path.name,
                expected="a name that ends in .yaml, or another place for a file that is not a policy",
                nearest=path.with_suffix(SUFFIX).name,
            )
            for path in misnamed
        ]
        raise Invalid(f"the names of policies in {folder} end in .yaml", problems)
    return [path for path in names if path.suffix == SUFFIX]


def policies(surroundings: Surroundings, chosen: Sequence[Path]) -> Loaded:
    from sfdc_escalator.files.policies import load_policies

    return load_policies(policy_paths(surroundings, chosen))


def policies_of_a_run(surroundings: Surroundings, chosen: Sequence[Path]) -> Valid:
    """The same for a live run, which may find them kept in the state folder."""
    from sfdc_escalator.files.kept_policies import valid_policies

    try:
        folder = surroundings.state_folder / KEPT
    except RuntimeError:  # a user without a home: nothing is kept
        folder = Path(os.devnull) / KEPT
    return valid_policies(policy_paths(surroundings, chosen), folder)


def renderer() -> Renderer:
    """Renders the note templates of policies."""

    def render(template: Template, context: Mapping[str, Any]) -> str:
        from sfdc_escalator.files.templates.templates import render

        return render(template, context)

    return render
