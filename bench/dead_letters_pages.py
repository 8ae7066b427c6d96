"""How long the pages about dead letters take, by every way in."""

import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import aiohttp

from bench.dead_letters_data import SMALL_TENANT
from domain.dead_letters.desk import Desk
from domain.dead_letters.entities import Group, Selection
from domain.errors import StoreUnavailableError
from domain.reading import Cursor
from tests.support.tokens import minted

_PAGE = 50
_ROLES = "operator.read operator.repair operator.replay"

Ask = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of one page."""

    p50: float
    p95: float
    p99: float
    asked: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the pages are asked for."""

    group: Group
    deep: Cursor
    """A place in the middle of all letters."""
    email: str
    """Of a customer whom one letter names."""


class NoAnswerError(Exception):
    """A page was answered with an error."""


async def measured(pages: Mapping[str, Ask], times: int) -> dict[str, Times | None]:
    """Each page so many times, in turns; None for one that is not answered when it is first asked for."""
    answered = {name: ask for name, ask in pages.items() if await _is_answered(ask)}
    taken: dict[str, list[float]] = {name: [] for name in answered}
    for _ in range(times):
        for name, ask in answered.items():
            begun = time.perf_counter()
            await ask()
            taken[name].append((time.perf_counter() - begun) * 1000)
    return {name: _times(taken[name]) if name in taken else None for name in pages}


async def _is_answered(ask: Ask) -> bool:
    try:
        await ask()
    except (NoAnswerError, StoreUnavailableError):
        return False
    return True


def by_use_case(desk: Desk, wanted: Wanted) -> dict[str, Ask]:
    """Every page, asked of the use case."""
    everything, small = Selection(), Selection(tenant=SMALL_TENANT)
    group = Selection(tenant=wanted.group.tenant, fingerprint=wanted.group.fingerprint)

    def page(selection: Selection, after: Cursor | None = None) -> Ask:
        return lambda: desk.letters.search(selection, after=after, limit=_PAGE)

    return {
        "use case: first page": page(everything),
        "use case: page deep inside": page(everything, wanted.deep),
        "use case: first page of a tenant": page(small),
        "use case: page of a tenant deep inside": page(small, wanted.deep),
        "use case: first page of an operation": page(replace(everything, operation=wanted.group.operation)),
        "use case: first page of a group": page(group),
        "use case: page of a group deep inside": page(group, wanted.deep),
        "use case: by customer": page(replace(everything, customer=wanted.email)),
        "use case: groups": lambda: desk.letters.groups(everything),
        "use case: groups of a tenant": lambda: desk.letters.groups(small),
    }


def by_http(session: aiohttp.ClientSession, wanted: Wanted) -> dict[str, Ask]:
    """The main pages of admin REST and of the console, for a session that is signed in."""
    group = f"tenant={wanted.group.tenant}&fingerprint={wanted.group.fingerprint}"

    def get(path: str) -> Ask:
        async def ask() -> None:
            async with session.get(path) as answer:
                text = await answer.text()
                if answer.status != 200:
                    raise NoAnswerError(f"{path} was answered with {answer.status}: {text[:200]}")

        return ask

    rest, console = "/admin/v1", "/console"
    return {
        "admin REST: first page": get(f"{rest}/dead-letters"),
        "admin REST: first page of a group": get(f"{rest}/dead-letters?{group}"),
        "admin REST: by customer": get(f"{rest}/dead-letters?customer={wanted.email}"),
        "admin REST: groups of a tenant": get(f"{rest}/dead-letter-groups?tenant={SMALL_TENANT}"),
        "console: first page": get(f"{console}/letters"),
        "console: first page of a group": get(f"{console}/letters?{group}"),
        "console: groups of a tenant": get(f"{console}/groups?tenant={SMALL_TENANT}"),
    }


async def sign_in(session: aiohttp.ClientSession) -> None:
    """At the console, as an operator of all tenants; the session keeps the cookie."""
    async with session.post("/console/login", data={"token": token()}, allow_redirects=False) as answer:
        if answer.status != 303:
            raise RuntimeError(f"the console answered the sign-in with {answer.status}")


def token() -> str:
    """An operator's of all tenants."""
    return minted(scope=_ROLES, sub="bench", org=None)


def _times(found: list[float]) -> Times:
    cuts = statistics.quantiles(found, n=100, method="inclusive")
    return Times(cuts[49], cuts[94], cuts[98], len(found))
