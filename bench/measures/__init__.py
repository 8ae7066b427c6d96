"""The rows of the table, in its order."""

from bench.measure import Measure
from bench.measures import (
    accepted_batches,
    accepted_singles,
    cpu,
    growth_get,
    growth_ingest,
    grpc_batch_get,
    grpc_get,
    grpc_stream,
    latency_at_half,
    memory,
    second_gateway,
    second_ingestor,
    stored_new,
    stored_updates,
)

MEASURES: tuple[Measure, ...] = (
    accepted_batches.MEASURE,
    accepted_singles.MEASURE,
    latency_at_half.MEASURE,
    stored_new.MEASURE,
    stored_updates.MEASURE,
    grpc_stream.MEASURE,
    grpc_get.MEASURE,
    grpc_batch_get.MEASURE,
    cpu.MEASURE,
    memory.MEASURE,
    second_gateway.MEASURE,
    second_ingestor.MEASURE,
    # The last, as they fill their store for as long as there is time.
    growth_ingest.MEASURE,
    growth_get.MEASURE,
)
