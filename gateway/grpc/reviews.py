"""The service `Reviews`."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from gateway.grpc.mapping import write_bounded
from gateway.grpc.mapping_records import write_review
from gateway.grpc.pb.portico.v1 import reviews_pb2 as pb
from gateway.grpc.pb.portico.v1.reviews_pb2_grpc import ReviewsServicer
from gateway.grpc.reads import Reads
from gateway.grpc.requests import occurrence_arguments, stream_start


class ReviewsService(ReviewsServicer):
    """Reads of reviews."""

    def __init__(self, reads: Reads) -> None:
        """`reads` are those of reviews."""
        self._reads = reads

    async def GetReview(self, request: pb.GetReviewRequest, context: object) -> pb.Review:
        """One review by name."""
        return (await self._reads.get(request.name)).instead_of(pb.Review)

    async def BatchGetReviews(
        self, request: pb.BatchGetReviewsRequest, context: object
    ) -> pb.BatchGetReviewsResponse:
        """Several reviews by name."""
        found = await self._reads.batch_get(request.names, request.allow_missing)
        return found.instead_of(pb.BatchGetReviewsResponse)

    async def ListReviews(self, request: pb.ListReviewsRequest, context: object) -> pb.ListReviewsResponse:
        """One page of reviews."""
        arguments = occurrence_arguments(request, merchant_id=request.merchant_id, order_id=request.order_id)
        page, token = await self._reads.page(arguments)
        response = pb.ListReviewsResponse(next_page_token=token)
        for stored in page:
            write_bounded(stored, write_review, response.reviews.add())
        return response

    async def StreamReviews(
        self, request: pb.StreamReviewsRequest, context: object
    ) -> AsyncIterator[pb.StreamReviewsResponse]:
        """Batches of what changed."""
        async with aclosing(self._reads.stream(*stream_start(request))) as batches:
            async for batch in batches:
                yield batch.instead_of(pb.StreamReviewsResponse)
