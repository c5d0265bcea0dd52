"""The settings of `.env`, added to the environment of a command."""

import os
from dataclasses import replace
from pathlib import Path

from sfdc_escalator.errors import Invalid, Problem
from sfdc_escalator.wiring.surroundings import Surroundings

NAMED = "SFDC_ESCALATOR_ENV_FILE"


def with_env_file(surroundings: Surroundings) -> Surroundings:
    """The surroundings with the file that SFDC_ESCALATOR_ENV_FILE names, else with `.env` beside `config/`.

    A variable of the environment wins over a line of the file. Raises Invalid when the file cannot be used.
    """
    path = env_file_of(surroundings)
    if path is None:
        return surroundings
    from sfdc_escalator.files.text.fault import Fault
    from sfdc_escalator.files.values.env_file import settings_of

    try:
        found = settings_of(str(path))
    except Fault as fault:
        raise Invalid(fault.message, [Problem(fault.message, None, None, None, fault.found, fault.expected)]) from None
    environ = surroundings.environ
    added = {name: value for name, value in found.items() if name not in environ}
    surroundings.share(added)
    return replace(surroundings, environ={**environ, **added}, from_env_file=frozenset(added))


def env_file_of(surroundings: Surroundings) -> Path | None:
    if named := surroundings.environ.get(NAMED):
        return surroundings.folder / named
    path, config = surroundings.folder / ".env", surroundings.folder / surroundings.config
    beside = config.parent == surroundings.folder and os.path.isdir(config)
    return path if beside and os.path.lexists(path) else None
