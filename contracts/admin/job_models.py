"""What the admin port's REST takes and answers about replay jobs."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from contracts.admin.models import Fault, Model, Selected, StateName, millis_of
from contracts.types import Timestamp
from domain.replay.entities import ReplayOptions

Share = Annotated[float, Field(ge=0, le=1)]
JobStateName = Literal["scheduled", "running", "paused", "stopped", "cancelled", "done"]


class StartReplay(Model):
    """Which letters are replayed, and how; at least one part of the selection besides `states`."""

    selection: Selected
    rate: Annotated[float, Field(ge=0.01, le=1_000_000)] | None = Field(
        default=None, description="Letters a second at most; no cap if not given."
    )
    ramp: float = Field(
        default=0, ge=0, le=86_400, description="Seconds in which the rate rises from a tenth to the whole."
    )
    start_at: Timestamp | None = Field(default=None, description="When it begins; at once if not given.")
    breaker: Share | None = Field(
        default=None, description="It stops where more than this share fails again."
    )

    def options(self) -> ReplayOptions:
        """As the use case takes them."""
        return ReplayOptions(self.rate, self.ramp, millis_of(self.start_at), self.breaker)


class ReplayJob(Model):
    """A replay of the letters that were selected when it was started."""

    id: str
    actor: str
    tenant: str | None
    selection: dict[str, str]
    state: JobStateName
    waiting: str = Field(description="Why it does not go on though it is running; empty where it does.")
    rate: float | None
    ramp: float
    breaker: Share | None
    total: int = Field(description="Letters.")
    letters: int = Field(description="Letters that it is through with.")
    failed: int = Field(description="Letters that failed again.")
    refused: int = Field(description="Letters that were not tried.")
    parts: int = Field(description="Its letters come in parts.")
    parts_done: int = Field(description="Parts whose lines are there.")
    outcomes: dict[str, int] = Field(description="How many records had which outcome.")
    created_at: AwareDatetime
    due_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None


class ReplayJobs(Model):
    """One page, newest first; `Link` leads to the next."""

    jobs: tuple[ReplayJob, ...]


class ReplayLine(Model):
    """What became of a letter of a job."""

    id: str
    state: StateName | None = Field(description="Null where there is no such letter any more.")
    refused: str = Field(description="Why it was not tried; empty where it was.")
    outcomes: dict[str, int] = Field(default={}, description="How many records had which outcome.")
    fault: Fault | None = Field(default=None, description="Why it failed again, if it did.")


class ReplayPart(Model):
    """The lines of one part of a job, in the order of its selection."""

    number: int = Field(ge=1)
    lines: tuple[ReplayLine, ...]


class ReplayLines(Model):
    """The parts that are done behind `after`; fewer than asked for where the job is not that far."""

    parts: tuple[ReplayPart, ...]
