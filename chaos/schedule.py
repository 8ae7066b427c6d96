"""Which faults a round has, and when: all of it follows from the campaign's seed and the round's number."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

_LONGEST_PAUSE = 1.0
_HOLD = (0.3, 2.0)


@dataclass(frozen=True, slots=True)
class Step:
    """One fault."""

    fault: str
    pause: float
    """Seconds before it."""
    hold: float
    """Seconds for which it lasts, where it is not over in a moment."""


def lanes_of_round(seed: int, number: int, faults: Sequence[Sequence[str]], steps: int) -> list[list[Step]]:
    """`steps` faults of each lane of `faults`, for the round `number` of a stack.

    Every fault of a lane comes once before any comes again. In every second round the lanes run side by
    side, so that faults overlap; in the others there is one at a time.
    """
    lanes = [
        [_step(seed, lane, place, number * steps + one) for one in range(steps)]
        for place, lane in enumerate(faults)
        if lane
    ]
    return lanes if number % 2 else [[step for lane in lanes for step in lane]]


def _step(seed: int, faults: Sequence[str], lane: int, position: int) -> Step:
    cycle, place = divmod(position, len(faults))
    order = _random(seed, "order", lane, cycle).sample(faults, len(faults))
    chance = _random(seed, "step", lane, position)
    return Step(order[place], chance.uniform(0, _LONGEST_PAUSE), chance.uniform(*_HOLD))


def _random(*words: object) -> random.Random:
    return random.Random("/".join(map(str, words)))
