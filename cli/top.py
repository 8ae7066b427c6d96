"""`portico top`: a running Portico, live."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from typing import Annotated

import aiohttp
import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from cli.embedded_url import ADMIN, find_url
from cli.settings import Settings
from cli.status import StatusError
from cli.terminal import DataDir, fail, settings_of
from cli.top_figures import Frame, Reading, read
from cli.top_view import frame_view
from gateway.rest.server import Address

app = typer.Typer()

_WIDE = 160
"""Columns where the output is no terminal."""


@app.command()
def top(
    url: Annotated[
        str | None, typer.Option(help="URL of an admin port; that of this machine if not given.")
    ] = None,
    every: Annotated[float, typer.Option(min=0.2, max=60, help="Seconds between two looks.")] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="Print one frame, and end.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Show what a running Portico does, live: rates, queue, outcomes, ledger, dead letters, replay jobs.

    Ctrl-C ends it.
    """
    where = url.rstrip("/") if url else _admin_url(settings_of(data_dir=data_dir))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDE
    with suppress(KeyboardInterrupt):
        try:
            asyncio.run(_show_once(console, where, every) if once else _show(console, where, every))
        except StatusError as error:
            fail(str(error))


def _admin_url(settings: Settings) -> str:
    """That of the `portico up` which runs in the data directory, else the one that the settings name."""
    announced = find_url(settings.data_dir / ADMIN)
    return announced or Address(settings.admin_host, settings.admin_port, tls=False).url


async def _show_once(console: Console, url: str, every: float) -> None:
    async with aiohttp.ClientSession() as session:
        before = await read(session, url)
        await asyncio.sleep(every)
        console.print(frame_view(Frame(await read(session, url), before), _title(url)))


async def _show(console: Console, url: str, every: float) -> None:
    async with aiohttp.ClientSession() as session:
        before = await read(session, url)
        with Live(Text(_title(url)), console=console, screen=console.is_terminal, auto_refresh=False) as live:
            async for now in _readings(session, url, every):
                if now is None:
                    live.update(Text(f"{_title(url)}: it does not answer", style="bold red"), refresh=True)
                else:
                    live.update(frame_view(Frame(now, before), _title(url)), refresh=True)
                    before = now


async def _readings(session: aiohttp.ClientSession, url: str, every: float) -> AsyncIterator[Reading | None]:
    """One reading after the other, without end; None where there was no answer."""
    while True:
        await asyncio.sleep(every)
        try:
            yield await read(session, url)
        except StatusError:
            yield None


def _title(url: str) -> str:
    return f"Portico at {url}, {datetime.now().astimezone():%H:%M:%S}"
