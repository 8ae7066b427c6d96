"""The methods of the service `DeadLetters` that are about replay jobs."""

import asyncio
from collections.abc import AsyncIterator

from domain.clock import system_clock
from domain.dead_letters.desk import Desk, OpenDesk
from domain.reading import Cursor
from domain.replay.entities import ReplayLine
from gateway.grpc.call import current_operator
from gateway.grpc.letter_requests import JOBS, id_of, narrow_selection_of, options_of, page_size_of
from gateway.grpc.mapping_jobs import job_message, line_message
from gateway.grpc.pb.portico.v1 import dead_letters_pb2 as pb
from gateway.grpc.pb.portico.v1.dead_letters_pb2_grpc import DeadLettersServicer
from gateway.paging import decode_place, encode_place

LOOK_SECONDS = 0.5
"""How often a watched job is looked at."""
_PARTS_AT_ONCE = 10
"""Of a job's lines."""


class ReplayJobMethods(DeadLettersServicer):
    """What an operator does with jobs."""

    def __init__(self, open_desk: OpenDesk) -> None:
        """`open_desk` opens the desk of each call's operator."""
        self._open_desk = open_desk

    def desk(self) -> Desk:
        """The desk of the operator whom this call serves."""
        operator = current_operator()
        return self._open_desk(operator.subject, operator.tenant)

    async def ReplayDeadLetters(self, request: pb.ReplayDeadLettersRequest, context: object) -> pb.ReplayJob:
        """Start a job."""
        selection = narrow_selection_of(request.selection)
        options = options_of(request.options, system_clock)
        return job_message(await self.desk().jobs.start(selection, options))

    async def ListReplayJobs(
        self, request: pb.ListReplayJobsRequest, context: object
    ) -> pb.ListReplayJobsResponse:
        """One page of jobs."""
        limit, listed = page_size_of(request.page_size), (JOBS, current_operator().tenant or "")
        after = decode_place(listed, request.page_token) if request.page_token else None
        found = await self.desk().jobs.page(after=after, limit=limit + 1)
        page, more = found[:limit], len(found) > limit
        return pb.ListReplayJobsResponse(
            replay_jobs=[job_message(job) for job in page],
            next_page_token=encode_place(listed, Cursor(page[-1].created_at, page[-1].id)) if more else "",
        )

    async def GetReplayJob(self, request: pb.GetReplayJobRequest, context: object) -> pb.ReplayJob:
        """One job."""
        return job_message(await self.desk().jobs.get(id_of(JOBS, request.name)))

    async def ListReplayResults(
        self, request: pb.ListReplayResultsRequest, context: object
    ) -> pb.ListReplayResultsResponse:
        """One page of what became of a job's letters."""
        id, limit, desk = id_of(JOBS, request.name), page_size_of(request.page_size), self.desk()
        listed = (JOBS, id)
        after = decode_place(listed, request.page_token) if request.page_token else Cursor(1, "0")
        job = await desk.jobs.get(id)
        lines, place = await _lines(desk, id, after, limit)
        is_last = job.state.is_over and place.at > job.progress.parts
        return pb.ListReplayResultsResponse(
            results=[line_message(line) for line in lines],
            next_page_token="" if is_last else encode_place(listed, place),
        )

    async def WatchReplayJob(
        self, request: pb.WatchReplayJobRequest, context: object
    ) -> AsyncIterator[pb.ReplayJob]:
        """The job, again and again, until it is over."""
        id, desk, seen = id_of(JOBS, request.name), self.desk(), 0
        while True:
            job = await desk.jobs.get(id)
            if job.revision != seen:
                seen = job.revision
                yield job_message(job)
            if job.state.is_over:
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def PauseReplayJob(self, request: pb.PauseReplayJobRequest, context: object) -> pb.ReplayJob:
        """Hold a job."""
        return job_message(await self.desk().jobs.pause(id_of(JOBS, request.name)))

    async def ResumeReplayJob(self, request: pb.ResumeReplayJobRequest, context: object) -> pb.ReplayJob:
        """Let a job go on."""
        return job_message(await self.desk().jobs.resume(id_of(JOBS, request.name)))

    async def CancelReplayJob(self, request: pb.CancelReplayJobRequest, context: object) -> pb.ReplayJob:
        """End a job."""
        return job_message(await self.desk().jobs.cancel(id_of(JOBS, request.name)))


async def _lines(desk: Desk, id: str, after: Cursor, limit: int) -> tuple[list[ReplayLine], Cursor]:
    """At most `limit` lines from a place on, and the next place: a part, and how many of its lines came."""
    found: list[ReplayLine] = []
    part, told = after.at, int(after.id)
    while parts := await desk.jobs.lines(id, after=part - 1, limit=_PARTS_AT_ONCE):
        for one in parts:
            rest = one.lines[told:]
            room = limit - len(found)
            found += rest[:room]
            if len(rest) > room:
                return found, Cursor(one.number, str(told + room))
            part, told = one.number + 1, 0
        if len(found) == limit:
            break
    return found, Cursor(part, str(told))
