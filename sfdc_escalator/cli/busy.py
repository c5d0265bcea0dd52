"""A run that meets another one leaves in peace; a command that a person typed has failed then."""

from collections.abc import Iterator
from contextlib import contextmanager

from sfdc_escalator.errors import RunBusy


@contextmanager
def busy_is_an_error() -> Iterator[None]:
    """Exit 3 while a run is at work."""
    try:
        yield
    except RunBusy as busy:
        busy.exit_code = 3
        raise
