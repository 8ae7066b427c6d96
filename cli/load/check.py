"""After a load: what became of every accepted record, asked over gRPC as an internal service asks."""

import asyncio
import time
from array import array
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from cli.load.book import Accepted, Book, Known
from cli.load.records import KINDS, Records
from gateway.grpc.pb.portico.v1.customers_pb2 import StreamCustomersRequest
from gateway.grpc.pb.portico.v1.customers_pb2_grpc import CustomersStub
from gateway.grpc.pb.portico.v1.events_pb2 import StreamEventsRequest
from gateway.grpc.pb.portico.v1.events_pb2_grpc import EventsStub
from gateway.grpc.pb.portico.v1.ingestions_pb2 import (
    DEAD,
    GetIngestionRequest,
    Ingestion,
    WaitIngestionRequest,
)
from gateway.grpc.pb.portico.v1.ingestions_pb2_grpc import IngestionsStub
from gateway.grpc.pb.portico.v1.leads_pb2 import StreamLeadsRequest
from gateway.grpc.pb.portico.v1.leads_pb2_grpc import LeadsStub
from gateway.grpc.pb.portico.v1.orders_pb2 import StreamOrdersRequest
from gateway.grpc.pb.portico.v1.orders_pb2_grpc import OrdersStub
from gateway.grpc.pb.portico.v1.reviews_pb2 import StreamReviewsRequest
from gateway.grpc.pb.portico.v1.reviews_pb2_grpc import ReviewsStub

_AT_ONCE = 32
_PAUSE = 0.25
_SETTLED = 1.5
"""Seconds after the last write in which a stream still leaves it out."""
_OUTCOMES = ("created", "updated", "unchanged", "stale", "dead")
_TRANSIENT = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}


class CheckError(Exception):
    """The check cannot be made, in words."""


@dataclass
class Findings:
    """What became of a load. Counts are of records."""

    outcomes: Counter[str] = field(default_factory=Counter)
    """By the receipts."""
    lost: list[str] = field(default_factory=list)
    """Acknowledged, and without an outcome, or not stored as the outcome says."""
    unexpected: list[str] = field(default_factory=list)
    """Stored, or dead, though nothing like it was sent."""
    duplicated: list[str] = field(default_factory=list)
    """Stored more than once."""
    drained: float = 0.0
    """Seconds from the end of the load until the last outcome."""

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.unexpected or self.duplicated)


class Check:
    """Checks the load of one run."""

    def __init__(self, channel: grpc.aio.Channel, token: str, run: str, book: Book) -> None:
        """`book` is complete: nothing is sent any more."""
        self._channel = channel
        self._metadata = (("authorization", f"Bearer {token}"),)
        self._records = Records(run)
        self._book = book

    async def run(self, begun_at: int, patience: float, progress: Callable[[int], None]) -> Findings:
        """What is found. `begun_at`, in milliseconds: nothing of the load was written before.

        Waits up to `patience` seconds for each outcome. `progress` is told the number of records whose
        outcome is known. Raises CheckError where the records cannot be read.
        """
        findings = Findings()
        begun = time.monotonic()
        remaining = iter(self._book.accepted)
        async with asyncio.TaskGroup() as readers:
            for _ in range(_AT_ONCE):
                readers.create_task(self._receipts(remaining, patience, progress, findings))
        findings.drained = time.monotonic() - begun
        await asyncio.sleep(_SETTLED)
        for kind in KINDS:
            await self._stored(kind, begun_at, findings)
        return findings

    async def _receipts(
        self, remaining: Any, patience: float, progress: Callable[[int], None], findings: Findings
    ) -> None:
        for accepted in remaining:
            receipt = await self._receipt(accepted, patience)
            progress(accepted.records)
            if receipt is None:
                findings.lost.append(f"{accepted.id}: no outcome of {accepted.records} records")
                continue
            counts = Counter({name: getattr(receipt.counts, name) for name in _OUTCOMES})
            findings.outcomes += counts
            if counts.total() != accepted.records:
                findings.lost.append(
                    f"{accepted.id}: {counts.total()} outcomes of {accepted.records} records"
                )
            dead = {result.index for result in receipt.results if result.outcome == DEAD}
            if dead != set(accepted.faulty):
                findings.unexpected.append(f"{accepted.id}: dead are {sorted(dead)}, not {accepted.faulty}")

    async def _receipt(self, accepted: Accepted, patience: float) -> Ingestion | None:
        """The receipt, once it is done; None where it is not within `patience` seconds."""
        stub = IngestionsStub(self._channel)
        name, until = f"ingestions/{accepted.id}", time.monotonic() + patience
        while True:
            try:
                found: Ingestion = await stub.GetIngestion(
                    GetIngestionRequest(name=name), metadata=self._metadata, timeout=30
                )
                if found.state != Ingestion.DONE:
                    found = await stub.WaitIngestion(
                        WaitIngestionRequest(name=name), metadata=self._metadata, timeout=35
                    )
            except grpc.aio.AioRpcError as error:
                if error.code() not in _TRANSIENT:
                    return None
                await asyncio.sleep(_PAUSE)
            else:
                if found.state == Ingestion.DONE:
                    return found
            if time.monotonic() > until:
                return None

    async def _stored(self, kind: str, begun_at: int, findings: Findings) -> None:
        """Each accepted record once, in its newest accepted version or a newer one that was sent."""
        known, seen = self._book.known[kind], _Seen()
        if not known.sent:
            return
        async for record in self._stream(kind, begun_at):
            for source in record.sources:
                try:
                    found = self._records.read(kind, source.json)
                except (ValueError, LookupError) as error:
                    findings.unexpected.append(str(error))
                    continue
                if found is not None:
                    _compare(kind, found, record.uid, known, seen, findings)
        for number, version in enumerate(known.accepted):
            if version and not seen.has(number):
                findings.lost.append(f"{kind} {number} is not stored")

    async def _stream(self, kind: str, begun_at: int) -> AsyncIterator[Any]:
        """Every record of a kind that was written since, at least once."""
        streams: dict[str, tuple[Any, Any]] = {
            "customers": (CustomersStub(self._channel).StreamCustomers, StreamCustomersRequest),
            "leads": (LeadsStub(self._channel).StreamLeads, StreamLeadsRequest),
            "orders": (OrdersStub(self._channel).StreamOrders, StreamOrdersRequest),
            "reviews": (ReviewsStub(self._channel).StreamReviews, StreamReviewsRequest),
            "events": (EventsStub(self._channel).StreamEvents, StreamEventsRequest),
        }
        method, request_type = streams[kind]
        since, token = Timestamp(), ""
        since.FromMilliseconds(begun_at)
        while True:
            request = request_type(changed_after=since, resume_token=token)
            try:
                async for batch in method(request, metadata=self._metadata):
                    records: Sequence[Any] = getattr(batch, kind)
                    for record in records:
                        yield record
                    token = batch.resume_token
            except grpc.aio.AioRpcError as error:
                if error.code() not in _TRANSIENT:
                    raise CheckError(f"{kind} cannot be read over gRPC: {error.details()}") from error
                await asyncio.sleep(_PAUSE)
            else:
                return


class _Seen:
    """Under which uid each record was seen, as a number: millions are held."""

    def __init__(self) -> None:
        self._uids = array("q")

    def has(self, number: int) -> bool:
        return number < len(self._uids) and self._uids[number] != 0

    def is_other(self, number: int, uid: str) -> bool:
        """Whether it was seen under another uid; it is seen under this one from now on."""
        if number >= len(self._uids):
            self._uids.extend([0] * (number + 1 - len(self._uids)))
        before, self._uids[number] = self._uids[number], hash(uid) or 1
        return before not in (0, self._uids[number])


def _compare(
    kind: str, found: tuple[int, int], uid: str, known: Known, seen: _Seen, findings: Findings
) -> None:
    """Hold one stored record against what is known of it."""
    number, version = found
    if seen.is_other(number, uid):
        findings.duplicated.append(f"{kind} {number} is stored more than once")
    if number >= len(known.sent) or version > known.sent[number]:
        findings.unexpected.append(f"{kind} {number} is stored in version {version}, which was never sent")
    elif number < len(known.accepted) and version < known.accepted[number]:
        findings.lost.append(f"{kind} {number} is version {version}, accepted was {known.accepted[number]}")
