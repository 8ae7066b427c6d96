"""Long loops let others have their turn."""

import asyncio

from domain.slices import in_slices


async def _turns_beside(items: list[int], *, each: int) -> tuple[list[int], int]:
    """What came of going through `items` of such a weight, and how often somebody else had a turn."""
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    beside = asyncio.create_task(other())
    try:
        return [item async for item in in_slices(items, lambda _: each)], turns
    finally:
        beside.cancel()


async def test_a_long_loop_lets_others_have_their_turns() -> None:
    """All items come, in order, and somebody else runs between slices of them."""
    found, turns = await _turns_beside(list(range(1_000)), each=1)

    assert list(range(1_000)) == found
    assert 40 <= turns <= 80


async def test_a_short_loop_is_not_interrupted_and_a_heavy_item_is_a_slice() -> None:
    """What is done in a moment waits for nobody; what weighs as much as many is followed by a turn."""
    assert ([1, 2, 3], 0) == await _turns_beside([1, 2, 3], each=1)
    found, turns = await _turns_beside([1, 2, 3], each=500)

    assert [1, 2, 3] == found
    assert turns >= 2
