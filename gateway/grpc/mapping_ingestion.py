"""Receipts as messages."""

from domain.receipts import Receipt, RecordResult
from domain.records import Outcome
from gateway.grpc.mapping import set_millis
from gateway.grpc.pb.portico.v1 import ingestions_pb2 as pb

_OUTCOMES = {
    Outcome.CREATED: pb.CREATED,
    Outcome.UPDATED: pb.UPDATED,
    Outcome.UNCHANGED: pb.UNCHANGED,
    Outcome.STALE: pb.STALE,
    Outcome.DEAD: pb.DEAD,
}


def ingestion_message(ingestion_id: str, receipt: Receipt | None) -> pb.Ingestion:
    """An ingestion: done where it has its receipt, queued where not."""
    name = f"ingestions/{ingestion_id}"
    if receipt is None:
        return pb.Ingestion(name=name, uid=ingestion_id, state=pb.Ingestion.QUEUED)
    message = pb.Ingestion(
        name=name,
        uid=ingestion_id,
        state=pb.Ingestion.DONE,
        operation=receipt.operation,
        counts=pb.OutcomeCounts(**{outcome: receipt.counts.get(outcome, 0) for outcome in Outcome}),
        results=[_result(result) for result in receipt.results],
    )
    set_millis(message.accept_time, receipt.accepted_at)
    set_millis(message.done_time, receipt.done_at)
    return message


def _result(result: RecordResult) -> pb.RecordResult:
    return pb.RecordResult(
        index=result.index,
        outcome=_OUTCOMES[result.outcome],
        code=result.code,
        message=result.message,
        pointer=result.pointer,
        record=result.record_id,
    )
