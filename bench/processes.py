"""Processes under measurement: started with a pinned environment, read from /proc, ended by pid."""

import asyncio
import os
import signal
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_PATIENCE = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")
_PINNED = {"PYTHONHASHSEED": "0", "NODE_ENV": "production"}
_KEPT = ("PATH", "HOME", "LANG", "PYTHONPATH", "VIRTUAL_ENV")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a process and its children have used."""

    cpu_seconds: float
    peak_bytes: int
    """Peak resident memory since the last `reset_peaks`, of the process and its children together."""


def read(pid: int) -> Reading:
    """What `pid` and all below it have used; nothing for one that is gone.

    Of this process what it used itself: below it is everybody that is measured.
    """
    readings = [_read_one(one) for one in _family(pid)]
    return Reading(sum(one.cpu_seconds for one in readings), sum(one.peak_bytes for one in readings))


def reset_peaks(pid: int) -> None:
    """Let the peak of resident memory begin anew, of `pid` and all below it."""
    for one in _family(pid):
        try:
            Path(f"/proc/{one}/clear_refs").write_text("5")
        except OSError:  # gone, or a kernel that does not: the peak is then the one since its start
            continue


def _family(pid: int) -> Iterator[int]:
    yield pid
    if pid == os.getpid():
        return
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        children = [child for thread in threads for child in (thread / "children").read_text().split()]
    except OSError:
        return
    for child in children:
        yield from _family(int(child))


def _read_one(pid: int) -> Reading:
    try:
        # After the name, which may hold anything: utime and stime, the 14th and 15th field, then those of
        # children that have ended.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return Reading(0.0, 0)
    peak = next((line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")), "0")
    return Reading(sum(map(int, fields[11:15])) / _TICKS, int(peak) * 1024)


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """What a process sees of the environment: the same on every machine, and `more`."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, **_PINNED, **more}


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Program:
    """A process that runs."""

    process: Process
    port: int
    log: Path

    @property
    def pid(self) -> int:
        """Its id."""
        return self.process.pid

    def pause(self) -> None:
        """Stop it where it stands."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)


@asynccontextmanager
async def program(
    *command: str | Path, log: Path, port: int = 0, env: Mapping[str, str] = _PINNED
) -> AsyncIterator[Program]:
    """Run `command`, with `env` besides what is pinned, beside its log; entered once it listens on
    `port`, if one is given.

    Raises RuntimeError, with what it wrote, where it does not.
    """
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *map(str, command), stdout=output, stderr=output, env=_environment(env), cwd=log.parent
        )
    running = Program(process, port, log)
    try:
        if port:
            await _listening(running)
        yield running
    finally:
        await _end(process)


async def started(stack: AsyncExitStack, *programs: AbstractAsyncContextManager[T]) -> list[T]:
    """Enter all of `programs` at once, as starting takes what the cores have; in their order."""
    return await asyncio.gather(*map(stack.enter_async_context, programs))


async def _listening(running: Program) -> None:
    try:
        async with asyncio.timeout(_PATIENCE):
            while running.process.returncode is None:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", running.port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    return
    except TimeoutError:
        pass
    raise RuntimeError(f"it does not listen:\n{running.log.read_text(errors='replace')[-4000:]}")


async def _end(process: Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGCONT)
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 5.0)
    except TimeoutError:
        process.kill()
        await process.wait()
