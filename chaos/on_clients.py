"""Faults between the clients and the gateway."""

import asyncio

from chaos.world import World

_LATENCY = 0.01
_SLICE = 100


async def reset(world: World, hold: float) -> bool:
    """Every connection, in the middle of requests and of answers."""
    await world.front.cut()
    return True


async def lose(world: World, hold: float) -> bool:
    """Nothing arrives; then everything that waited does."""
    world.front.pause()
    try:
        await asyncio.sleep(hold)
    finally:
        world.front.resume()
    return True


async def lose_answers(world: World, hold: float) -> bool:
    """Requests arrive, and their senders never hear that they were accepted."""
    world.front.pause(answers_only=True)
    try:
        await asyncio.sleep(hold)
        await world.front.cut()
    finally:
        world.front.resume()
    return True


async def slow(world: World, hold: float) -> bool:
    """Bodies come in small pieces."""
    world.front.latency, world.front.slice = _LATENCY, _SLICE
    try:
        await asyncio.sleep(hold)
    finally:
        world.front.calm()
    return True
