"""Running the processes: start, say where, serve until a signal, drain, close."""

import asyncio
import contextlib
import gc
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from prometheus_client import GCCollector, PlatformCollector, ProcessCollector

from cli.admin_parts import operator_surfaces
from cli.background import in_background
from cli.backlog_parts import counting_backlog
from cli.base import Base, open_base
from cli.embedded_url import ADMIN, announced
from cli.gateway_parts import Gateway, open_gateway
from cli.ingestor_parts import make_ingestor, make_tools, moving_dead_letters
from cli.ledger_parts import bookkeeping, keeping_ledger
from cli.listening import listening
from cli.queue_parts import watching_queue
from cli.replay_parts import replaying
from cli.retention_parts import removing_old
from cli.settings import Settings
from cli.webhook_parts import make_sender, make_webhooks
from domain.errors import StoreUnavailableError
from gateway.admin import Check, Detail, admin_app
from gateway.rest.app import Surface
from gateway.rest.server import Address, serve

_log = structlog.get_logger(__name__)

Announce = Callable[[Gateway, Address], None]

_STORE_PAUSE = 1.0
_CLOSING_SECONDS = 5.0
"""What closing may take when the time to drain is over."""


class Signals:
    """SIGTERM and SIGINT: the first asks to drain, the second ends the process at once."""

    def __init__(self, drain_seconds: float) -> None:
        """`drain_seconds` and a little after the first signal the process ends, drained or not."""
        self._asked = asyncio.Event()
        # A thread: a driver's call that hangs holds up the end of the interpreter, after the loop's.
        self._end = threading.Timer(drain_seconds + _CLOSING_SECONDS, _cut_short)
        self._end.daemon = True
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._received, number)

    @property
    def asked(self) -> bool:
        """Whether the first signal came."""
        return self._asked.is_set()

    async def wait(self) -> None:
        """Return when the first signal comes."""
        await self._asked.wait()

    def _received(self, number: int) -> None:
        if self._asked.is_set():
            os._exit(128 + number)
        self._asked.set()
        self._end.start()


def _cut_short() -> None:
    """What is not settled comes again; what is not answered, its client asks again."""
    _log.warning("drain_cut_short")
    os._exit(1)


async def run_gateway(settings: Settings, announce: Announce) -> None:
    """The gateway alone, which serves while MongoDB is away."""
    signals = Signals(settings.drain_seconds)
    async with (
        open_base(settings, embedded=False, service="portico-gateway") as base,
        operator_surfaces(base, embedded=False) as surfaces,
        _admin(base, surfaces) as admin,
        keeping_ledger(base),
        watching_queue(base),
        open_gateway(base, embedded=False) as gateway,
    ):
        admin.checks |= {"queue": gateway.publisher.is_ready, "grpc": gateway.grpc.is_serving}
        admin.details |= gateway.details
        announce(gateway, admin.address)
        await _serve_until(signals, admin)


async def run_ingestor(settings: Settings) -> None:
    """The ingestor alone, which waits where MongoDB is away when it starts."""
    signals = Signals(settings.drain_seconds)
    async with (
        open_base(settings, embedded=False, service="portico-ingestor") as base,
        _admin(base) as admin,
    ):
        await _prepare(base, signals)
        if not signals.asked:
            async with _ingesting(base) as (is_ready, stands):
                admin.checks["consumer"] = is_ready
                admin.details["ingestor"] = stands
                await _serve_until(signals, admin)


async def run_up(settings: Settings, announce: Announce) -> None:
    """Everything in one process, which waits for a MongoDB that a setting names and that is away."""
    signals = Signals(settings.drain_seconds)
    async with (
        open_base(settings, embedded=True) as base,
        operator_surfaces(base, embedded=True) as surfaces,
        _admin(base, surfaces) as admin,
    ):
        await _prepare(base, signals)
        if signals.asked:
            return
        # Left from the last to the first when it drains: the front door first, then what is behind it.
        async with _ingesting(base) as (is_ready, stands), open_gateway(base, embedded=True) as gateway:
            admin.details["ingestor"] = stands
            admin.checks |= {
                "consumer": is_ready,
                "queue": gateway.publisher.is_ready,
                "grpc": gateway.grpc.is_serving,
            }
            admin.details |= gateway.details
            announce(gateway, admin.address)
            with _admin_announced(settings, admin.address):
                await _serve_until(signals, admin)


def _admin_announced(settings: Settings, address: Address) -> contextlib.AbstractContextManager[None]:
    """The admin port can be found by the data directory, where one process alone can have that."""
    if settings.mongodb_url is not None:
        return contextlib.nullcontext()
    return announced(settings.data_dir / ADMIN, address.url)


async def _prepare(base: Base, signals: Signals) -> None:
    """Make the store's indexes, as soon as it is there, or return at the first signal."""
    while not signals.asked:
        try:
            await base.store.prepare()
        except StoreUnavailableError as error:
            _log.warning("store_away", error=str(error), retry_in=_STORE_PAUSE)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(signals.wait(), _STORE_PAUSE)
        else:
            return


_COLLECTED_AFTER = 10_000
"""Objects made and not freed yet. A batch makes many thousands that all live until it is stored: to look for
garbage among them after every 700, as Python does, took a ninth of an ingestor's time, and a thirtieth of
what a gateway needs for a small request."""


async def _serve_until(signals: Signals, admin: "_Admin") -> None:
    # What was made by now stays: a full collection that looked at all of it would hold up every request.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECTED_AFTER)
    admin.serving = True
    await signals.wait()
    admin.serving = False
    _log.info("draining")


@asynccontextmanager
async def _ingesting(base: Base) -> AsyncIterator[tuple[Check, Detail]]:
    """An ingestor at work; at the end its batches are finished, within the drain's bound."""
    prefetch = base.settings.ingestor_max_messages * base.settings.ingestor_batches
    with contextlib.suppress(StoreUnavailableError):
        await base.endpoints.refresh()
    tools = make_tools(base)
    async with (
        keeping_ledger(base),
        watching_queue(base),
        bookkeeping(base),
        _telling(base),
        replaying(base),
        counting_backlog(base),
        removing_old(base),
        moving_dead_letters(base, tools),
        base.queue.consumer(prefetch) as consumer,
    ):
        ingestor = make_ingestor(base, tools, consumer)
        try:
            async with in_background(ingestor.run(), ingestor.stop, base.settings.drain_seconds) as task:
                task.add_done_callback(_end_if_failed)
                yield consumer.is_ready, tools.breaker.words
        finally:
            if task.cancelled():
                _log.warning("ingestor_cut_short", seconds=base.settings.drain_seconds)
            elif _failure(task) is not None:
                raise SystemExit(1)


@asynccontextmanager
async def _telling(base: Base) -> AsyncIterator[None]:
    """Webhooks on their way; at the end what is being sent is finished, within the drain's bound."""
    async with make_sender(base.settings, base.tracer) as sender:
        webhooks = make_webhooks(base, sender)
        async with in_background(webhooks.run(), webhooks.stop, base.settings.drain_seconds):
            yield


def _end_if_failed(task: "asyncio.Task[None]") -> None:
    """An ingestor that ended by a bug of ours must not leave a process that looks alive."""
    if (failure := _failure(task)) is not None:
        _log.error("ingestor_failed", exc_info=failure)
        os.kill(os.getpid(), signal.SIGTERM)


def _failure(task: "asyncio.Task[None]") -> BaseException | None:
    return None if task.cancelled() else task.exception()


@dataclass(slots=True)
class _Admin:
    """The admin port, and what readiness depends on."""

    address: Address
    checks: dict[str, Check]
    details: dict[str, Detail]
    serving: bool = False


@asynccontextmanager
async def _admin(base: Base, surfaces: Sequence[Surface] = ()) -> AsyncIterator[_Admin]:
    """The admin port, open while everything else starts and drains, and not ready then."""
    ProcessCollector(registry=base.registry)
    PlatformCollector(registry=base.registry)
    GCCollector(registry=base.registry)
    settings = base.settings
    checks: dict[str, Check] = {}
    details: dict[str, Detail] = {}
    app = admin_app(checks, details, base.registry, base.request_metrics, surfaces, base.tracer)
    server = serve(app, settings.admin_host, settings.admin_port)
    async with listening(server, "The admin server", settings.admin_port, "admin-port") as address:
        admin = _Admin(address, checks, details)
        checks["serving"] = lambda: admin.serving
        yield admin
