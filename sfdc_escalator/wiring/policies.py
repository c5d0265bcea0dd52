"""The policy files that a command names, or those of the policy folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sfdc_escalator.errors import Invalid
from sfdc_escalator.wiring.surroundings import Surroundings

if TYPE_CHECKING:
    from sfdc_escalator.escalation.note.note import Renderer
    from sfdc_escalator.files.policies import Loaded


def policy_paths(surroundings: Surroundings, chosen: Sequence[Path]) -> list[Path]:
    """The chosen files, else all files of the policy folder. Raises Invalid when there is none."""
    folder = surroundings.policy_folder
    found = list(chosen) or sorted(folder.glob("*.yaml"))
    if not found:
        raise Invalid(f"there is no policy: name a file with --policy, or put one into {folder}/ as a .yaml file")
    return found


def policies(surroundings: Surroundings, chosen: Sequence[Path]) -> Loaded:
    from sfdc_escalator.files.policies import load_policies

    return load_policies(policy_paths(surroundings, chosen))


def renderer() -> Renderer:
    """Renders the note templates of policies."""
    from sfdc_escalator.files.templates.templates import render

    return render
