"""The program on a terminal of its own, and an org whose texts want to control it."""

import contextlib
import fcntl
import json
import os
import pty
import re
import struct
import termios
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler

import requests

from sfdc_escalator.reports.values import unstyled, visible
from tests.loopback import serving
from tests.stories.world import World
from tests.warm import Forked

BAD = (
    "\x1b[31mpainted\x1b[2J\x1b]0;owned\x07\x1b]52;c;cm0=\x1b\\\x9b31m\x7f\x08\u202eexe\u2066\u061c\u200b\ufeff\ufff9\u2028\U000e0041\x85"
    "\r\n::error::forged\n##[error]forged\n 00000009   forged\n"
)
"""Erases the screen, renames the window, writes the clipboard, turns the reading direction, hides, and forges lines."""
SHORT = "\x1b[2J\u202e\x9b\r\n::error::forged\n"

FORGED = re.compile(r"\s*::(?!(error|warning|notice) (file|title)=)|\s*00000009|.*(?<!notice).*##\[")
PROGRESS = re.compile(r"\x1b\[(\?25[lh]|2K|1A|\d*(;\d+)*m)")
"""The codes of the progress bar, which shows no text of the org."""


@dataclass
class Screen:
    """What a terminal got on stdout and on stderr, and the exit code."""

    code: int
    out: str
    err: str

    def obeyed(self) -> set[str]:
        """The characters that the terminal obeyed or hid."""
        shown = (unstyled(self.out) + PROGRESS.sub("", self.err).replace("\r", "")).replace("\r\n", "\n")
        return {one for one in shown if one != "\n" and visible(one) != one}

    def painted(self) -> bool:
        """True where a text of somebody else has a colour."""
        return "\x1b[31mpainted" in self.out + self.err

    def forged(self) -> list[str]:
        """The lines that somebody else wrote: commands to a program that reads logs, rows of a table."""
        lines = (self.out + self.err).replace("\r", "").split("\n")
        return [line for line in lines if FORGED.match(line)]


def on_terminal(world: World, *words: str, columns: int = 100, **environ: str) -> Screen:
    """The program with a terminal as stdout and another one as stderr."""
    env = {**world.environ, "TERM": "xterm-256color", **environ}
    env.pop("COLUMNS", None) if "COLUMNS" not in environ else None
    screens = [terminal(columns), terminal(columns)]
    with open(os.devnull) as nothing:
        running = Forked(words, (nothing.fileno(), screens[0][1], screens[1][1]), env, world.folder)
    for _, side in screens:
        os.close(side)
    with ThreadPoolExecutor() as readers:
        out, err = readers.map(
            lambda side: everything(side).decode("utf-8", "surrogateescape"), [one for one, _ in screens]
        )
    world.reported += [out, err]
    return Screen(running.wait(), out, err)


def at_terminal(
    world: World,
    *words: str,
    when: str = "[y/N]",
    act: Callable[[Forked, int], object] = lambda _running, _keyboard: None,
    columns: int = 80,
    **environ: str,
) -> Screen:
    """The program with one terminal as stdin and stderr, where a person sits, and another one as stdout. The person
    acts once, when that text is on the screen; `keyboard` takes what is typed."""
    env = {**world.environ, "TERM": "xterm-256color", **environ}
    (out, their_out), (screen, theirs) = terminal(columns), terminal(columns)
    running = Forked(words, (theirs, their_out, theirs), env, world.folder)
    os.close(their_out)
    os.close(theirs)
    with ThreadPoolExecutor() as reader:
        report = reader.submit(everything, out)
        shown = seen_until(screen, when)
        if when in shown:
            act(running, screen)
        shown += everything(screen).decode("utf-8", "surrogateescape")
        found = Screen(running.wait(), report.result().decode("utf-8", "surrogateescape"), shown)
    world.reported += [found.out, found.err]
    return found


def seen_until(side: int, text: str) -> str:
    """All that the other side wrote until the text; or until its end."""
    found = b""
    while text.encode() not in found:
        try:
            piece = os.read(side, 65_536)
        except OSError:
            break
        if not piece:
            break
        found += piece
    return found.decode("utf-8", "surrogateescape")


def terminal(columns: int) -> tuple[int, int]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    return ours, theirs


def everything(side: int) -> bytes:
    """All bytes until nobody has the other side open."""
    found = b""
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, side)
        while True:
            try:
                piece = os.read(side, 65_536)
            except OSError:  # Linux ends with an error, other systems with nothing to read
                return found
            if not piece:
                return found
            found += piece


@contextlib.contextmanager
def between(
    address: str, changes: Mapping[str, str], before: Callable[[str], None] = lambda _path: None
) -> Iterator[str]:
    """A server before the org that exchanges texts in its answers; its own address. `before` sees each path first."""
    swaps = {json.dumps(old)[1:-1].encode(): json.dumps(new)[1:-1].encode() for old, new in changes.items()}

    class Between(BaseHTTPRequestHandler):
        def pass_on(self) -> None:
            before(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {
                name: value for name, value in self.headers.items() if name.lower() not in ("host", "accept-encoding")
            }
            answer = requests.request(self.command, address + self.path, data=body, headers=headers, timeout=30)
            content = answer.content
            for old, new in swaps.items():
                content = content.replace(old, new)
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in ("content-length", "content-encoding", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = pass_on

        def log_message(self, *_: object) -> None:
            pass

    with serving(Between) as port:
        yield f"http://127.0.0.1:{port}"
