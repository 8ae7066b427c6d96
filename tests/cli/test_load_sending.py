"""How a load goes on where it is not accepted: later and later, and not before it may."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from cli.load.book import Book
from cli.load.plan import Batch
from cli.load.sending import Pace, Sender

Answer = tuple[int, dict[str, str]]
"""Status and headers."""

ACCEPTED: Answer = (202, {})
REFUSED: Answer = (503, {})
AN_HOUR_LATER: Answer = (503, {"Retry-After": "3600"})
A_SECOND_LATER: Answer = (503, {"Retry-After": "1"})


class Door:
    """Answers one request after another as it was told to, and the last way from then on."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers = list(answers)
        self.came: list[float] = []

    async def answer(self, request: web.Request) -> web.Response:
        """One answer."""
        self.came.append(time.monotonic())
        status, headers = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return web.json_response({"correlationId": f"ing_{len(self.came)}"}, status=status, headers=headers)

    @property
    def pauses(self) -> list[float]:
        """Seconds between the requests."""
        return [later - sooner for sooner, later in zip(self.came, self.came[1:], strict=False)]


@asynccontextmanager
async def served(door: Door) -> AsyncIterator[str]:
    """The URL of a door."""
    app = web.Application()
    app.router.add_post("/{path:.*}", door.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def batches(count: int) -> Iterator[Batch]:
    """Leads, one in a request."""
    return iter([Batch("leads", (number,), (1,), b"{}", f"key-{number}") for number in range(count)])


async def sent(*answers: Answer, count: int = 1, patience: float) -> tuple[Door, Book]:
    """What the door saw and the book says, where `count` clients send a request each."""
    door, book = Door(answers), Book()
    async with served(door) as url, aiohttp.ClientSession() as session:
        sender = Sender(session, url, "token", book, lambda records: None)
        pace = Pace(rate=None, clients=count, seconds=None, records=count, patience=patience)
        async with asyncio.timeout(30):
            await sender.run(batches(count), pace)
    return door, book


async def test_a_long_outage_sees_fewer_and_fewer_attempts() -> None:
    """Twice the pause each time, and not the same one for all clients: no storm when it is over."""
    door, book = await sent(REFUSED, count=20, patience=2.0)

    assert 20 == book.given_up
    assert 20 * 3 <= len(door.came) <= 20 * 7
    late = sorted(came - door.came[0] for came in door.came)[20:]
    assert len({round(came, 2) for came in late}) > 10


async def test_each_pause_is_about_twice_the_last() -> None:
    """Until the request is accepted."""
    door, book = await sent(REFUSED, REFUSED, REFUSED, ACCEPTED, patience=20.0)

    assert (1, 1) == (book.acknowledged, book.recovered)
    for pause, longest in zip(door.pauses, (0.25, 0.5, 1.0), strict=True):
        assert longest / 2 <= pause


async def test_what_the_answer_asks_for_is_obeyed() -> None:
    """Not a moment sooner."""
    door, book = await sent(A_SECOND_LATER, ACCEPTED, patience=20.0)

    assert 1 == book.acknowledged
    assert [True] == [pause >= 1.0 for pause in door.pauses]


async def test_patience_is_not_outlasted() -> None:
    """Where more is asked for, a request is sent once more at its end."""
    door, book = await sent(AN_HOUR_LATER, patience=1.0)

    assert (2, 1) == (len(door.came), book.given_up)
