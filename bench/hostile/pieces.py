"""The attacks, each on a Portico that runs, and what good clients and the process noticed of them."""

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import orjson

from bench.hostile.attacked import Attacked
from bench.hostile.bombs import bombs
from bench.hostile.figures import percentile
from bench.hostile.probes import probes

Figures = dict[str, Any]
_LEADS = "/v1/customer/leads:ingest"
_LEAD = '{"lead": {"id": "lead-%d", "source": "ads", "status": "new"}}'
_MIB = 1024 * 1024


async def child(module: str, argument: Figures) -> Any:
    """What a module of this package prints, run on its own with `argument`.

    Attackers run at a lower priority: in the field they have machines of their own.
    """
    politely = ["nice", "-n", "10"]
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        politely = ["chrt", "--rr", "1"]  # below Portico, and still above what else the machine does
    if module == "good_client":
        politely = []
    process = await asyncio.create_subprocess_exec(
        *politely,
        *(sys.executable, "-m", f"bench.hostile.{module}", orjson.dumps(argument)),
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{module} ended with {process.returncode}")
    return orjson.loads(printed)


async def half_open(on: Attacked) -> list[Figures]:
    """15,000 connections that never finish their headers, or never begin them."""
    found = []
    for kind, sent in (("in the headers", "POST / HTTP/1.1\r\nHost: x\r\n"), ("silent", "")):
        count, a_second = on.number(15_000), 5000.0
        seconds = 4 + count / a_second + 8
        posting = asyncio.create_task(_good(on, seconds, a_second=100))
        reading = asyncio.create_task(_good(on, seconds, a_second=100, path="/.well-known/opendelivery"))
        await asyncio.sleep(4)
        before, begun = on.memory(), time.time()
        attack = {**on.where, "connections": count, "sent": sent, "a_second": a_second, "watch": 60}
        held = await child("half_open", attack)
        opened = begun + held["opening_took"] + 0.3
        posts, gets = await posting, await reading
        found.append(
            {
                "kind": kind,
                "connections held at once": held["open_at_most"],
                "longest life, s": held["longest_life"],
                "still open": held["opened"] - held["closed"],
                "KiB each": round((on.memory() - before) / count / 1024, 1),
                "p99 of GETs before, ms": _p99(gets, 0, begun),
                "of GETs while they are opened": _p99(gets, begun, opened),
                "of GETs while they are held and end": _p99(gets, opened, begun + 9),
                "p99 of POSTs before, ms": _p99(posts, 0, begun),
                "of POSTs while they are opened": _p99(posts, begun, opened),
                "of POSTs while they are held and end": _p99(posts, opened, begun + 9),
                "good requests that failed": sum(status not in (200, 202) for _, _, status in posts + gets),
            }
        )
    return found


async def resets(on: Attacked) -> list[Figures]:
    """100,000 connections reset in the middle of a POST."""
    names = {
        "ingestions accepted": "portico_gateway_accepted_ingestions_total",
        "messages published": "portico_queue_publishes_total",
        "records with an outcome": "portico_ingestor_records_total",
    }
    before = {name: await on.metric(metric) for name, metric in names.items()}
    memory = on.memory()
    done = await child(
        "resets",
        {**on.where, "token": on.token("resets"), "seed": on.seed, "connections": on.number(100_000)},
    )
    await asyncio.sleep(1.0)
    after = {name: await on.metric(metric) for name, metric in names.items()}
    grown = round((on.memory() - memory) / _MIB, 1)
    return [{**done, **{name: after[name] - before[name] for name in names}, "MiB grown": grown}]


async def bodies(on: Attacked) -> list[Figures]:
    """Bombs, each alone and then eight at a time."""
    found = []
    headers = {"Authorization": f"Bearer {on.token('bombs')}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def post(coding: str, body: bytes) -> tuple[int, float]:
            begun = time.perf_counter()
            url = on.stack.gateway.url + _LEADS
            async with session.post(url, data=body, headers={"Content-Encoding": coding}) as answer:
                await answer.read()
            return answer.status, time.perf_counter() - begun

        for kind, (coding, body) in bombs().items():
            before = on.memory()
            status, alone = await post(coding, body)
            together = await asyncio.gather(*(post(coding, body) for _ in range(8)))
            found.append(
                {
                    "kind": kind,
                    "bytes sent": len(body),
                    "status": status,
                    "alone, s": round(alone, 3),
                    "slowest of 8 at a time, s": round(max(took for _, took in together), 3),
                    "statuses of these": dict(Counter(str(status) for status, _ in together)),
                    "MiB grown": round((on.memory() - before) / _MIB, 1),
                }
            )
    return found


async def fuzz(on: Attacked) -> list[Figures]:
    """A million bent bodies."""
    campaign = {"token": on.token("fuzz"), "seed": on.seed, "bodies": on.number(1_000_000), "seconds": 7200}
    return [{"seed": on.seed, **await child("fuzz", {**on.where, **campaign})}]


_FLOODS = {
    "requests": {"records": 1, "padding": 10},
    "records": {"records": 500, "padding": 10},
    "bytes": {"records": 100, "padding": 10_000},
    "malformed": {"records": 0, "padding": 0},
}


async def floods(on: Attacked) -> list[Figures]:
    """One tenant with 64 connections that never waits, and another with 50 requests a second.

    In turns with and without the flood, so that what else the machine does disturbs both alike.
    """
    turns = max(1, on.number(5))
    url, flooding = on.stack.gateway.url + _LEADS, on.token("flood")
    found = []
    for kind, made in _FLOODS.items():
        alone, beside, answered = [], [], Counter[str]()
        for _ in range(turns):
            alone += (await _good(on, 3, a_second=50))[10:]
            flood = {"url": url, "token": flooding, "seconds": 5.5, "connections": 64, **made}
            sending = asyncio.create_task(child("flood", flood))
            await asyncio.sleep(2.0)  # until what a tenant may send at once is sent
            beside += (await _good(on, 3, a_second=50))[10:]
            answered.update(await sending)
        quiet, loud = _p99(alone, 0, time.time()), _p99(beside, 0, time.time())
        found.append(
            {
                "flood of": kind,
                "quiet tenant's p99 alone, ms": quiet,
                "p99 beside the flood, ms": loud,
                "ratio": round(loud / quiet, 2),
                "medians, ms": [percentile([ms for _, ms, _ in some], 0.5) for some in (alone, beside)],
                "quiet requests not answered 202": sum(status != 202 for _, _, status in alone + beside),
                "the flood was answered": dict(answered),
            }
        )
    return found


async def strangers(on: Attacked) -> list[Figures]:
    """Questions for what another tenant has, and for what nobody has."""
    return await probes(on.stack.gateway.url, on.stack.gateway.grpc, on.number(3000))


async def _good(
    on: Attacked, seconds: float, *, a_second: float, path: str = _LEADS
) -> list[tuple[float, float, int]]:
    """Requests of a good client: a lead is posted where leads are taken, anything else is read."""
    errand = {"url": on.stack.gateway.url + path, "token": on.token("quiet")}
    errand |= {"body": _LEAD} if path == _LEADS else {"method": "GET"}
    requests: list[tuple[float, float, int]] = await child(
        "good_client", {**errand, "seconds": seconds, "a_second": a_second}
    )
    return requests


def _p99(requests: list[tuple[float, float, int]], since: float, until: float) -> float:
    return percentile([ms for due, ms, _ in requests if since <= due < until], 0.99)


RATES = {"PORTICO_RATE_REQUESTS": "200", "PORTICO_RATE_RECORDS": "2000", "PORTICO_RATE_BYTES": "2000000"}

PIECES: dict[str, tuple[Callable[[Attacked], Awaitable[list[Figures]]], dict[str, str]]] = {
    "half-open": (half_open, {}),
    "resets": (resets, {}),
    "bombs": (bodies, {}),
    "flood": (floods, RATES),
    "strangers": (strangers, {}),
    "fuzz": (fuzz, {}),
}
"""Each with the settings of the Portico that it is run on, beside the defaults."""
