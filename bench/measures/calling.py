"""gRPC calls in a closed loop, with requests made beforehand and answers left as bytes."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import grpc

from bench.latency import percentiles
from bench.measure import Outcome

_AT_ONCE = 32
_ANSWERED_WITHIN = 30.0


@asynccontextmanager
async def channel(port: int) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a port of this machine."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as opened:
        await opened.channel_ready()
        yield opened


async def call(
    opened: grpc.aio.Channel, method: str, requests: Sequence[bytes], token: str, seconds: float
) -> Outcome:
    """Answered calls a second, by as many callers at once. Raises grpc.aio.AioRpcError."""
    unary: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = opened.unary_unary(method)
    metadata = (("authorization", f"Bearer {token}"),)
    due: list[float] = []
    done: list[float] = []
    remaining = itertools.cycle(requests)
    begun = time.perf_counter()

    async def caller() -> None:
        while (now := time.perf_counter()) < begun + seconds:
            await unary(next(remaining), metadata=metadata, timeout=_ANSWERED_WITHIN)
            due.append(now)
            done.append(time.perf_counter())

    async with asyncio.TaskGroup() as callers:
        for _ in range(_AT_ONCE):
            callers.create_task(caller())
    return Outcome(len(done) / (done[-1] - begun), len(done), percentiles(due, done))
