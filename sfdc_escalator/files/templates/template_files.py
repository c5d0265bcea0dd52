"""Template files: in the folder of their policy, else in its parent."""

import os
from pathlib import Path
from typing import NoReturn

from sfdc_escalator.files.templates.templates import MAX_BYTES, NoteTemplate, compiled
from sfdc_escalator.files.text.fault import Fault, nearest, shown
from sfdc_escalator.files.text.source_text import Unreadable, names_in, read_text


def load_template(policy: Path, name: str) -> NoteTemplate:
    """A template in the policy's folder, else in its parent. Raises a Fault of the policy when neither exists."""
    relative = Path(name)
    if relative.is_absolute() or ".." in relative.parts or "\0" in name:
        expected = "a path inside the policy's folder or its parent, without `..`"
        raise Fault("the template lies outside the policy's folder", found=shown(name), expected=expected)
    places = places_of(policy, name)
    place = next((place for place in places if os.path.exists(place)), None) or missing(places, name)
    try:
        return compiled(str(place), read_text(place, "a template", MAX_BYTES))
    except Unreadable as error:
        return NoteTemplate(str(place), "", problems=(error.problem,))


def places_of(policy: Path, name: str) -> list[Path]:
    """The places in which a template may stand; the first one counts that exists."""
    return [policy.parent / name, policy.parent / ".." / name]


def missing(places: list[Path], name: str) -> NoReturn:
    near = nearest(Path(name).name, (other for place in places for other in names_in(place.parent)))
    expected = f"a file in {' or '.join(str(place.parent) for place in places)}"
    raise Fault(
        "the template does not exist",
        found=shown(name),
        expected=expected,
        nearest=near and str(Path(name).with_name(near)),
    )
