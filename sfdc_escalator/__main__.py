"""`python -m sfdc_escalator` and the console script: the only place that knows the process and its environment."""

import gc
import signal
import sys
from collections.abc import Mapping

OBJECTS = 500_000
"""The number of new objects after which Python looks for unused ones. Loading the program makes many that all stay."""


def main() -> None:
    gc.set_threshold(OBJECTS)
    # A signal waits until the program is loaded and can report it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGHUP, signal.SIGINT})
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Python's own handler would end in a traceback
    code = run()
    gc.freeze()  # at its end Python would look for unused objects
    sys.exit(code)


def run() -> int:
    import os
    import time
    from dataclasses import replace
    from pathlib import Path

    from sfdc_escalator.cli.door import run_command_line
    from sfdc_escalator.cli.process import surroundings_of_a_process
    from sfdc_escalator.cli.stopping import hear_swallowed_signals
    from sfdc_escalator.cli.streams import set_up_streams

    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "true")  # it would look for them in every installed package
    set_up_streams()
    hear_swallowed_signals()
    surroundings = surroundings_of_a_process(os.environ, Path(), time.sleep)

    def share(added: Mapping[str, str]) -> None:
        os.environb.update({name.encode(): value.encode() for name, value in added.items()})  # in every locale

    return run_command_line(sys.argv[1:], replace(surroundings, share=share))


if __name__ == "__main__":
    main()
