"""The channels that news of a run goes to."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sfdc_escalator.errors import Invalid
from sfdc_escalator.wiring.orgs import entry_of
from sfdc_escalator.wiring.surroundings import Surroundings

if TYPE_CHECKING:
    from sfdc_escalator.channels.heartbeat import Heartbeat


def heartbeat(surroundings: Surroundings, org: str) -> Heartbeat | None:
    """The heartbeat of this org; None without one, and with a warning when its address cannot be read."""
    try:
        entry, _ = entry_of(surroundings, org)
    except Invalid:
        return None  # the run itself reports it
    try:
        url = entry.heartbeat_url(surroundings.environ, surroundings.folder)
    except Invalid as error:
        for problem in error.problems:
            logging.getLogger(__name__).warning("no heartbeat: %s", problem)
        return None
    if url is None:
        return None
    from sfdc_escalator.channels.heartbeat import Heartbeat

    surroundings.secrets.add((url, urlsplit(url).path))
    return Heartbeat(url)
