"""The gateway's spool, wired."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from cli.base import Base
from cli.errors import SettingError
from domain.clock import system_clock
from domain.errors import QueueUnavailableError
from messaging.port import Publisher
from messaging.spool import Spool
from messaging.spool_file import open_spool_file
from messaging.spool_metrics import SpoolMetrics

_FILE = "spool.sqlite"


@asynccontextmanager
async def open_spool(base: Base, broker: Publisher) -> AsyncIterator[Spool | None]:
    """The spool before `broker`, forwarding; None where the queue is no broker's or no spool is wanted.

    One that is not wanted any more is forwarded all the same: what is in it was accepted.
    """
    settings, path = base.settings, base.settings.data_dir / _FILE
    if settings.amqp_url is None or not (settings.spool_bytes or path.exists()):
        yield None
        return
    async with AsyncExitStack() as stack:
        try:
            file = await stack.enter_async_context(open_spool_file(path, settings.spool_bytes, system_clock))
        except QueueUnavailableError as error:
            raise SettingError(f"{path}: {error}") from error
        metrics = SpoolMetrics(base.registry, file, system_clock)
        spool = Spool(broker, file, metrics, timeout=settings.publish_timeout)
        await stack.enter_async_context(spool.forwarding())
        yield spool
