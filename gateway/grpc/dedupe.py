"""The service `DedupeCandidates`."""

from collections.abc import Sequence

from domain.duplicates import CandidateReader
from domain.reading import Cursor, Reader
from domain.receipts import DedupeCandidate
from domain.records import Entity
from gateway.grpc.call import current
from gateway.grpc.mapping_dedupe import write_candidate
from gateway.grpc.names import CUSTOMERS, segment_of
from gateway.grpc.pb.portico.v1 import dedupe_pb2 as pb
from gateway.grpc.pb.portico.v1.dedupe_pb2_grpc import DedupeCandidatesServicer
from gateway.grpc.reads import page_limit
from gateway.grpc.refusal import RefusedError
from gateway.paging import decode_place, encode_place

_PLURAL = "dedupeCandidates"


class DedupeCandidatesService(DedupeCandidatesServicer):
    """Reads of dedupe candidates, each with both customers."""

    def __init__(self, candidates: CandidateReader, reader: Reader) -> None:
        """`reader` has the customers."""
        self._candidates = candidates
        self._reader = reader

    async def GetDedupeCandidate(
        self, request: pb.GetDedupeCandidateRequest, context: object
    ) -> pb.DedupeCandidate:
        """One candidate by name."""
        found = await self._candidates.get(current().tenant, segment_of(_PLURAL, request.name))
        if found is None:
            raise RefusedError.not_found("dedupe candidate not found")
        [message] = await self._messages([found])
        return message

    async def ListDedupeCandidates(
        self, request: pb.ListDedupeCandidatesRequest, context: object
    ) -> pb.ListDedupeCandidatesResponse:
        """One page of candidates."""
        tenant, limit = current().tenant, page_limit(request.page_size)
        customer_id = CUSTOMERS.stored_id(tenant, request.customer) if request.customer else None
        listed = (_PLURAL, tenant, customer_id or "")
        after = decode_place(listed, request.page_token) if request.page_token else None
        found = await self._candidates.page(tenant, customer_id, after=after, limit=limit + 1)
        page, more = found[:limit], len(found) > limit
        return pb.ListDedupeCandidatesResponse(
            dedupe_candidates=await self._messages(page),
            next_page_token=encode_place(listed, Cursor(page[-1].seen_at, page[-1].id)) if more else "",
        )

    async def _messages(self, candidates: Sequence[DedupeCandidate]) -> list[pb.DedupeCandidate]:
        ids = {id for candidate in candidates for id in (candidate.customer_id, candidate.other_id)}
        customers = await self._reader.get_many(Entity.CUSTOMER, current().tenant, ids)
        messages = []
        for candidate in candidates:
            message = pb.DedupeCandidate(name=f"{_PLURAL}/{candidate.id}")
            write_candidate(candidate, customers, message)
            messages.append(message)
        return messages
