"""An OTLP/HTTP collector that keeps the spans it is sent, and one that never answers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

_PATIENCE = 30.0


@dataclass(frozen=True)
class Spanned:
    """One span, in the words of the wire."""

    service: str
    name: str
    kind: str
    trace_id: str
    id: str
    parent: str
    links: tuple[str, ...]
    """Ids of spans."""
    failed: bool
    attributes: Mapping[str, object]


@dataclass
class Collector:
    """What came so far."""

    url: str = ""
    spans: list[Spanned] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        """Keep what is sent, as the protocol has it."""
        sent = ExportTraceServiceRequest.FromString(await request.read())
        for resource in sent.resource_spans:
            service = str(_attributes(list(resource.resource.attributes))["service.name"])
            self.spans += [_spanned(service, span) for scope in resource.scope_spans for span in scope.spans]
        self._changed.set()
        return web.Response(
            body=ExportTraceServiceResponse().SerializeToString(), content_type="application/x-protobuf"
        )

    def of(self, trace_id: str) -> list[Spanned]:
        """The spans of one trace."""
        return [span for span in self.spans if span.trace_id == trace_id]

    async def until(self, holds: Callable[[list[Spanned]], bool]) -> list[Spanned]:
        """All spans, once `holds` of them."""
        async with asyncio.timeout(_PATIENCE):
            while not holds(self.spans):
                self._changed.clear()
                await self._changed.wait()
        return self.spans


def _spanned(service: str, span: Span) -> Spanned:
    return Spanned(
        service=service,
        name=span.name,
        kind=Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        trace_id=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        links=tuple(link.span_id.hex() for link in span.links),
        failed=span.status.code == Status.StatusCode.STATUS_CODE_ERROR,
        attributes=_attributes(list(span.attributes)),
    )


def _attributes(pairs: list[KeyValue]) -> dict[str, object]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value") or "string_value") for one in pairs}


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """A collector on a loopback port."""
    collector, app = Collector(), web.Application()
    app.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield collector
    finally:
        await runner.cleanup()


@asynccontextmanager
async def hanging() -> AsyncIterator[str]:
    """The URL of one that takes everything and never answers."""
    ended = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        ended.set()
        server.close()
        await server.wait_closed()
