"""`python -m sfdc_escalator` and the console script."""

import sys

from sfdc_escalator.cli.door import run_command_line


def main() -> None:
    sys.exit(run_command_line(sys.argv[1:]))


if __name__ == "__main__":
    main()
