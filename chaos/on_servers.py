"""Faults of RabbitMQ and MongoDB, and of the ways to them."""

import asyncio
import os
import signal

from chaos.waiting import comes
from chaos.world import ImpossibleError, World, resume_broker
from tests.support.proxy import Proxy
from tests.support.rabbitmq import RabbitNode

_LATENCY = 0.02
_BANDWIDTH = 400_000
_SLICE = 1_000
_ALL_MEMORY = "0.00001"
_USUAL_MEMORY = "0.4"
_USUAL_DISK = "1MB"
_ALL_DISK = str(10**15)
_PUBLISHED = 8_000
"""Bytes; heartbeats and the like are fewer."""
_PUBLISHED_WITHIN = 60.0
_CUT = 6
_REFUSED = 4.0
_RESTARTED = 60.0


async def kill_store(world: World, hold: float) -> bool:
    """kill -9; its keeper starts it again."""
    before = world.store_pid()
    if before is None or not world.signal_store(signal.SIGKILL):
        return False
    return await comes(lambda: world.store_pid() not in {before, None}, _RESTARTED)


async def stop_store(world: World, hold: float) -> bool:
    """SIGSTOP and SIGCONT."""
    stopped = world.signal_store(signal.SIGSTOP)
    try:
        await asyncio.sleep(hold)
    finally:
        world.signal_store(signal.SIGCONT)
    return stopped


async def fill_disk(world: World, hold: float) -> bool:
    """Nothing more can be written; then there is room again, and the MongoDB server is started again, as
    SecantusDB needs it."""
    if world.disk is None:
        raise ImpossibleError("only root may mount a small disk")
    full = world.disk.fill()
    try:
        await asyncio.sleep(2 * hold)
    finally:
        world.disk.empty()
    return await kill_store(world, hold) and full


async def kill_broker(world: World, hold: float) -> bool:
    """kill -9."""
    broker = _broker(world)
    await asyncio.to_thread(broker.kill)
    await asyncio.sleep(hold / 2)
    await asyncio.to_thread(broker.start)
    return True


async def restart_broker(world: World, hold: float) -> bool:
    """SIGTERM: it says goodbye to its clients."""
    broker = _broker(world)
    await asyncio.to_thread(broker.stop)
    await asyncio.to_thread(broker.start)
    return True


async def stop_broker(world: World, hold: float) -> bool:
    """SIGSTOP and SIGCONT: connections stay open, and nobody answers on them."""
    broker = _broker(world)
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(2 * hold)
    finally:
        await resume_broker(broker)
    return True


async def reset_broker(world: World, hold: float) -> bool:
    """Every connection at once, in the middle of whatever it carries."""
    return await _reset(_link(world.broker_link))


async def reset_store(world: World, hold: float) -> bool:
    """Every connection at once, in the middle of whatever it carries."""
    return await _reset(_link(world.store_link))


async def _reset(link: Proxy) -> bool:
    await link.cut()
    return True


async def lose_broker(world: World, hold: float) -> bool:
    """Nothing arrives, nothing is refused."""
    return await _lose(_link(world.broker_link), 2 * hold)


async def lose_store(world: World, hold: float) -> bool:
    """Nothing arrives, nothing is refused; its clients give up on the connections."""
    return await _lose(_link(world.store_link), hold, cut=True)


async def _lose(link: Proxy, hold: float, *, cut: bool = False) -> bool:
    link.pause()
    try:
        await asyncio.sleep(hold)
        if cut:
            await link.cut()
    finally:
        link.resume()
    return True


async def refuse_store(world: World, hold: float) -> bool:
    """Every connection is refused, for longer than its clients look for another one."""
    link = _link(world.store_link)
    await link.refuse()
    try:
        await asyncio.sleep(_REFUSED + hold)
    finally:
        link.admit()
    return True


async def cut_cable(world: World, hold: float) -> bool:
    """Not even a connection can be begun or ended; short or long enough that both sides give it up."""
    if world.cable is None:
        raise ImpossibleError("only root may make network namespaces")
    world.cable.cut()
    try:
        await asyncio.sleep(_CUT * hold)
    finally:
        world.cable.mend()
    return True


async def lose_confirms(world: World, hold: float) -> bool:
    """Publishes arrive and are kept, and no confirm comes back: their senders try again."""
    link = _link(world.broker_link)
    before = link.asked
    link.pause(answers_only=True)
    try:
        published = await comes(lambda: link.asked > before + _PUBLISHED, _PUBLISHED_WITHIN)
        await asyncio.sleep(1 + hold)  # until the broker has them on its disk
        await link.cut()
    finally:
        link.resume()
    return published


async def slow_broker(world: World, hold: float) -> bool:
    """Latency, little bandwidth, small pieces."""
    return await _slow(_link(world.broker_link), hold)


async def slow_store(world: World, hold: float) -> bool:
    """Latency, little bandwidth, small pieces."""
    return await _slow(_link(world.store_link), hold)


async def _slow(link: Proxy, hold: float) -> bool:
    link.latency, link.bandwidth, link.slice = _LATENCY, _BANDWIDTH, _SLICE
    try:
        await asyncio.sleep(2 * hold)
    finally:
        link.calm()
    return True


async def memory_alarm(world: World, hold: float) -> bool:
    """The broker takes no publish while the alarm lasts."""
    return await _alarm(world, hold, "set_vm_memory_high_watermark", _ALL_MEMORY, _USUAL_MEMORY)


async def disk_alarm(world: World, hold: float) -> bool:
    """The broker takes no publish while the alarm lasts."""
    return await _alarm(world, hold, "set_disk_free_limit", _ALL_DISK, _USUAL_DISK)


async def _alarm(world: World, hold: float, command: str, wrong: str, right: str) -> bool:
    broker = _broker(world)
    await asyncio.to_thread(broker.control, command, wrong)
    try:
        await asyncio.sleep(hold)
    finally:
        await asyncio.to_thread(broker.control, command, right)
    return True


def _broker(world: World) -> RabbitNode:
    assert world.broker is not None
    return world.broker


def _link(link: Proxy | None) -> Proxy:
    assert link is not None
    return link
