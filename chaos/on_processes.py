"""Faults of Portico's own processes."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from chaos.crashing import CLOCK
from chaos.waiting import comes
from chaos.watch import read_metrics
from chaos.world import World
from tests.support.portico import COMMAND, PorticoProcess

_CRASHING = Path(__file__).with_name("crashing.py")
_WITHIN = 120.0
"""Seconds in which what is provoked must happen."""
_SKEW = 60_000
"""Milliseconds by which a clock is wrong: behind, as what is written in the future is not read yet."""


async def kill_gateway(world: World, hold: float) -> bool:
    """kill -9."""
    return await _kill(world, world.gateway, hold)


async def kill_ingestor(world: World, hold: float) -> bool:
    """kill -9; what it had in hand goes to the other one."""
    return await _kill(world, _some(world, hold), hold)


async def _kill(world: World, process: PorticoProcess, hold: float) -> bool:
    happened = await world.end(process)
    await asyncio.sleep(hold / 2)
    await world.begin(process)
    return happened


async def kill_with_work_in_hand(world: World, hold: float) -> bool:
    """kill -9 of every ingestor, while MongoDB hangs and they hold deliveries: all of them come again."""
    async with _store_stopped(world):
        held = await comes(lambda: _any_in_hand(world), _WITHIN)
        killed = [await world.end(process) for process in world.ingestors]
    await asyncio.sleep(hold / 4)
    for process in world.ingestors:
        await world.begin(process)
    return held and all(killed)


async def stop_gateway(world: World, hold: float) -> bool:
    """SIGSTOP and SIGCONT."""
    return await _stop(world.gateway, hold)


async def stop_ingestor(world: World, hold: float) -> bool:
    """SIGSTOP and SIGCONT: its deliveries wait, or are taken back."""
    return await _stop(_some(world, hold), hold)


async def _stop(process: PorticoProcess, hold: float) -> bool:
    os.kill(process.pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(hold)
    finally:
        os.kill(process.pid, signal.SIGCONT)
    return True


async def restart_gateway(world: World, hold: float) -> bool:
    """SIGTERM, and its drain."""
    return await _restart(world, world.gateway)


async def restart_ingestor(world: World, hold: float) -> bool:
    """SIGTERM, and its drain."""
    return await _restart(world, _some(world, hold))


async def _restart(world: World, process: PorticoProcess) -> bool:
    # Before its first answer there is nothing to drain: SIGTERM then ends Python, not Portico.
    if not await comes(lambda: _is_ready(process), _WITHIN):
        return False
    status = await process.terminate()
    process.process = None
    await world.begin(process)
    if status:
        world.exits.append(f"{process.command} ended with {status} after SIGTERM: {process.log()[-500:]}")
    return True


async def skew_gateway(world: World, hold: float) -> bool:
    """The clock is a minute behind, then right again."""
    return await _skew(world, world.gateway, hold)


async def skew_ingestor(world: World, hold: float) -> bool:
    """The clock is a minute behind, then right again."""
    return await _skew(world, _some(world, hold), hold)


async def _skew(world: World, process: PorticoProcess, hold: float) -> bool:
    await _restart_as(world, process, f"{CLOCK}:{-_SKEW}")
    ready = await comes(lambda: _is_ready(process), _WITHIN)
    await asyncio.sleep(hold)
    await _restart_as(world, process, None)
    return ready


async def crash(point: str, world: World, hold: float) -> bool:
    """An ingestor ends at a named point, as by a power cut; the next one is whole again."""
    process = world.ingestors[0]
    await _restart_as(world, process, f"{point}:{1 + int(hold * 5)}")
    running = process.process
    assert running is not None
    if crashed := await comes(lambda: running.returncode is not None, _WITHIN):
        crashed = running.returncode == -signal.SIGKILL
        process.process = None
    await _restart_as(world, process, None)
    return crashed


async def _restart_as(world: World, process: PorticoProcess, manner: str | None) -> None:
    await world.end(process)
    root = _CRASHING.parent.parent
    process.program = (str(COMMAND),) if manner is None else (sys.executable, str(_CRASHING), manner)
    process.environment = {**process.environment, "PYTHONPATH": str(root)}
    await world.begin(process)


def _some(world: World, hold: float) -> PorticoProcess:
    """One of the ingestors, as the seed has it."""
    return world.ingestors[int(hold * 1000) % len(world.ingestors)]


@asynccontextmanager
async def _store_stopped(world: World) -> AsyncIterator[None]:
    """MongoDB does not answer, and does not know why it should."""
    world.signal_store(signal.SIGSTOP)
    try:
        yield
    finally:
        world.signal_store(signal.SIGCONT)


async def _any_in_hand(world: World) -> bool:
    return any([(await read_metrics(one)).get("in hand", 0) > 0 for one in world.ingestors])


async def _is_ready(process: PorticoProcess) -> bool:
    return bool(await read_metrics(process))
