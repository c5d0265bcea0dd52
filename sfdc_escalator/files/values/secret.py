"""References to secrets: `env:NAME`, `file:PATH`, `cmd:COMMAND`. A secret itself is never written in our
files, and no message shows a text that may be one."""

import os
import re
import shlex
import signal
import stat
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sfdc_escalator.files.text.fault import Fault, nearest, shortened
from sfdc_escalator.files.text.plain_file import NotAFile, open_to_read
from sfdc_escalator.files.values.paths import HERE, located

FORMS = "a reference: env:NAME, file:PATH or cmd:COMMAND"
KINDS = ("env", "file", "cmd")
VARIABLE = re.compile(r"[A-Za-z_]\w*", re.ASCII)
MOST_BYTES = 100_000
TIMEOUT = 30.0  # seconds that a command may take
OTHERS_MAY = stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class SecretReference:
    """The place of a secret; `where` is the variable, the path or the command."""

    kind: str
    where: str = field(repr=False)

    def secret(self, environ: Mapping[str, str], folder: Path = HERE) -> str:
        """The secret, stripped; a file or command starts from `folder`.

        Raises Fault when the secret cannot be read, when others may read it, or when it is empty.
        """
        if self.kind == "env":
            return from_environment(self.where, environ)
        if self.kind == "file":
            return from_file(located(self.where, environ, folder))
        return from_command(self.where, environ, folder)

    def path(self, environ: Mapping[str, str], folder: Path = HERE) -> str | None:
        """The file of a `file:` reference."""
        return located(self.where, environ, folder) if self.kind == "file" else None


def reference(value: Any) -> SecretReference:
    """The reference in a file. Raises Fault for anything else, above all for the secret itself."""
    kind, mark, where = value.partition(":") if isinstance(value, str) else ("", "", "")
    where = where.strip()
    if not mark or kind not in KINDS:
        near = nearest(kind, KINDS) if mark and kind.isalpha() else None
        raise Fault("this is not a reference to a secret", expected=FORMS, nearest=near and f"{near}:")
    if not where:
        raise Fault(f"`{kind}:` names nothing", expected=FORMS)
    if kind == "env" and not VARIABLE.fullmatch(where):
        raise Fault("`env:` names no variable", expected="env: and the name of an environment variable")
    if kind == "cmd":
        words(where)
    return SecretReference(kind, where)


def words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise Fault(f"`cmd:` cannot be split into words ({error})", expected="words as in a shell") from None


def from_environment(name: str, environ: Mapping[str, str]) -> str:
    secret = environ.get(name, "").strip()
    if not secret:
        found = "an empty value" if name in environ else None
        near = None if found else nearest(name, environ)
        raise Fault(
            f"the variable {name} is not set",
            found=found,
            expected="the secret in it, in the environment or in .env",
            nearest=near,
        )
    return secret


def from_file(path: str) -> str:
    return text_of(private_bytes(path, "a file that holds the secret alone"), path)


def private_bytes(path: str, alone: str) -> bytes:
    """The content, up to one byte more than allowed. Raises Fault for what is not a file or what others may read."""
    try:
        with open_to_read(path) as stream:
            mode = os.fstat(stream.fileno()).st_mode
            data = stream.read(MOST_BYTES + 1)
    except NotAFile:
        raise Fault(f"{path} is not a file", expected=alone) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Fault(f"{path} cannot be read: {reason.lower()}", expected=alone) from None
    if mode & OTHERS_MAY:
        found, expected = f"mode {stat.S_IMODE(mode):04o}", f"mode 0600: chmod 600 {shlex.quote(path)}"
        raise Fault(f"others may read or write {path}", found=found, expected=expected)
    return data


def from_command(where: str, environ: Mapping[str, str], folder: Path) -> str:
    """The output of the command. It is not run by a shell; its stderr is not shown, because a secret may be in it."""
    command = words(where)
    name = f"the command `{shortened(command[0])}`"
    by_hand = "its output is the secret alone; try it by hand, as this user"
    try:
        with subprocess.Popen(  # noqa: S603 - the command is the user's own setting
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=dict(environ),
            cwd=folder, start_new_session=True,
        ) as process:  # fmt: skip
            try:
                data, _ = process.communicate(timeout=TIMEOUT)
            except BaseException:
                # Its children too: one that holds the pipe open would outlast it.
                with suppress(OSError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise
    except subprocess.TimeoutExpired:
        raise Fault(f"{name} did not end within {TIMEOUT:g} seconds", expected=by_hand) from None
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise Fault(f"{name} cannot be started: {reason}", expected=by_hand) from None
    if process.returncode:
        code = process.returncode
        found = f"exit code {code}" if code > 0 else f"signal {-code}"
        raise Fault(f"{name} failed", found=found, expected=by_hand)
    return text_of(data, name)


def text_of(data: bytes, source: str) -> str:
    try:
        secret = data.decode().strip()
    except UnicodeDecodeError:
        raise Fault(f"{source} is not UTF-8 text", expected="the secret alone") from None
    if len(data) > MOST_BYTES or not secret:
        raise Fault(f"{source} {'is too long' if secret else 'is empty'}", expected="the secret alone")
    return secret
