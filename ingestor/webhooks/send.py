"""One attempt at a delivery: a signed POST. Whatever the receiver does, it ends within the timeout."""

import asyncio
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver

from domain.deliveries import Delivery
from domain.endpoints import Endpoint
from domain.tracing import NO_TRACER, TRACEPARENT, Kind, Tracer
from ingestor.webhooks.envelope import signature
from ingestor.webhooks.guard import ForbiddenTargetError, GuardedResolver, check_url

_CONNECTIONS = 200


@dataclass(frozen=True, slots=True)
class Attempt:
    """How it ended."""

    delivered: bool
    reason: str
    """In words, without anything that the receiver said."""


class Sender:
    """Sends deliveries, from entry to exit."""

    def __init__(
        self,
        *,
        allow_private: bool,
        timeout: float,
        resolver: AbstractResolver | None = None,
        tracer: Tracer = NO_TRACER,
    ) -> None:
        """`timeout` seconds bound an attempt as a whole; `resolver` looks names up, else the system does."""
        self._allow_private = allow_private
        self._timeout = timeout
        self._tracer = tracer
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        resolver = GuardedResolver(
            self._resolver or aiohttp.ThreadedResolver(), allow_private=self._allow_private
        )
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, limit=_CONNECTIONS),
            timeout=aiohttp.ClientTimeout(total=self._timeout),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(self, endpoint: Endpoint, delivery: Delivery) -> Attempt:
        """POST it once, as a part of the trace that its fact came of. The status alone counts: of the
        answer's body nothing is read."""
        attributes = {"http.request.method": "POST", "portico.endpoint": endpoint.id}
        with self._tracer.span(
            "deliver webhook", Kind.CLIENT, parent=delivery.trace, attributes=attributes
        ) as span:
            attempt = await self._post(endpoint, delivery, span.traceparent or delivery.trace)
            span.note("http.request.resend_count", delivery.attempts)
            span.ended("" if attempt.delivered else "not_delivered")
        return attempt

    async def _post(self, endpoint: Endpoint, delivery: Delivery, trace: str) -> Attempt:
        assert self._session is not None, "not entered"  # noqa: S101 - a bug of ours
        try:
            check_url(endpoint.url, allow_private=self._allow_private)
            async with self._session.post(
                endpoint.url,
                data=delivery.body,
                headers=_headers(endpoint, delivery, trace),
                allow_redirects=False,
            ) as response:
                return Attempt(200 <= response.status < 300, f"it answered {response.status}")
        except TimeoutError:
            return Attempt(False, "it did not answer in time")
        except ForbiddenTargetError as error:
            return Attempt(False, str(error))
        except aiohttp.ClientConnectorError as error:
            refused = isinstance(error.os_error, ForbiddenTargetError)
            return Attempt(False, str(error.os_error) if refused else "it cannot be connected to")
        except (aiohttp.ClientError, OSError, ValueError, asyncio.IncompleteReadError) as error:
            return Attempt(False, f"it did not answer as HTTP says: {type(error).__name__}")


def _headers(endpoint: Endpoint, delivery: Delivery, trace: str) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Portico",
        "X-App-Id": endpoint.id,
        "X-App-MerchantId": endpoint.merchant_id,
        "X-App-Signature": signature(delivery.body, endpoint.secret),
        "Portico-Delivery": f"{delivery.fact_id}; attempt={delivery.attempts + 1}",
    }
    return {**headers, TRACEPARENT: trace} if trace else headers
