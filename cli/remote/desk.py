"""An operator's desk at a Portico elsewhere: the use cases of his own, over its admin REST."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from cli.remote.link import Asked, Link
from cli.remote.readings import done_of, group_of, job_of, letter_of, part_of, sample_of, whole_of
from cli.remote.selections import body_of, query_of
from cli.remote.transfer import RemoteTransfer
from contracts.exact_json import write_json
from contracts.letter_changes import PayloadChange
from domain.clock import from_millis
from domain.dead_letters.entities import Found, Group, KeptLetter, Selection
from domain.dead_letters.errors import RepairError
from domain.dead_letters.patching import Sample
from domain.dead_letters.use_case import Done
from domain.reading import Cursor
from domain.replay.entities import PartLines, ReplayJob, ReplayOptions

_LETTERS, _JOBS = "dead-letters", "replay-jobs"
_MOST_A_PAGE = 200
_MOST_PARTS = 50


class RemoteLetters:
    """Dead letters (cli.counter.Letters)."""

    def __init__(self, link: Link) -> None:
        """`link` to the admin port."""
        self._link = link

    async def groups(self, selection: Selection) -> list[Group]:
        """The groups with letters in `selection`, the largest first. Raises RepairError."""
        if selection.ids:
            raise RepairError("groups are not selected by id")
        asked = Asked("dead-letter-groups", query=query_of(selection))
        return await self._link.ask(asked, lambda body: [group_of(view) for view in body["groups"]])

    async def search(self, selection: Selection, *, after: Cursor | None, limit: int) -> Found:
        """At most `limit` of `selection` behind the id of `after`, and where to go on."""
        found: list[KeptLetter] = []
        last = None if after is None else after.id
        while True:
            size = min(limit - len(found), _MOST_A_PAGE)
            asked = _page(_LETTERS, last, size, query_of(selection))
            letters, last = await self._link.ask(asked, _letters_of)
            found += letters
            # A short page with more behind it: it looked at all that one answer may look at.
            if last is None or len(letters) < size or len(found) == limit:
                return Found(tuple(found), None if last is None else Cursor(0, last))

    async def get(self, id: str) -> KeptLetter:
        """The dead letter `id`, masked. Raises NoSuchLetterError."""
        return await self._link.ask(_one(_LETTERS, id), lambda view: whole_of(view, revealed=False))

    async def reveal(self, id: str) -> KeptLetter:
        """The dead letter `id`, with its personal data. Raises NoSuchLetterError."""
        asked = _one(_LETTERS, id, query={"reveal": "true"})
        return await self._link.ask(asked, lambda view: whole_of(view, revealed=True))

    def dry_run(self, selection: Selection) -> AsyncIterator[Done]:
        """What a replay would do now."""
        return self._link.lines(_post(f"{_LETTERS}:dry-run", {"selection": body_of(selection)}), done_of)

    async def edit(self, id: str, payload: bytes, revision: int) -> KeptLetter:
        """Put `payload` in place. Raises as the use case."""
        headers = {"If-Match": f'"{revision}"'}
        asked = _one(_LETTERS, id, "/payload", method="PUT", body=payload, headers=headers)
        return await self._link.ask(asked, lambda view: whole_of(view, revealed=False))

    def discard(self, selection: Selection, reason: str) -> AsyncIterator[Done]:
        """Give letters up."""
        body = {"selection": body_of(selection), "reason": reason}
        return self._link.lines(_post(f"{_LETTERS}:discard", body), done_of)


class RemotePatching:
    """Changes of many letters (cli.counter.Patches)."""

    def __init__(self, link: Link) -> None:
        """`link` to the admin port."""
        self._link = link

    async def preview(
        self, selection: Selection, change: PayloadChange, samples: int = 5, *, reveal: bool = False
    ) -> list[Sample]:
        """What `change` would make of samples; masked without `reveal`."""
        options = {"preview": True, "samples": samples, "reveal": reveal}
        return await self._link.ask(
            _patch(selection, change, options),
            lambda body: [sample_of(view, revealed=reveal) for view in body["samples"]],
        )

    def patch(self, selection: Selection, change: PayloadChange) -> AsyncIterator[Done]:
        """Change the payloads."""
        return self._link.lines(_patch(selection, change, {}), done_of)


class RemoteJobs:
    """Replay jobs (cli.counter.Jobs)."""

    def __init__(self, link: Link) -> None:
        """`link` to the admin port."""
        self._link = link

    async def start(self, selection: Selection, options: ReplayOptions | None = None) -> ReplayJob:
        """A new job. Raises RepairError."""
        options = options or ReplayOptions()
        start_at = None if options.start_at is None else from_millis(options.start_at).isoformat()
        body = {"rate": options.rate, "ramp": options.ramp, "startAt": start_at, "breaker": options.breaker}
        return await self._link.ask(_post(_JOBS, {"selection": body_of(selection), **body}), job_of)

    async def get(self, id: str) -> ReplayJob:
        """The job `id`. Raises NoSuchJobError."""
        return await self._link.ask(_one(_JOBS, id), job_of)

    async def page(self, *, after: Cursor | None, limit: int) -> list[ReplayJob]:
        """At most `limit` jobs after `after`."""
        found: list[ReplayJob] = []
        last = None if after is None else after.id
        while len(found) < limit:
            size = min(limit - len(found), _MOST_A_PAGE)
            jobs = await self._link.ask(_page(_JOBS, last, size, {}), _jobs_of)
            found += jobs
            if len(jobs) < size:
                break
            last = jobs[-1].id
        return found

    async def lines(self, id: str, *, after: int = 0, limit: int = 20) -> list[PartLines]:
        """The parts behind number `after`, of as many as one answer has."""
        query = {"after": str(after), "pageSize": str(min(limit, _MOST_PARTS))}
        asked = _one(_JOBS, id, "/lines", query=query)
        return await self._link.ask(asked, lambda body: [part_of(view) for view in body["parts"]])

    async def pause(self, id: str) -> ReplayJob:
        """Hold a job. Raises NoSuchJobError and JobStateError."""
        return await self._change(id, "pause")

    async def resume(self, id: str) -> ReplayJob:
        """Let a job go on. Raises NoSuchJobError and JobStateError."""
        return await self._change(id, "resume")

    async def cancel(self, id: str) -> ReplayJob:
        """End a job for good. Raises NoSuchJobError and JobStateError."""
        return await self._change(id, "cancel")

    async def _change(self, id: str, act: str) -> ReplayJob:
        return await self._link.ask(_one(_JOBS, id, f"/{act}", method="POST"), job_of)


@dataclass(frozen=True, slots=True)
class RemoteDesk:
    """The desk (cli.counter.Desk)."""

    letters: RemoteLetters
    patching: RemotePatching
    jobs: RemoteJobs
    transfer: RemoteTransfer


def remote_desk(link: Link) -> RemoteDesk:
    """The desk over `link`."""
    return RemoteDesk(RemoteLetters(link), RemotePatching(link), RemoteJobs(link), RemoteTransfer(link))


def _letters_of(body: Any) -> tuple[list[KeptLetter], str | None]:
    return [letter_of(view) for view in body["letters"]], body["next"]


def _jobs_of(body: Any) -> list[ReplayJob]:
    return [job_of(view) for view in body["jobs"]]


def _page(path: str, after: str | None, size: int, query: dict[str, str | list[str]]) -> Asked:
    place = {"pageSize": str(size), **({} if after is None else {"after": after})}
    return Asked(path, about=after or "", query={**query, **place})


def _patch(selection: Selection, change: PayloadChange, options: dict[str, Any]) -> Asked:
    body = {"selection": body_of(selection), **change.asked, **options}
    return Asked(f"{_LETTERS}:patch", "POST", body=write_json(body))


def _post(path: str, body: dict[str, Any]) -> Asked:
    return Asked(path, "POST", body=json.dumps(body).encode())


def _one(path: str, id: str, below: str = "", **asked: Any) -> Asked:
    return Asked(f"{path}/{quote(id, safe='', errors='replace')}{below}", about=id, **asked)
