"""Dead letters in masses: how long their pages take, and how fast and how large a bulk replay is.

`python -m bench.dead_letters` runs it on `portico up`, with its SQLite queue and the fastest MongoDB server
at hand, and writes docs/benchmarks/dead-letters.md and .json.
"""

import argparse
import asyncio
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from bench.dead_letters_data import SEED, SMALL_TENANT, in_parts, letters
from bench.dead_letters_pages import Times, Wanted, by_http, by_use_case, measured, sign_in, token
from bench.dead_letters_rates import ingest, replay, watched
from bench.dead_letters_report import Report, Run, machine, write
from bench.services import running_store
from cli.operator_parts import desks
from cli.settings import Settings
from domain.dead_letters.desk import Desk
from domain.dead_letters.entities import Selection
from domain.reading import Cursor
from storage.store import Store, open_store
from tests.support.portico import PorticoProcess

_PUT_AT_ONCE = 1_000
_FEW = 100
"""Of so many letters one is there when the pages are measured first."""


async def main(given: argparse.Namespace) -> None:
    """The whole benchmark."""
    with tempfile.TemporaryDirectory() as home:
        async with running_store(Path(home), given.store) as (url, _, title):
            portico = PorticoProcess("up", Path(home), {"PORTICO_MONGODB_URL": url})
            try:
                await portico.start()
                async with open_store(url, prepare=False) as store:
                    desk = desks(Settings(), store, frozenset[str]().__contains__)("bench")
                    await _measure(given, portico, store, title, desk)
            finally:
                await portico.close()


async def _measure(
    given: argparse.Namespace, portico: PorticoProcess, store: Store, title: str, desk: Desk
) -> None:
    few, many = max(1, given.letters // _FEW), given.letters
    where = {**machine(), "store": title}
    await _put(store, 0, few)
    before = await _pages(portico, desk, few, given.times)
    begun = time.monotonic()
    await _put(store, few, many)
    put = (many - few) / (time.monotonic() - begun)
    after = await _pages(portico, desk, many, given.times)
    today = datetime.now(UTC).date().isoformat()
    report = Report(today, SEED, where, few, many, put, before, after, [])
    await _run(given, portico, desk, report)


async def _put(store: Store, first: int, last: int) -> None:
    for part in in_parts(first, last, _PUT_AT_ONCE):
        await store.dead_letters.put_many([made.letter for made in letters(*part)])
    _say(f"{last} letters are kept")


async def _pages(portico: PorticoProcess, desk: Desk, count: int, times: int) -> dict[str, Times | None]:
    [middle] = letters(count // 2, count // 2 + 1)
    place = Cursor(middle.letter.first_seen, middle.letter.id)
    [group, *_] = await desk.letters.groups(Selection(tenant=SMALL_TENANT))
    wanted = Wanted(group, place, middle.email)
    headers = {"Authorization": f"Bearer {token()}"}
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(portico.admin, headers=headers, cookie_jar=jar) as session:
        await sign_in(session)
        return await measured(by_use_case(desk, wanted) | by_http(session, wanted), times)


async def _run(given: argparse.Namespace, portico: PorticoProcess, desk: Desk, report: Report) -> None:
    """Ingestion and replay in turns, so that both meet the same machine; each is reported at once."""
    for number, tenant in enumerate((*given.replay, "")):
        first = number * given.posted
        async with watched(portico.pid) as memory:
            rate = await ingest(portico, first, first + given.posted)
        report.runs.append(Run("ingestion", rate.records, rate.seconds, memory.before, memory.peak))
        if tenant:
            async with watched(portico.pid) as memory:
                rate = await replay(desk, Selection(tenant=tenant))
            report.runs.append(Run("replay", rate.records, rate.seconds, memory.before, memory.peak))
        write(report, given.folder)
        _say(f"{report.runs[-1]}")


def _say(words: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {words}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.dead_letters", description=__doc__)
    parser.add_argument("--letters", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=100, help="how often each page is asked for")
    parser.add_argument("--posted", type=int, default=5_000, help="customers that are ingested in one run")
    parser.add_argument(
        "--replay",
        nargs="*",
        default=["oeste", "leste", "norte", "sul"],
        help="tenants whose letters are replayed, each by a job: 10, 20, 40 and 30 of a hundred letters",
    )
    parser.add_argument("--store", help="a store's command instead of the fastest, such as secantusd-py")
    parser.add_argument("--folder", type=Path, default=Path("docs/benchmarks"))
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main(_arguments()))
