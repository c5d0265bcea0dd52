"""`python -m tests.warm.server DOOR`: forks a process for each client, until its input ends."""

import ast
import atexit
import gc
import os
import pkgutil
import select
import signal
import socket
import sys
import traceback
from importlib import import_module

from tests.statements import share_statements
from tests.warm.rehearsal import rehearse


def warm_up() -> None:
    """Imports the whole program, because each command imports other parts of it."""
    import sfdc_escalator

    for module in pkgutil.walk_packages(sfdc_escalator.__path__, "sfdc_escalator."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    import_module("sfdc_escalator.__main__")


def serve(path: str) -> None:
    warm_up()
    share_statements()
    rehearse()
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended processes are collected at once
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(path)
        door.listen(64)
        os.write(1, b"ready\n")
        while door.fileno() in select.select([door.fileno(), 0], [], [])[0]:
            line, _ = door.accept()
            if os.fork() == 0:
                door.close()
                become(line)
            line.close()


def become(line: socket.socket) -> None:
    """This process becomes the program that the client stands for, from its first line to its exit."""
    code = 70
    try:
        length, given, _, _ = socket.recv_fds(line, 8, 3)
        with line.makefile("rb") as told:
            words, environ, folder, streams, ignored = ast.literal_eval(
                told.read(int.from_bytes(length, "big")).decode("utf-8", "surrogateescape")
            )
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGHUP, signal.SIGINT})
        settle_in(words, environ, folder, dict(zip(streams, given, strict=True)), ignored)
        line.sendall(f"{os.getpid()}\n".encode())
        code = exit_code()
    except BaseException:  # noqa: BLE001 - a traceback is shown, as by the interpreter
        traceback.print_exc()
        code = 1
    finally:
        line.sendall(f"{code}\n".encode())
        os._exit(code)


def settle_in(
    words: list[str], environ: dict[bytes, bytes], folder: bytes, streams: dict[int, int], ignored: list[int]
) -> None:
    for number in range(3):
        os.close(number)
    for number, handed in streams.items():
        os.dup2(handed, number)
        os.close(handed)
    names = ("stdin", "stdout", "stderr")
    for number, name in enumerate(names):  # as the interpreter has them at its start
        mode = "w" if number else "r"
        setattr(sys, name, open(number, mode, closefd=False) if number in streams else None)  # noqa: SIM115
    os.chdir(folder)
    os.environb.clear()
    os.environb.update(environ)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)
    sys.argv = ["sfdc-escalator", *words]


def exit_code() -> int:
    from sfdc_escalator.__main__ import main

    try:
        main()
    except SystemExit as leave:
        atexit._run_exitfuncs()
        return leave.code if isinstance(leave.code, int) else 0 if leave.code is None else 1
    return 0


if __name__ == "__main__":
    serve(sys.argv[1])
