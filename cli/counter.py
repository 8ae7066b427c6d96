"""What commands about dead letters ask of an operator's desk, wherever the letters are."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from contracts.letter_changes import PayloadChange
from domain.dead_letters.entities import Found, Group, KeptLetter, Selection
from domain.dead_letters.patching import Sample
from domain.dead_letters.use_case import Done
from domain.reading import Cursor
from domain.replay.entities import PartLines, ReplayJob, ReplayOptions


class Letters(Protocol):
    """As `domain.dead_letters.use_case.DeadLetters` has it."""

    async def groups(self, selection: Selection) -> list[Group]:
        """The groups with letters in `selection`."""

    async def search(self, selection: Selection, *, after: Cursor | None, limit: int) -> Found:
        """At most `limit` of `selection` after `after`, and where to go on."""

    async def get(self, id: str) -> KeptLetter:
        """The dead letter `id`."""

    async def reveal(self, id: str) -> KeptLetter:
        """The dead letter `id`, with its personal data."""

    def dry_run(self, selection: Selection) -> AsyncIterator[Done]:
        """What a replay would do now."""

    async def edit(self, id: str, payload: bytes, revision: int) -> KeptLetter:
        """Put `payload` in place."""

    def discard(self, selection: Selection, reason: str) -> AsyncIterator[Done]:
        """Give letters up."""


class Patches(Protocol):
    """As `domain.dead_letters.patching.Patching` has it."""

    async def preview(
        self, selection: Selection, change: PayloadChange, samples: int = 5, *, reveal: bool = False
    ) -> list[Sample]:
        """What `change` would make of samples."""

    def patch(self, selection: Selection, change: PayloadChange) -> AsyncIterator[Done]:
        """Change the payloads."""


class Transfers(Protocol):
    """As `domain.dead_letters.transfer.Transfer` has it."""

    def export(self, selection: Selection) -> AsyncIterator[list[KeptLetter]]:
        """What is selected, in parts, with its personal data."""

    async def bring_in(self, letters: Sequence[KeptLetter], source: str) -> int:
        """Keep those of `letters` whose ids nobody has; how many that were."""


class Jobs(Protocol):
    """As `domain.replay.use_case.ReplayJobs` has it."""

    async def start(self, selection: Selection, options: ReplayOptions | None = None) -> ReplayJob:
        """A new job."""

    async def get(self, id: str) -> ReplayJob:
        """The job `id`."""

    async def page(self, *, after: Cursor | None, limit: int) -> list[ReplayJob]:
        """At most `limit` jobs after `after`."""

    async def lines(self, id: str, *, after: int = 0, limit: int = 20) -> list[PartLines]:
        """The parts behind number `after`, `limit` at most; none where the job is not that far."""

    async def pause(self, id: str) -> ReplayJob:
        """Hold a job."""

    async def resume(self, id: str) -> ReplayJob:
        """Let a job go on."""

    async def cancel(self, id: str) -> ReplayJob:
        """End a job."""


class Desk(Protocol):
    """One operator's."""

    @property
    def letters(self) -> Letters:
        """Dead letters."""

    @property
    def patching(self) -> Patches:
        """Changes of many."""

    @property
    def jobs(self) -> Jobs:
        """Replays."""

    @property
    def transfer(self) -> Transfers:
        """Letters in files."""
