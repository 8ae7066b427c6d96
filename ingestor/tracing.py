"""What log lines and spans say of the ingestions in work."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import structlog

from domain.tracing import NO_TRACER, Attributes, Kind, Span, Tracer, common, trace_id_of
from messaging.envelope import Ingestion


def names_of(ingestion: Ingestion) -> dict[str, str]:
    """What a log line says of an ingestion."""
    names = {"ingestion": ingestion.id, "tenant": ingestion.tenant}
    return {**names, "trace_id": trace_id_of(ingestion.trace)} if ingestion.trace else names


@contextmanager
def named(*ingestions: Ingestion) -> Iterator[None]:
    """Log lines of the block name the ingestion, where it is one."""
    names = names_of(ingestions[0]) if len(ingestions) == 1 else {}
    # Not by bound_contextvars, which takes six times as long: every small batch passes here.
    before = structlog.contextvars.bind_contextvars(**names)
    try:
        yield
    finally:
        structlog.contextvars.reset_contextvars(**before)


def processing(tracer: Tracer, ingestions: Sequence[Ingestion]) -> AbstractContextManager[Span]:
    """The span of a batch. It continues the trace of its ingestions; where several meet, it begins one
    of its own, linked to them."""
    if not tracer.on:
        return NO_TRACER.span("")
    parent, links = common(one.trace for one in ingestions)
    attributes: Attributes = {
        "messaging.operation.type": "process",
        "messaging.batch.message_count": len(ingestions),
    }
    return tracer.span("process ingestions", Kind.CONSUMER, parent=parent, links=links, attributes=attributes)


def decoding(tracer: Tracer, ingestion: Ingestion) -> AbstractContextManager[Span]:
    """The span of one ingestion's decoding, always in its own trace: linked to a batch that is in another."""
    if not tracer.on:
        return NO_TRACER.span("")
    name = f"decode {ingestion.operation}"
    attributes = {"portico.ingestion": ingestion.id, "portico.tenant": ingestion.tenant}
    batch = tracer.current()
    if not ingestion.trace or trace_id_of(batch) == trace_id_of(ingestion.trace):
        return tracer.span(name, attributes=attributes)
    return tracer.span(name, Kind.CONSUMER, parent=ingestion.trace, links=[batch], attributes=attributes)
