"""What replay jobs ask of the store, and of the process that runs them."""

from collections.abc import Sequence
from typing import Protocol

from domain.dead_letters.entities import Reference
from domain.reading import Cursor
from domain.replay.entities import PartLines, ReplayJob


class JobStore(Protocol):
    """Replay jobs of all tenants. Every method may raise StoreUnavailableError."""

    async def put_parts(self, job_id: str, first: int, parts: Sequence[Sequence[Reference]]) -> None:
        """Keep parts of the selection of a job that is not kept yet, from the number `first` on."""

    async def put(self, job: ReplayJob) -> None:
        """Keep a new job, all of whose parts are kept."""

    async def get(self, id: str) -> ReplayJob | None:
        """The job `id`, of whatever tenant."""

    async def page(self, tenant: str | None, *, after: Cursor | None, limit: int) -> list[ReplayJob]:
        """At most `limit` jobs after `after`, by creation and id, newest first; None is any tenant."""

    async def due(self, now: int, limit: int) -> list[ReplayJob]:
        """At most `limit` jobs that are running or are to be begun by `now`."""

    async def change(self, before: ReplayJob, after: ReplayJob) -> ReplayJob | None:
        """`after`, one revision on; None, and nothing changed, where it has another than `before`."""

    async def part(self, job_id: str, number: int) -> list[Reference]:
        """The letters of a part that is kept."""

    async def keep_lines(self, job_id: str, part: PartLines) -> PartLines:
        """The lines of a part as they are kept: those that were kept first."""

    async def lines(self, job_id: str, numbers: Sequence[int]) -> list[PartLines]:
        """The lines of those parts that have them, in order."""


class Hold(Protocol):
    """The right to run a job, which a process has for a while and renews."""

    @property
    def is_held(self) -> bool:
        """Whether nobody else can have it."""

    @property
    def goes_on(self) -> bool:
        """Whether it is held, and the process has not been asked to end."""
