"""`portico load`: a load on a running Portico, and the check that all of it arrived."""

import asyncio
import random
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import aiohttp
import grpc
import typer
from rich.console import Console
from rich.progress import Progress

from cli.dead_letter_views import print_json, print_table
from cli.load.book import Book
from cli.load.check import Check, CheckError
from cli.load.plan import Mix, Plan, shares_of
from cli.load.report import Report
from cli.load.sending import Pace, Sender
from cli.settings import Settings
from cli.terminal import DataDir, fail, settings_of
from cli.token_keys import embedded_jwt_key
from domain.clock import system_clock
from gateway.auth import mint_token

app = typer.Typer()

_MIX = "customers=6,orders=2,leads=1,reviews=1,events=2"
_TOKEN_SECONDS = 86_400
_CLOCK_SLACK = 5_000
"""Milliseconds by which the clock of the machine that stores may be behind."""
_MOST_A_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a load goes, and as whom."""

    url: str
    grpc: str
    token: str


@app.command()
def load(  # noqa: PLR0913, PLR0917 - each is a flag
    url: Annotated[str | None, typer.Option(help="URL of REST; this machine's if not given.")] = None,
    grpc_address: Annotated[
        str | None, typer.Option("--grpc", help="host:port of gRPC; this machine's if not given.")
    ] = None,
    tenant: Annotated[str, typer.Option(help="The tenant of the load, for tokens of the own key.")] = "load",
    token_file: Annotated[
        Path | None, typer.Option(help="A token that may write and read; made with the own key if not given.")
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(min=0.1, help="Records a second; else as fast as the clients are answered."),
    ] = None,
    clients: Annotated[int, typer.Option(min=1, help="Clients, of a load without a rate.")] = 8,
    duration: Annotated[float | None, typer.Option(min=0.1, help="Seconds; 10 if nothing is given.")] = None,
    records: Annotated[int | None, typer.Option(min=1, help="Records, about.")] = None,
    batch: Annotated[str, typer.Option(help="Records in a request: 100, or from-to: 1-500.")] = "100",
    mix: Annotated[str, typer.Option(help="Kinds of records and their shares.")] = _MIX,
    updates: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the customers that were sent before.")
    ] = 0.3,
    faulty: Annotated[float, typer.Option(min=0, max=1, help="Share of records that are faulty.")] = 0.01,
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds to try a request again, and to wait for an outcome.")
    ] = 60.0,
    seed: Annotated[int | None, typer.Option(help="The same seed makes the same load.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Send a load, then check every accepted record over gRPC, and print the ledger.

    With --rate the time to a 202 counts from when the request was due, whatever held it up. Exits 1 where
    a record was lost, is there twice or was never sent, or where an answer was none that a client expects.
    """
    settings = settings_of(data_dir=data_dir)
    try:
        shares, (smallest, largest) = shares_of(mix), _sizes(batch)
    except ValueError as error:
        fail(str(error))
    target = _target(settings, url, grpc_address, tenant, token_file)
    pace = Pace(rate, clients, 10.0 if duration is None and records is None else duration, records, patience)
    seed = random.randrange(2**32) if seed is None else seed  # noqa: S311 - printed, to be repeated
    try:
        report = asyncio.run(_loaded(target, Mix(shares, smallest, largest, updates, faulty), pace, seed))
    except CheckError as error:
        fail(str(error))
    if as_json:
        print_json(report.as_json())
    else:
        print_table(("", ""), report.rows())
        for line in report.wrong():
            typer.echo(line, err=True)
    if not report.good:
        raise typer.Exit(1)


async def _loaded(target: _Target, mix: Mix, pace: Pace, seed: int) -> Report:
    run, book, begun_at = secrets.token_hex(4), Book(), system_clock() - _CLOCK_SLACK
    connector = aiohttp.TCPConnector(limit=0)
    with _bar("sending", pace.records) as sent:
        async with aiohttp.ClientSession(connector=connector) as session:
            sender = Sender(session, target.url, target.token, book, sent)
            seconds = await sender.run(iter(Plan(run, seed, mix)), pace)
    with _bar("checking", book.acknowledged) as checked:
        async with _channel(target) as channel:
            check = Check(channel, target.token, run, book)
            findings = await check.run(begun_at, max(pace.patience, 1.0), checked)
    return Report(run, seed, seconds, book, findings)


@contextmanager
def _bar(words: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A progress bar in records on standard error; nothing where that is no terminal."""
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task(words, total=total)
        yield lambda records: progress.advance(task, records)


def _channel(target: _Target) -> grpc.aio.Channel:
    if urlsplit(target.url).scheme == "https":
        return grpc.aio.secure_channel(target.grpc, grpc.ssl_channel_credentials())
    return grpc.aio.insecure_channel(target.grpc)


def _target(
    settings: Settings, url: str | None, grpc_address: str | None, tenant: str, token_file: Path | None
) -> _Target:
    scheme = "https" if settings.tls_cert_file else "http"
    return _Target(
        (url or f"{scheme}://{settings.host}:{settings.port}").rstrip("/"),
        grpc_address or f"{settings.grpc_host or settings.host}:{settings.grpc_port}",
        _token(settings, tenant) if token_file is None else _read(token_file),
    )


def _token(settings: Settings, tenant: str) -> str:
    key = settings.jwt_key
    try:
        return mint_token(
            key.get_secret_value().encode() if key else embedded_jwt_key(settings.data_dir),
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,
            tenant=tenant,
            scopes=["od.crm"],
            subject="portico-load",
            ttl=_TOKEN_SECONDS,
            now=system_clock(),
        )
    except ValueError as error:
        fail(str(error))


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError):
        fail(f"{file} cannot be read")


def _sizes(words: str) -> tuple[int, int]:
    """Smallest and largest batch. Raises ValueError, in words."""
    first, _, last = words.partition("-")
    if first.isdecimal() and (last or first).isdecimal():
        smallest, largest = int(first), int(last or first)
        if 1 <= smallest <= largest <= _MOST_A_BATCH:
            return smallest, largest
    raise ValueError(f"a batch is a number of records from 1 to {_MOST_A_BATCH}, or two with - between them")
