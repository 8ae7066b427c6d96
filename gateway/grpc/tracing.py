"""The trace of a call: continued from the caller's metadata, and in every log line."""

from collections.abc import Mapping
from contextlib import AbstractContextManager

import structlog
from grpc import StatusCode

from domain.tracing import NO_TRACER, TRACEPARENT, Kind, Span, Tracer, trace_id_of, traceparent_of

_OUR_FAULTS = frozenset(
    {
        *(StatusCode.UNKNOWN, StatusCode.DEADLINE_EXCEEDED, StatusCode.UNIMPLEMENTED),
        *(StatusCode.INTERNAL, StatusCode.UNAVAILABLE, StatusCode.DATA_LOSS),
    }
)
"""Status codes that OpenTelemetry's conventions call failures of the server."""


def traced(tracer: Tracer, method: str, metadata: Mapping[str, str]) -> AbstractContextManager[Span]:
    """The span of a call of the full method name `method`."""
    given = traceparent_of(metadata.get(TRACEPARENT))
    if not tracer.on:
        if given:
            structlog.contextvars.bind_contextvars(trace_id=trace_id_of(given))
        return NO_TRACER.span("")
    service, _, name = method.lstrip("/").partition("/")
    attributes = {"rpc.system": "grpc", "rpc.service": service, "rpc.method": name}
    return tracer.span(f"{service}/{name}", Kind.SERVER, parent=given, attributes=attributes)


def began(span: Span) -> None:
    """Log lines of the call name the span's trace from here on."""
    if span.traceparent:
        structlog.contextvars.bind_contextvars(trace_id=trace_id_of(span.traceparent))


def ended(span: Span, code: StatusCode) -> None:
    """The call is answered with `code`."""
    number: int = code.value[0]
    span.note("rpc.grpc.status_code", number)
    span.ended(code.name if code in _OUR_FAULTS else "")
