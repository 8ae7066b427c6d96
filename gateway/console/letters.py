"""The pages about dead letters: groups of one cause, lists, and each letter by itself."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import quote

from aiohttp import web

from contracts.masking import MASK
from domain.dead_letters.entities import KeptLetter, Selection, State
from domain.dead_letters.errors import EditConflictError, InvalidPayloadError, RepairError
from domain.reading import Cursor
from gateway.console.payloads import difference, editable, entered, lines_of
from gateway.console.render import led_to
from gateway.console.selections import of_letter, query_of, selection_of
from gateway.console.visit import Admit, Visit, status_of
from gateway.operators import READ, REPAIR
from gateway.paging import InvalidCursorError, decode_place, encode_place

_PAGE = 50
_INLINE = 64 * 1024
"""Bytes of payloads that are laid out on the loop; more would hold up everybody."""


class LetterPages:
    """What an operator sees of dead letters, and edits in them."""

    def routes(self, admit: Admit) -> list[web.RouteDef]:
        """The pages (PageGroup)."""
        one = "/console/letters/{id}"
        return [
            web.get("/console/groups", admit(READ, self.groups)),
            web.get("/console/letters", admit(READ, self.listing)),
            web.get(one, admit(READ, self.letter)),
            web.post(f"{one}/reveal", admit(REPAIR, self.reveal)),
            web.post(f"{one}/edit", admit(REPAIR, self.edit)),
        ]

    async def groups(self, visit: Visit) -> web.Response:
        """The causes, the largest first."""
        selection = selection_of(visit.request)
        groups = await visit.desk.letters.groups(selection)
        queries = [_of_group(selection, group.tenant, group.fingerprint) for group in groups]
        return visit.page(
            "groups.html",
            groups=list(zip(groups, queries, strict=True)),
            total=sum(group.count for group in groups),
        )

    async def listing(self, visit: Visit) -> web.Response:
        """Letters of a selection, oldest first, a page at a time."""
        selection = selection_of(visit.request)
        listed = ("console-letters", query_of(selection))
        found = await visit.desk.letters.search(selection, after=_after(visit, listed), limit=_PAGE)
        more = "" if found.next is None else query_of(selection, after=encode_place(listed, found.next))
        return visit.page(
            "letters.html",
            letters=found.letters,
            first=query_of(selection) if "after" in visit.request.query else "",
            more=more,
        )

    async def letter(self, visit: Visit) -> web.Response:
        """One letter, its personal data masked."""
        return await _letter(visit, await visit.desk.letters.get(visit.request.match_info["id"]))

    async def reveal(self, visit: Visit) -> web.Response:
        """One letter as it is, to be edited: that is audited."""
        kept = await visit.desk.letters.reveal(visit.request.match_info["id"])
        return await _letter(visit, kept, reveal=True)

    async def edit(self, visit: Visit) -> web.StreamResponse:
        """Put the edited payload in place of the letter's; what is wrong with it is said beside it."""
        id, text = visit.request.match_info["id"], visit.form.get("payload", [""])[0]
        try:
            revision, kept = _revision(visit), await visit.desk.letters.get(id)
            payload = await asyncio.to_thread(entered, text, kept.payload)
            await visit.desk.letters.edit(id, payload, revision)
        except (EditConflictError, InvalidPayloadError) as error:
            # The editor has seen this letter already, but not what somebody else made of it.
            kept = await visit.desk.letters.reveal(id)
            words = f"{error}."
            return await _letter(visit, kept, reveal=True, status=status_of(error), words=words, text=text)
        return led_to(f"/console/letters/{quote(id, safe='')}")


def _revision(visit: Visit) -> int:
    try:
        return int(visit.field("revision"))
    except ValueError as error:
        raise RepairError("the form names no revision") from error


async def _letter(
    visit: Visit,
    kept: KeptLetter,
    *,
    reveal: bool = False,
    status: int = 200,
    words: str = "",
    text: str | None = None,
) -> web.Response:
    payloads = partial(_payloads, kept, text, reveal=reveal)
    is_large = len(kept.letter.body) + len(kept.payload) > _INLINE
    return visit.page(
        "letter.html",
        status=status,
        kept=kept,
        headers=dict(kept.letter.headers) if reveal else dict.fromkeys(kept.letter.headers, MASK),
        query_of_letter=of_letter(kept.id),
        query_of_group=_of_group(Selection(), kept.letter.tenant, kept.fingerprint),
        revealed=reveal,
        words=words,
        is_open=kept.state is State.OPEN,
        **(await asyncio.to_thread(payloads) if is_large else payloads()),
    )


def _payloads(kept: KeptLetter, text: str | None, *, reveal: bool) -> dict[str, Any]:
    """The payload, what was edited in it, and what the editor, who was refused, sent."""
    edited = kept.edited
    return {
        "lines": lines_of(kept.payload, "" if _is_mended(kept) else kept.letter.pointer, reveal=reveal),
        "changes": None if edited is None else difference(kept.letter.body, edited, reveal=reveal),
        "own_changes": []
        if text is None
        else difference(kept.payload, text.encode("utf-8", "replace"), reveal=reveal),
        "text": (text if text is not None else editable(kept.payload)) if reveal else "",
    }


def _is_mended(kept: KeptLetter) -> bool:
    """Whether its payload was changed since it failed last, or is stored."""
    is_changed = bool(kept.history) and kept.history[-1].action in ("edit", "patch")
    return is_changed or kept.state is State.RESOLVED


def _of_group(selection: Selection, tenant: str, fingerprint: str) -> str:
    return query_of(replace(selection, tenant=tenant, fingerprint=fingerprint))


def _after(visit: Visit, listed: Sequence[str]) -> Cursor | None:
    """Where the list goes on. Raises RepairError."""
    token = visit.request.query.get("after")
    try:
        return decode_place(listed, token) if token else None
    except InvalidCursorError as error:
        raise RepairError(str(error)) from error
