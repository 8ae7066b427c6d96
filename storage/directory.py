"""The webhook endpoints, as they were read last: asked for every record, read every few seconds."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

from domain.endpoints import Endpoint
from domain.errors import StoreUnavailableError
from domain.facts import Fact
from storage.webhooks import EndpointRepository


class EndpointDirectory:
    """All endpoints; kept fresh from entry to exit."""

    def __init__(self, endpoints: EndpointRepository, interval: float = 2.0) -> None:
        """`interval` seconds pass between two reads."""
        self._endpoints = endpoints
        self._interval = interval
        self._known: Mapping[str, Endpoint] | None = None
        self._tenants: frozenset[str] = frozenset()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep_fresh())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def refresh(self) -> None:
        """Read them now. Raises StoreUnavailableError."""
        endpoints = await self._endpoints.all()
        self._known = {one.id: one for one in endpoints}
        self._tenants = frozenset(one.tenant for one in endpoints if not one.disabled)

    def subscribed(self, tenant: str) -> bool:
        """Whether the tenant has an endpoint; until they were read once, everybody may."""
        return self._known is None or tenant in self._tenants

    def all(self) -> Mapping[str, Endpoint]:
        """The endpoints by id, disabled ones too."""
        return self._known or {}

    def matching(self, fact: Fact) -> list[Endpoint]:
        """The endpoints that want `fact`."""
        return [endpoint for endpoint in self.all().values() if endpoint.wants(fact)]

    async def _keep_fresh(self) -> None:
        while True:
            with suppress(StoreUnavailableError):
                await self.refresh()
            await asyncio.sleep(self._interval)
