"""Putting another payload in place of a dead letter's, whoever made it: an editor or a change of many."""

from dataclasses import replace

from domain.dead_letters.entities import KeptLetter, Selection, State
from domain.dead_letters.errors import InvalidPayloadError, RepairError
from domain.dead_letters.ports import KeptLetterStore, LetterReader
from domain.dead_letters.trail import Trail, digest
from domain.dead_letters.trial import refusal_of


class Editing:
    """The guards of every edit. The original bytes, the headers and the versions always stay."""

    def __init__(self, letters: KeptLetterStore, reader: LetterReader, trail: Trail) -> None:
        """`trail` is the operator's."""
        self._letters = letters
        self._reader = reader
        self._trail = trail

    def require_editable(self, kept: KeptLetter) -> None:
        """Raises RepairError, in words, where nothing may take the place of the payload of `kept`."""
        if kept.state is not State.OPEN:
            raise RepairError(f"it is {kept.state}")
        if refusal := refusal_of(kept.letter):
            raise RepairError(refusal)
        if kept.stored_in_part:
            # Under the same version another content would never be stored, and nobody would notice.
            raise RepairError("some of its records are stored: let the sender send the others again")

    def require_taken(self, kept: KeptLetter, payload: bytes) -> None:
        """Raises InvalidPayloadError where the contract does not take `payload` for `kept`."""
        faults = self._reader.read(kept.letter, payload).faults
        if faults:
            raise InvalidPayloadError(faults)

    async def put(
        self, kept: KeptLetter, payload: bytes, action: str, selection: Selection, detail: str = ""
    ) -> KeptLetter | None:
        """`kept` with `payload`; as it is where it has that already, None where somebody else changed it
        meanwhile.

        `detail` says what made the payload, and holds nothing of it.
        Raises RepairError and InvalidPayloadError.
        """
        self.require_editable(kept)
        self.require_taken(kept, payload)
        if payload == kept.payload:
            return kept
        await self._trail.note_edit(kept, action, selection, payload, detail)
        digests = f"{digest(kept.payload)} -> {digest(payload)}"
        said = f"{detail}: {digests}" if detail else digests
        after = replace(self._trail.after(kept, action, said, State.OPEN), edited=payload)
        return await self._letters.change(kept, after)
