"""Runs a server that ends with its parent, however the parent ends.

Usage: `python leash.py GRACE COMMAND...`. The parent holds the other end of this process's standard
input. When that closes, by the parent's will or by its death, the server gets SIGTERM and, GRACE
seconds later, SIGKILL. Prints the server's process id; exits when the server has exited. On Linux
the server also dies where this process is killed. Runs as a file of its own: it needs nothing of ours.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    """Run the command; returns its exit status, 128 plus the signal's number where one ended it."""
    grace, command = float(arguments[0]), arguments[1:]
    this = os.getpid()
    server = subprocess.Popen(  # noqa: S603 - the parent names the command
        command,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        preexec_fn=lambda: _die_with(this),  # noqa: PLW1509 - no thread runs yet
    )
    print(server.pid, flush=True)
    threading.Thread(target=_stop_at_eof, args=(server, grace), daemon=True).start()
    status = server.wait()
    return 128 - status if status < 0 else status


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _stop_at_eof(server: "subprocess.Popen[bytes]", grace: float) -> None:
    while os.read(sys.stdin.fileno(), 1):  # unbuffered: a buffer's lock would block our own exit
        pass
    server.terminate()
    try:
        server.wait(grace)
    except subprocess.TimeoutExpired:
        server.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
