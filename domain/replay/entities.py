"""A replay job, and what it says of each letter. All times in milliseconds since the Unix epoch."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from domain.dead_letters.entities import State, Trial
from domain.dead_letters.errors import RepairError
from domain.records import Fault, Outcome

MOST_A_PART = 400
"""Letters."""
_PARTS_A_SECOND = 4
"""Of a job with a rate, so that its letters come evenly."""
_RATES = (0.01, 1_000_000.0)
_LONGEST_RAMP = 86_400.0
_LATEST = 366 * 86_400_000


class JobState(StrEnum):
    """Where a replay job stands."""

    SCHEDULED = "scheduled"
    """No ingestor has begun it: its time has not come, or none was free."""
    RUNNING = "running"
    """Begun; if its ingestor ends, another one goes on with it."""
    PAUSED = "paused"
    """An operator holds it."""
    STOPPED = "stopped"
    """Its breaker held it: too many letters failed again."""
    CANCELLED = "cancelled"
    """An operator ended it; what it did stays."""
    DONE = "done"
    """It has tried, or refused, every letter."""

    @property
    def is_over(self) -> bool:
        """Whether it can never go on."""
        return self in (JobState.CANCELLED, JobState.DONE)


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """How a job is to run."""

    rate: float | None = None
    """Letters a second at most; None for no cap."""
    ramp: float = 0.0
    """Seconds in which the rate rises from a tenth to the whole, each time that the job is taken up."""
    start_at: int | None = None
    """When it begins; None for at once."""
    breaker: float | None = None
    """The share, 0 to 1, of the letters that were tried which may fail; None for any."""

    def require_sound(self, now: int) -> None:
        """Raises RepairError, in words."""
        if self.rate is not None and not _RATES[0] <= self.rate <= _RATES[1]:
            raise RepairError("the rate is a number of letters a second, from 0.01 to 1000000")
        if not (math.isfinite(self.ramp) and 0 <= self.ramp <= _LONGEST_RAMP):
            raise RepairError("the ramp is a number of seconds, from 0 to 86400")
        if self.ramp and self.rate is None:
            raise RepairError("a ramp needs a rate that it rises to")
        if self.start_at is not None and not now <= self.start_at <= now + _LATEST:
            raise RepairError("the time to start at is over, or more than a year ahead")
        if self.breaker is not None and not 0 <= self.breaker <= 1:
            raise RepairError("the breaker is a share, from 0 to 1")

    @property
    def part_size(self) -> int:
        """Letters in a part of the job."""
        return (
            MOST_A_PART if self.rate is None else max(1, min(MOST_A_PART, int(self.rate / _PARTS_A_SECOND)))
        )


@dataclass(frozen=True, slots=True)
class ReplayLine:
    """What became of one letter of a job."""

    letter_id: str
    state: State | None
    """The state that it was left in; None where there is no such letter any more."""
    refused: str = ""
    """Why it was not tried, in words; empty where it was."""
    trial: Trial | None = None
    """What became of its records; None where they were not tried."""

    @property
    def fault(self) -> Fault | None:
        """Why it failed again, if it did."""
        return None if self.trial is None else self.trial.fault


@dataclass(frozen=True, slots=True)
class PartLines:
    """The lines of one part of a job, in the order of its selection."""

    number: int
    """1 for the first part."""
    lines: tuple[ReplayLine, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is, in whole parts."""

    parts: int = 0
    letters: int = 0
    failed: int = 0
    """Letters that failed again."""
    refused: int = 0
    """Letters that were not tried."""
    outcomes: Mapping[Outcome, int] = field(default_factory=dict)
    """Records by outcome; none has 0."""

    @property
    def tried(self) -> int:
        """Letters that were tried."""
        return self.letters - self.refused

    def with_part(self, part: PartLines) -> "Progress":
        """With the lines of the next part."""
        trials = [line.trial for line in part.lines if line.trial is not None]
        counts = {
            outcome: self.outcomes.get(outcome, 0) + sum(trial.outcomes.get(outcome, 0) for trial in trials)
            for outcome in Outcome
        }
        return Progress(
            parts=part.number,
            letters=self.letters + len(part.lines),
            failed=self.failed + sum(trial.fault is not None for trial in trials),
            refused=self.refused + sum(line.trial is None for line in part.lines),
            outcomes={outcome: count for outcome, count in counts.items() if count},
        )


@dataclass(frozen=True, slots=True)
class ReplayJob:
    """A replay of a frozen selection."""

    id: str
    actor: str
    """Who started it; the audit names him for every letter."""
    tenant: str | None
    """The one tenant that it is of, if it was so selected."""
    selection: Mapping[str, str]
    """What was asked for, in words."""
    options: ReplayOptions
    total: int
    """Letters."""
    parts: int
    created_at: int
    due_at: int
    """When it may begin."""
    state: JobState = JobState.SCHEDULED
    revision: int = 1
    started_at: int | None = None
    """When an ingestor first took it."""
    finished_at: int | None = None
    """When it was done, stopped or cancelled."""
    waiting: str = ""
    """Why it does not go on though it is running, in words."""
    progress: Progress = field(default_factory=Progress)
    spared: tuple[int, int] = (0, 0)
    """Letters tried and failed before it was last resumed: the breaker leaves them out."""

    @property
    def went_well(self) -> bool:
        """Whether it is done, and every letter was tried and is resolved."""
        return self.state is JobState.DONE and not self.progress.failed and not self.progress.refused
