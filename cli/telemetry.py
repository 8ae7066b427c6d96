"""Spans by OpenTelemetry, sent over OTLP/HTTP. Imported only where a setting says where to."""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version
from urllib.parse import urlsplit

import structlog
from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, StatusCode, TraceFlags

from domain.tracing import Attributes, Kind, Span, traceparent_of

_log = structlog.get_logger(__name__)

_EXPORT_SECONDS = 3.0
"""What sending one part may take, its repeats included."""
_LAST_SECONDS = 3.0
"""What sending the last spans may take when the process ends."""
_WARN_SECONDS = 60.0
"""Between two warnings that spans are lost, at least."""
_WAITING, _PART = 8192, 512
"""Spans that wait to be sent, beyond which the oldest are lost, and those that are sent at a time."""


@asynccontextmanager
async def sending_spans(url: str, *, service: str, ratio: float) -> AsyncIterator["OtelTracer"]:
    """A tracer whose spans go to the OTLP/HTTP collector at `url`; at the end the last are sent.

    `ratio` of the traces that begin here is recorded; of those that callers began, what they
    record. A collector that is away costs spans and a warning now and then, and nothing else.
    """
    # Its own lines would come with every part that is lost, and quote what was sent.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    logging.getLogger("urllib3").setLevel(logging.CRITICAL)
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(ratio)),
        resource=Resource.create({"service.name": service, "service.version": version("portico")}),
        shutdown_on_exit=False,  # which waits for a collector that hangs
    )
    processor = BatchSpanProcessor(
        _Exporter(_endpoint(url)),
        max_queue_size=_WAITING,
        schedule_delay_millis=1000,
        max_export_batch_size=_PART,
    )
    provider.add_span_processor(processor)
    try:
        yield OtelTracer(provider.get_tracer("portico"))
    finally:
        await _shut_down(provider)


def _endpoint(url: str) -> str:
    return url if urlsplit(url).path.strip("/") else f"{url.rstrip('/')}/v1/traces"


async def _shut_down(provider: TracerProvider) -> None:
    """On a thread that is left behind where the collector hangs: the process ends all the same."""
    thread = threading.Thread(target=provider.shutdown, name="last spans", daemon=True)
    thread.start()
    until = time.monotonic() + _LAST_SECONDS
    while thread.is_alive() and time.monotonic() < until:  # noqa: ASYNC110 - a thread tells no event
        await asyncio.sleep(0.02)


class _Exporter(SpanExporter):
    """Sends spans, and says now and then that it cannot."""

    def __init__(self, endpoint: str) -> None:
        self._exporter = OTLPSpanExporter(endpoint=endpoint, timeout=_EXPORT_SECONDS)
        self._warned_at = -_WARN_SECONDS
        self._lost = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        if result is not SpanExportResult.SUCCESS:
            self._lost += len(spans)
            self._warn()
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def _warn(self) -> None:
        now = time.monotonic()
        if now - self._warned_at >= _WARN_SECONDS:
            _log.warning("spans_lost", count=self._lost)
            self._warned_at, self._lost = now, 0


class _OtelSpan:
    """A span of OpenTelemetry's, as `domain.tracing` has it."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self._has_ended = False

    @property
    def traceparent(self) -> str:
        """What the next hop continues."""
        return _traceparent(self._span.get_span_context())

    def note(self, name: str, value: str | int) -> None:
        """Add an attribute."""
        self._span.set_attribute(name, value)

    def ended(self, fault: str = "") -> None:
        """How it ended."""
        if fault and not self._has_ended:
            _fail(self._span, fault)
        self._has_ended = True


class OtelTracer:
    """Makes spans of OpenTelemetry's (domain.tracing.Tracer)."""

    on = True

    def __init__(self, tracer: trace.Tracer) -> None:
        self._tracer = tracer

    @contextmanager
    def span(
        self,
        name: str,
        kind: Kind = Kind.INTERNAL,
        *,
        parent: str | None = None,
        links: Sequence[str] = (),
        attributes: Attributes | None = None,
    ) -> Iterator[Span]:
        """See `Tracer.span`."""
        linked = [context for one in links if (context := _span_context(one)) is not None]
        span = self._tracer.start_span(
            name,
            None if parent is None else _context(parent),
            SpanKind[kind.name],
            attributes,
            [Link(context) for context in linked],
        )
        shown = _OtelSpan(span)
        token = contexts.attach(trace.set_span_in_context(span))
        try:
            yield shown
        except BaseException as error:
            shown.ended(type(error).__name__)
            raise
        finally:
            contexts.detach(token)
            span.end()

    def record(
        self, name: str, kind: Kind, *, seconds: float, attributes: Attributes, fault: str = ""
    ) -> None:
        """See `Tracer.record`."""
        if not trace.get_current_span().get_span_context().is_valid:
            return
        now = time.time_ns()
        began = now - int(seconds * 1_000_000_000)
        span = self._tracer.start_span(name, None, SpanKind[kind.name], attributes, start_time=began)
        if fault:
            _fail(span, fault)
        span.end(now)

    def current(self) -> str:
        """See `Tracer.current`."""
        return _traceparent(trace.get_current_span().get_span_context())


def _fail(span: trace.Span, fault: str) -> None:
    span.set_attribute("error.type", fault)
    span.set_status(StatusCode.ERROR)


def _traceparent(context: SpanContext) -> str:
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def _context(traceparent: str) -> contexts.Context:
    """The context that `traceparent` continues; an empty one where it says nothing."""
    found, empty = _span_context(traceparent), contexts.Context()
    return empty if found is None else trace.set_span_in_context(NonRecordingSpan(found), empty)


def _span_context(traceparent: str) -> SpanContext | None:
    if not traceparent_of(traceparent):
        return None
    _, trace_id, span_id, flags = traceparent.split("-")
    return SpanContext(
        int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16))
    )
