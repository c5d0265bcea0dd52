"""`python -m sfdc_escalator` and the console script: the only place that knows the process and its environment."""

import io
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

from sfdc_escalator.cli.door import run_command_line
from sfdc_escalator.cli.process import surroundings_of_a_process


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Whatever the locale is: JSON is UTF-8, and some file names have no valid encoding.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    surroundings = surroundings_of_a_process(os.environ, Path(), time.sleep)
    sys.exit(run_command_line(sys.argv[1:], replace(surroundings, share=os.environ.update)))


if __name__ == "__main__":
    main()
