"""What comes is taken in pieces that are bounded together, as nobody is charged with them yet."""

import asyncio

from gateway.rest.doorstep import Doorstep, Doorsteps

KIB = 1024


async def test_many_who_wait_at_once_are_handed_little_in_one_turn() -> None:
    """All are read before any is charged: 4 MiB are taken, and 8 KiB of each of the rest."""
    doorsteps = Doorsteps(5.0, lambda: True, lambda *_: None)
    connections = [Doorstep(doorsteps) for _ in range(1_000)]
    for one in connections:
        one.hand_over(asyncio.Protocol(), lambda: 1024 * KIB)
    pieces = [_take(one) for one in connections]
    assert [64 * KIB] * 64 + [8 * KIB] * 936 == pieces
    await asyncio.sleep(0)
    assert 64 * KIB == _take(connections[0])


def _take(one: Doorstep) -> int:
    """As much as `one` takes of what is there for it without end, in bytes."""
    size = len(one.get_buffer(-1))
    one.buffer_updated(size)
    return size
