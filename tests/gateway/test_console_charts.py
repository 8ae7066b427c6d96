"""Charts as numbers, and readings that many share."""

import asyncio

import pytest

from gateway.console.charts import HEIGHT, Bar, ceiling_of, overlaid, stacked
from gateway.console.snapshots import Snapshots


@pytest.mark.parametrize(
    ("highest", "ceiling"),
    [(0, 1), (0.045, 0.05), (1, 1), (1.01, 1.2), (4.5, 5), (9, 10), (12, 12), (100, 100), (51_000, 60_000)],
)
def test_a_ceiling_is_a_round_number_that_nothing_passes(highest: float, ceiling: float) -> None:
    """A chart's highest column takes most of its height."""
    assert pytest.approx(ceiling) == ceiling_of(highest)


def test_stacked_values_stand_on_each_other_and_fill_their_share() -> None:
    """What is nothing is not drawn."""
    chart = stacked(["one", "two"], [[("created", 6), ("dead", 0), ("stale", 2)], [("created", 0)]])

    assert 8 == chart.ceiling
    assert (Bar("created", 25.0, 75.0), Bar("stale", 0.0, 25.0)) == chart.columns[0].bars
    assert () == chart.columns[1].bars


def test_overlaid_values_stand_on_the_ground() -> None:
    """Each from the bottom, the later in front."""
    [column] = overlaid(["one"], [[("longest", 2.0), ("mean", 0.5)]]).columns

    assert (Bar("longest", 0.0, HEIGHT), Bar("mean", 75.0, 25.0)) == column.bars


async def test_many_who_look_at_once_cost_one_reading() -> None:
    """It is taken again when it is old: a second, or longer where it took long; never where it failed."""
    now, read = [0.0], list[str]()

    async def slow() -> int:
        read.append("begun")
        await asyncio.sleep(0)
        now[0] += 3
        return len(read)

    async def fails() -> int:
        raise ValueError("away")

    snapshots: Snapshots[int] = Snapshots(lambda: now[0])
    with pytest.raises(ValueError, match="away"):
        await snapshots.get("a", fails)
    assert [1] * 5 == await asyncio.gather(*(snapshots.get("a", slow) for _ in range(5)))
    now[0] += 14
    assert 1 == await snapshots.get("a", slow)
    assert 2 == await snapshots.get("b", slow)
    now[0] += 16
    assert 3 == await snapshots.get("a", slow)
