"""Dead letters out of a Portico elsewhere, and into it, over its admin REST."""

import json
from collections.abc import AsyncIterator, Sequence

from cli.remote.link import Asked, Link
from cli.remote.selections import body_of
from contracts.admin.models import NDJSON
from contracts.letter_lines import letter_of, line_of
from domain.dead_letters.entities import KeptLetter, Selection
from domain.dead_letters.errors import RepairError

_LETTERS = "dead-letters"


class RemoteTransfer:
    """Letters in files (cli.counter.Transfers)."""

    def __init__(self, link: Link) -> None:
        """`link` to the admin port."""
        self._link = link

    async def export(self, selection: Selection) -> AsyncIterator[list[KeptLetter]]:
        """What is selected, one letter at a time."""
        body = json.dumps({"selection": body_of(selection)}).encode()
        asked = Asked(f"{_LETTERS}:export", "POST", body=body)
        async for kept in self._link.raw_lines(asked, _letter_line):
            yield [kept]

    async def bring_in(self, letters: Sequence[KeptLetter], source: str) -> int:
        """Send them, in one request."""
        body = b"\n".join(line_of(kept) for kept in letters)
        headers = {"Content-Type": NDJSON}
        asked = Asked(f"{_LETTERS}:import", "POST", query={"source": source}, body=body, headers=headers)
        return await self._link.ask(asked, lambda answer: int(answer["imported"]))


def _letter_line(line: bytes) -> KeptLetter:
    try:
        return letter_of(line)
    except RepairError as error:
        raise ValueError("no line of a letter") from error
