"""What the kernel says of a process, by proc(5)."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path


def is_running(pid: int) -> bool:
    """Whether the process runs; one that ended and was not asked for its status does not."""
    with contextlib.suppress(ProcessLookupError, FileNotFoundError):
        return _stat(pid)[0] != "Z"
    return False


def parent_of(pid: int) -> int:
    """The parent's process id."""
    return int(_stat(pid)[1])


async def freeze(pid: int) -> None:
    """Stop the process; returns once every thread of it stands still."""
    os.kill(pid, signal.SIGSTOP)
    async with asyncio.timeout(10):
        while any(_state(task) != "T" for task in Path(f"/proc/{pid}/task").iterdir()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def _state(task: Path) -> str:
    return (task / "stat").read_text().rpartition(")")[2].split()[0]


def _stat(pid: int) -> list[str]:
    """State, parent and more."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
