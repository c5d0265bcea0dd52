"""The error tree. Each class knows its exit code and its stable `code`.

EscalatorError                    1  unexpected
|-- Invalid                       2  a policy, setting, argument, data folder or file is invalid
|   |-- WrongOrg                  2  the login leads to another org than `expect` says
|   |-- LedgerUnusable            2  not ours, newer, unreadable or not writable
|   `-- OutputLost                2  the report cannot be written to stdout
|-- OrgUnavailable                5  the org cannot be reached, or does not answer like an org
|   |-- LoginRefused              5  the org does not accept the login
|   `-- UnsafeAddress             5  plain http to a host that is not loopback
|-- AuditBroken                   6  the audit trail does not verify
|-- PlanRefused                   4  the plan refuses itself as a whole
|-- NotConfirmed                  4  a person at the terminal did not say yes to the plan
|-- RunBusy                       0|3  another run holds the lease of the org
|-- StoppedEarly                  3  a signal ended the run before it was done
|-- NoticesWait                   3  notices about a case are not sent yet, so its texts are needed
`-- LeaseLost                     3  another run took over the lease while this one was working

Interrupted stands apart: like every KeyboardInterrupt it passes by whoever catches errors.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: where it is, what was found, and what was expected. Lines and columns count from 1."""

    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    found: str | None = None
    expected: str | None = None
    nearest: str | None = None
    severity: Severity = "error"

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        text = f"{place}: {self.message}" if place else self.message
        if self.found is not None:
            text += f"; found {self.found}"
        if self.expected is not None:
            text += f"; expected {self.expected}"
        if self.nearest is not None:
            text += f"; did you mean {self.nearest}?"
        return text


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 case`, `2 cases`: for every message and report with a count."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


class EscalatorError(Exception):
    """Something unexpected happened."""

    exit_code = 1
    code = "unexpected"

    def __init__(self, message: str | None = None, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message or type(self).__doc__)
        self.problems = tuple(problems)

    @property
    def message(self) -> str:
        return str(self.args[0])


class Invalid(EscalatorError):
    """The input is invalid."""

    exit_code = 2
    code = "invalid"


class WrongOrg(Invalid):
    """The login leads to another org than `expect` says."""

    code = "wrong_org"


class LedgerUnusable(Invalid):
    """The ledger cannot be used."""

    code = "ledger_unusable"


class OutputLost(Invalid):
    """The report cannot be written."""

    code = "output_lost"


class OrgUnavailable(EscalatorError):
    """The org cannot be reached."""

    exit_code = 5
    code = "org_unavailable"


class LoginRefused(OrgUnavailable):
    """The org does not accept the login."""

    code = "login_refused"


class UnsafeAddress(OrgUnavailable):
    """The address of the org is unsafe."""

    code = "unsafe_address"


class AuditBroken(EscalatorError):
    """The audit trail does not verify."""

    exit_code = 6
    code = "audit_broken"


class PlanRefused(EscalatorError):
    """The plan refuses itself."""

    exit_code = 4
    code = "plan_refused"


class NotConfirmed(EscalatorError):
    """A person did not say yes to the plan."""

    exit_code = 4
    code = "not_confirmed"


class LeaseLost(EscalatorError):
    """Another run took over the lease of this org."""

    exit_code = 3
    code = "lease_lost"


class NoticesWait(EscalatorError):
    """Notices about the case are not sent yet."""

    exit_code = 3
    code = "notices_wait"


class StoppedEarly(EscalatorError):
    """A signal ended the run before it was done."""

    exit_code = 3
    code = "stopped"


class RunBusy(EscalatorError):
    """Another run is working on this org."""

    exit_code = 0
    code = "busy"

    def __init__(self, message: str, *, host: str, pid: int, since: str, stuck: bool) -> None:
        super().__init__(message)
        self.host, self.pid, self.since = host, pid, since
        self.exit_code = 3 if stuck else 0


class Interrupted(KeyboardInterrupt):
    """A signal ends the command at a moment when nothing is under way. Its text is the name of the signal."""
