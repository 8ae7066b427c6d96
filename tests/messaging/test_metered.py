"""What is counted of a queue."""

import math
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from domain.errors import MessageError, QueueFullError
from messaging.limits import MAX_BODY
from messaging.metered import MeteredQueue, QueueMetrics
from messaging.port import Message
from messaging.sqlite import SqliteQueue

HEADERS = {"portico-operation": "odp.v1.customers"}


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    """A sample of the one queue's."""
    return registry.get_sample_value(f"portico_queue_{name}", {"queue": "ingestions", **labels})


async def test_publishes_are_counted_by_what_became_of_them(tmp_path: Path) -> None:
    """Kept, refused at the bound, and one that no queue could carry; the kept one alone is timed."""
    registry = CollectorRegistry()
    file = SqliteQueue(tmp_path / "queue.db", max_messages=1, max_bytes=10**9)
    queue = MeteredQueue(file, "ingestions", QueueMetrics(registry))
    async with queue.publisher() as publisher:
        await publisher.publish(Message(HEADERS, b"1"), 10.0)
        with pytest.raises(QueueFullError):
            await publisher.publish(Message(HEADERS, b"2"), 10.0)
        with pytest.raises(MessageError):
            await publisher.publish(Message(HEADERS, b"x" * (MAX_BODY + 1)), 10.0)
    results = ("confirmed", "full", "refused", "returned", "unconfirmed")
    counted = [value(registry, "publishes_total", result=result) for result in results]
    assert [1, 1, 1, 0, 0] == counted
    assert 1 == value(registry, "publish_seconds_count")
    await queue.look()
    assert [1, 1] == [value(registry, "depth_messages"), value(registry, "up")]


async def test_a_queue_that_does_not_answer_has_no_depth(tmp_path: Path) -> None:
    """A folder where its file should be."""
    registry = CollectorRegistry()
    queue = MeteredQueue(
        SqliteQueue(tmp_path, max_messages=1, max_bytes=1), "ingestions", QueueMetrics(registry)
    )
    await queue.look()
    depth = value(registry, "depth_messages")
    assert depth is not None
    assert math.isnan(depth)
    assert 0 == value(registry, "up")
