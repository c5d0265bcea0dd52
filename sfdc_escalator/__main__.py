"""`python -m sfdc_escalator` and the console script."""

import io
import sys

from sfdc_escalator.cli.door import run_command_line


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Whatever the locale says: JSON is UTF-8, and there are file names that no encoding knows.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(run_command_line(sys.argv[1:]))


if __name__ == "__main__":
    main()
