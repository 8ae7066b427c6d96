"""The service `DeadLetters`, for operators of one tenant or of all."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from grpc import StatusCode

from domain.dead_letters.entities import Selection
from domain.dead_letters.errors import EditConflictError
from domain.dead_letters.use_case import Done
from domain.reading import Cursor
from gateway.grpc.call import current_operator
from gateway.grpc.letter_requests import (
    LETTERS,
    change_of,
    id_of,
    narrow_selection_of,
    page_size_of,
    reason_of,
    samples_of,
    selection_of,
)
from gateway.grpc.mapping import MAX_RECORD
from gateway.grpc.mapping_letters import (
    done_message,
    group_message,
    letter_message,
    letter_with_history,
    sample_message,
    whole_letter,
)
from gateway.grpc.operator_refusals import edit_conflict, plain
from gateway.grpc.pb.portico.v1 import dead_letters_pb2 as pb
from gateway.grpc.refusal import RefusedError, invalid_field
from gateway.grpc.replay_jobs import ReplayJobMethods
from gateway.paging import decode_place, encode_place


class DeadLettersService(ReplayJobMethods):
    """What an operator does with letters, and with jobs."""

    async def ListDeadLetterGroups(
        self, request: pb.ListDeadLetterGroupsRequest, context: object
    ) -> pb.ListDeadLetterGroupsResponse:
        """The groups, as many as fit into a message."""
        selection = selection_of(request.selection)
        if selection.ids:
            raise invalid_field("selection.names", "cannot select groups")
        response, room = pb.ListDeadLetterGroupsResponse(), MAX_RECORD
        for group in await self.desk().letters.groups(selection):
            message = group_message(group)
            room -= message.ByteSize()
            if room < 0:
                response.truncated = True
                break
            response.groups.append(message)
        return response

    async def ListDeadLetters(
        self, request: pb.ListDeadLettersRequest, context: object
    ) -> pb.ListDeadLettersResponse:
        """One page of letters."""
        selection, limit = selection_of(request.selection), page_size_of(request.page_size)
        listed = _listed(selection)
        after = decode_place(listed, request.page_token) if request.page_token else None
        found = await self.desk().letters.search(selection, after=after, limit=limit + 1)
        page, following = found.letters[:limit], found.next
        if len(found.letters) > limit:
            following = Cursor(page[-1].letter.first_seen, page[-1].id)
        return pb.ListDeadLettersResponse(
            dead_letters=[letter_message(kept) for kept in page],
            next_page_token="" if following is None else encode_place(listed, following),
        )

    async def GetDeadLetter(self, request: pb.GetDeadLetterRequest, context: object) -> pb.DeadLetter:
        """One letter, masked."""
        return whole_letter(await self.desk().letters.get(id_of(LETTERS, request.name)))

    async def RevealDeadLetter(
        self, request: pb.RevealDeadLetterRequest, context: object
    ) -> pb.RevealDeadLetterResponse:
        """One letter as it is; what cannot be shown is not said to have been looked at."""
        id, letters = id_of(LETTERS, request.name), self.desk().letters
        kept = await letters.get(id)
        if len(kept.letter.body) + len(kept.edited or b"") > MAX_RECORD:
            message = "the letter is too large for one message; the admin REST has it"
            raise RefusedError(StatusCode.OUT_OF_RANGE, message)
        kept = await letters.reveal(id)
        return pb.RevealDeadLetterResponse(
            dead_letter=letter_with_history(kept),
            payload=kept.payload,
            original=b"" if kept.edited is None else kept.letter.body,
            headers={plain(name): plain(value) for name, value in kept.letter.headers.items()},
        )

    async def EditDeadLetter(self, request: pb.EditDeadLetterRequest, context: object) -> pb.DeadLetter:
        """Another payload for one letter."""
        id = id_of(LETTERS, request.name)
        if request.revision < 1:
            raise invalid_field("revision", "must be the letter's revision as the editor saw it")
        try:
            return whole_letter(await self.desk().letters.edit(id, request.payload, request.revision))
        except EditConflictError as conflict:
            raise edit_conflict(conflict, whole_letter(conflict.kept)) from conflict

    async def PreviewDeadLetterPatch(
        self, request: pb.PreviewDeadLetterPatchRequest, context: object
    ) -> pb.PreviewDeadLetterPatchResponse:
        """Samples of a change."""
        selection, change = selection_of(request.selection), change_of(request.change)
        samples = samples_of(request.samples)
        response, room = pb.PreviewDeadLetterPatchResponse(), MAX_RECORD
        for sample in await self.desk().patching.preview(selection, change, samples):
            message = sample_message(sample, room)
            room -= message.ByteSize()
            response.samples.append(message)
        return response

    async def PatchDeadLetters(
        self, request: pb.PatchDeadLettersRequest, context: object
    ) -> AsyncIterator[pb.LetterResult]:
        """One change in many letters."""
        selection, change = narrow_selection_of(request.selection), change_of(request.change)
        async for message in _results(self.desk().patching.patch(selection, change)):
            yield message

    async def DryRunDeadLetters(
        self, request: pb.DryRunDeadLettersRequest, context: object
    ) -> AsyncIterator[pb.LetterResult]:
        """What a replay would do."""
        async for message in _results(self.desk().letters.dry_run(selection_of(request.selection))):
            yield message

    async def DiscardDeadLetters(
        self, request: pb.DiscardDeadLettersRequest, context: object
    ) -> AsyncIterator[pb.LetterResult]:
        """Letters given up."""
        selection, reason = narrow_selection_of(request.selection), reason_of(request)
        async for message in _results(self.desk().letters.discard(selection, reason)):
            yield message


async def _results(doing: AsyncIterator[Done]) -> AsyncIterator[pb.LetterResult]:
    async with aclosing(doing) as results:  # type: ignore[type-var]  # a generator, which can be closed
        async for done in results:
            yield done_message(done)


def _listed(selection: Selection) -> tuple[str, ...]:
    """What tells this list from others."""
    words = repr(sorted(selection.words().items()))
    return LETTERS, current_operator().tenant or "", words
