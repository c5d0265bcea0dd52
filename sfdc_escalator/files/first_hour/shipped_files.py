"""The files that are the same for every team: pages, recipes, manifests, the script for cron.

They stand under `config/` and `scripts/` of the repository. The links in `shipped/` make them a part of the package.
"""

from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

PLACES = {
    "scripts/cron-run": "bin/cron-run",
    "config/audit/README.md": "docs/audit.md",
    "config/audit/verify-export.py": "docs/verify-export.py",
    "config/channels": "docs/channels",
    "config/fleet": "docs/fleet",
    "config/logins": "docs/logins",
    "config/native": "docs/native",
    "config/notes": "docs/notes",
    "config/policies/README.md": "docs/policies/README.md",
    "config/report": "docs/report",
    "config/ci": "ci",
    "config/salesforce": "salesforce",
    "config/deploy": "deploy",
    "constraints.txt": "deploy/constraints.txt",
}
"""The files and folders in the repository, and where `init` writes them."""


def shipped_files() -> Mapping[Path, str]:
    """The texts by their paths below the folder of `init`."""
    source = resources.files("sfdc_escalator.files.first_hour").joinpath("shipped")
    return dict(found for path, place in PLACES.items() for found in files_in(source.joinpath(path), Path(place)))


def files_in(source: Traversable, place: Path) -> Iterator[tuple[Path, str]]:
    if source.is_file():
        yield place, source.read_text(encoding="utf-8")
        return
    for one in sorted(source.iterdir(), key=lambda one: one.name):
        yield from files_in(one, place / one.name)
