"""The question before the first live write of a person at a terminal. Never asked in cron.

Every command that writes to an org asks by `confirm`. It is asked only where stdin and stderr are both terminals, and
not with --yes. Anything but `y` or `yes` means no: the end of the input, too, and silence for `ANSWER_WITHIN`, because
whoever asks may hold the lease of the org, and other runs wait meanwhile.
"""

import select
import sys

from sfdc_escalator.cli.options import option
from sfdc_escalator.cli.output import on_page, page_now, prompt, warn
from sfdc_escalator.cli.stopping import interrupt, on_signals
from sfdc_escalator.errors import Interrupted, NotConfirmed, StoppedEarly

ANSWER_WITHIN = 120.0
"""Seconds."""
NOTHING = "nothing was written"

yes_option = option("--yes", is_flag=True, help="Write without a question. It is asked only at a terminal.")


def confirm(summary: str, question: str, *, yes: bool) -> None:
    """Shows the summary and asks; returns after a yes, and where nobody is to be asked.

    Raises NotConfirmed (exit code 4) after a no, and StoppedEarly (3) for a signal such as Ctrl-C. The caller has
    written nothing yet, and writes nothing then.
    """
    if yes or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    answer = answer_to(f"{on_page(summary, page_now())}\n{question} [y/N] ")
    if answer is None:
        raise NotConfirmed(f"no answer within {ANSWER_WITHIN:.0f} seconds; {NOTHING}")
    if answer.strip().casefold() not in ("y", "yes"):
        raise NotConfirmed(f"not confirmed; {NOTHING}. To write without a question: --yes")


def answer_to(question: str) -> str | None:
    """The line that the person types; empty at the end of the input, None without an answer in time. The cursor is at
    the beginning of a line afterwards. Raises StoppedEarly for a signal, NotConfirmed for a terminal that is gone."""
    try:
        with on_signals(interrupt):
            prompt(question)
            answer = answered(ANSWER_WITHIN)
            if not (answer or "").endswith("\n"):
                prompt("\n")
    except Interrupted as signal:
        warn("")
        raise StoppedEarly(f"stopped by {signal}; {NOTHING}") from None
    except OSError as error:
        raise NotConfirmed(f"the question was not asked ({error}); {NOTHING}") from None
    return answer


def answered(seconds: float) -> str | None:
    ready, _, _ = select.select([sys.stdin], [], [], seconds)
    return sys.stdin.readline() if ready else None
