"""What stands for the program, in a folder with the server's door.

It hands itself over to a process of the server: arguments, environment, folder, streams and ignored signals.
"""

import os
import signal
import socket
import sys

FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def standard_streams() -> list[int]:
    """Those of 0, 1 and 2 that are open."""
    found = []
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            continue
        found.append(number)
    return found


def main() -> None:
    streams = standard_streams()
    for _ in range(3 - len(streams)):  # else the line to the server gets the number of a closed one
        os.open(os.devnull, os.O_RDONLY)
    ignored = [int(one) for one in FORWARDED if signal.getsignal(one) is signal.SIG_IGN]
    signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(os.path.join(os.path.dirname(sys.argv[0]), "door"))
        own = (sys.argv[1:], dict(os.environb), os.getcwdb(), streams, ignored)
        told = repr(own).encode("utf-8", "surrogateescape")
        socket.send_fds(line, [len(told).to_bytes(8, "big")], streams)
        line.sendall(told)
        with line.makefile("rb") as answers:
            child = int(answers.readline())
            for number in streams:
                os.close(number)

            def forward(number: int, _frame: object) -> None:
                os.kill(child, number)

            for one in FORWARDED:
                if int(one) not in ignored:
                    signal.signal(one, forward)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
            code = answers.readline()
    os._exit(int(code) if code else 128 + signal.SIGKILL)  # no code: the program was killed


main()
