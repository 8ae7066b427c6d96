"""Taking turns: A B C, A B C, ... after a warm-up of each, in one run on one machine."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.measure import Contender, Measure, Outcome, Role
from bench.processes import Reading, read, reset_peaks
from bench.world import World


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of one contender, and what the processes used meanwhile."""

    outcome: Outcome
    cpu_seconds: Mapping[str, float]
    peak_bytes: Mapping[str, int]


@dataclass(frozen=True)
class Series:
    """All turns of one contender."""

    contender: str
    role: Role
    turns: list[Turn] = field(default_factory=list)


async def take_turns(measure: Measure, world: World, say: Callable[[str], None]) -> list[Series]:
    """All that `measure` brings; `say` is told of every turn."""
    async with measure.contenders(world) as contenders:
        for one in contenders:
            await one.turn(world.effort.warm_up)
        found = [Series(one.name, one.role) for one in contenders]
        for _ in range(measure.turns or world.effort.turns):
            for one, series in zip(contenders, found, strict=True):
                turn = await _turn(one, world)
                series.turns.append(turn)
                say(f"{measure.name}: {one.name}: {turn.outcome.value:,.4g} {measure.unit}")
    return found


async def _turn(contender: Contender, world: World) -> Turn:
    processes = {**contender.processes, **world.servers}
    for pid in processes.values():
        reset_peaks(pid)
    before = _readings(processes)
    outcome = await contender.turn(world.effort.seconds)
    after = _readings(processes)
    return Turn(
        outcome,
        {name: after[name].cpu_seconds - before[name].cpu_seconds for name in processes},
        {name: after[name].peak_bytes for name in processes},
    )


def _readings(processes: Mapping[str, int]) -> dict[str, Reading]:
    return {name: read(pid) for name, pid in processes.items()}


def values(series: Series) -> Sequence[float]:
    """The values of all turns."""
    return [turn.outcome.value for turn in series.turns]
