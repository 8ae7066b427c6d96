"""The service `Ingestions`."""

from domain.ingestion_id import IngestionIds
from domain.ports import ReceiptStore
from domain.receipts import Receipt
from gateway.grpc.call import current
from gateway.grpc.mapping_ingestion import ingestion_message
from gateway.grpc.names import segment_of
from gateway.grpc.pb.portico.v1 import ingestions_pb2 as pb
from gateway.grpc.pb.portico.v1.ingestions_pb2_grpc import IngestionsServicer
from gateway.grpc.refusal import RefusedError, invalid
from gateway.receipts import ReceiptWatcher

MAX_WAIT = 30.0
"""Seconds that WaitIngestion waits, at most."""


class IngestionsService(IngestionsServicer):
    """Receipts, and the wait for them."""

    def __init__(self, receipts: ReceiptStore, watcher: ReceiptWatcher, ids: IngestionIds) -> None:
        """`ids` tells the tenant's ingestions from all others, without a database."""
        self._receipts = receipts
        self._watcher = watcher
        self._ids = ids

    async def GetIngestion(self, request: pb.GetIngestionRequest, context: object) -> pb.Ingestion:
        """The ingestion as it stands now."""
        ingestion_id = self._verified(request.name)
        return ingestion_message(ingestion_id, await self._receipt(ingestion_id))

    async def WaitIngestion(self, request: pb.WaitIngestionRequest, context: object) -> pb.Ingestion:
        """The ingestion once it is done, or when the wait is over."""
        ingestion_id = self._verified(request.name)
        wait = current().patience(_wait(request))
        receipt = await self._receipt(ingestion_id)
        if receipt is None and wait:
            receipt = await self._watcher.wait(ingestion_id, wait)
        return ingestion_message(ingestion_id, receipt)

    async def _receipt(self, ingestion_id: str) -> Receipt | None:
        return (await self._receipts.get_many([ingestion_id])).get(ingestion_id)

    def _verified(self, name: str) -> str:
        ingestion_id = segment_of("ingestions", name)
        if not self._ids.verify(current().tenant, ingestion_id):
            raise RefusedError.not_found("ingestion not found")
        return ingestion_id


def _wait(request: pb.WaitIngestionRequest) -> float:
    if not request.HasField("timeout"):
        return MAX_WAIT
    seconds = request.timeout.seconds + request.timeout.nanos / 1e9
    if seconds < 0:
        raise invalid("timeout must not be negative")
    return min(MAX_WAIT, seconds)
