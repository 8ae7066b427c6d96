"""How fast a backlog goes, measured against the load that goes on all the while."""

import asyncio
import math
import signal
import time

from chaos.waiting import comes
from chaos.watch import read_metrics
from chaos.world import World

_AWAY = 8.0
"""Seconds for which the store is away; less than its clients wait for an answer."""
_WITHIN = 120.0
_KNOWN_AFTER = 2.0
"""Seconds after which the queue's length is that of now."""
_USUAL = 2
"""Messages that are on their way at any moment."""


async def drain_rate(world: World) -> float | None:
    """How many times the rate of the load: a backlog of some seconds, gone in others. None: not in time.

    The queue's length is known to two seconds, so the figure is rather too low than too high.
    """
    before = await _unsettled(world)
    if not world.signal_store(signal.SIGSTOP):
        return None
    try:
        await asyncio.sleep(_AWAY)
    finally:
        world.signal_store(signal.SIGCONT)
    begun = time.monotonic()
    await asyncio.sleep(_KNOWN_AFTER)

    async def is_drained() -> bool:
        return await _unsettled(world) <= before + _USUAL

    if not await comes(is_drained, _WITHIN):
        return None
    took = time.monotonic() - begun
    return (_AWAY + took) / took


async def _unsettled(world: World) -> float:
    """Messages that wait or are in hand; more than any where somebody does not say."""
    waiting = (await read_metrics(world.gateway)).get("waiting", math.inf)
    in_hand = [(await read_metrics(one)).get("in hand", math.inf) for one in world.ingestors]
    return math.inf if math.isnan(waiting) else waiting + sum(in_hand)
