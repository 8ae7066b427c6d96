"""A campaign: rounds on fresh stacks, each line of its result enough to play it again."""

import platform
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

from bench.services import broker_version
from chaos.faults import EVIDENCE, faults_of
from chaos.round import Load, Round
from chaos.schedule import lanes_of_round
from chaos.store import StoreCommand
from chaos.world import STACKS, open_world


@dataclass(frozen=True, slots=True)
class Options:
    """What a campaign is made of. The same options play the same campaign."""

    seed: int
    rounds: int
    first: int = 0
    """Number of the first round: those below it were played before."""
    stacks: Sequence[str] = STACKS
    steps: int = 3
    """Faults of each lane in a round."""
    load: Load = field(default_factory=lambda: Load(rate=200.0, largest=200))
    only: Sequence[str] = ()
    """Words of which the name of a fault has one; empty: all faults."""
    rounds_a_stack: int = 6
    """Until the next stack is made, with empty disks."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of Portico, beside those that the campaign needs."""
    store: str = ""
    """The command of the production stack's MongoDB server; empty: the embedded default's."""


def faults_in(options: Options, stack: str) -> list[list[str]]:
    """The names of a stack's faults that the options allow, by lane."""
    return [
        [name for name in lane if not options.only or any(word in name for word in options.only)]
        for lane in faults_of(stack)
    ]


async def play(options: Options) -> AsyncIterator[dict[str, Any]]:
    """The result of each round, as it is over."""
    numbers = range(options.first, options.rounds)
    for place, block in groupby(numbers, lambda number: number // options.rounds_a_stack):
        stack = options.stacks[place % len(options.stacks)]
        store = StoreCommand(options.store if stack == "production" else "")
        with _home() as home:
            async with open_world(stack, home, options.settings, store) as world:
                faults = {name: fault for lane in faults_of(stack) for name, fault in lane.items()}
                for number in block:
                    lanes = lanes_of_round(
                        options.seed, _of_stack(options, number), faults_in(options, stack), options.steps
                    )
                    run = f"chaos{options.seed}r{number}"
                    one = Round(world, run, options.seed + number, lanes, faults)
                    outcome = await one.play(options.load, drain=len(lanes) == 1)
                    yield {
                        "seed": options.seed,
                        "round": number,
                        "stack": stack,
                        "overlapping": len(lanes) > 1,
                        "arguments": _arguments(options),
                        "versions": versions(stack, store),
                        **outcome.as_json(),
                    }


def _arguments(options: Options) -> dict[str, Any]:
    """What else a campaign must be called with to be played again."""
    return {
        "stack": list(options.stacks),
        "faults": options.steps,
        "rate": options.load.rate,
        "batch": options.load.largest,
        "only": list(options.only),
        "set": dict(options.settings),
        "store": options.store,
    }


@contextmanager
def _home() -> Iterator[Path]:
    """A folder that stays, for a look at the logs, where a campaign breaks off by an error."""
    home = Path(tempfile.mkdtemp(prefix="portico-chaos-"))
    broken = False
    try:
        yield home
    except Exception:
        broken = True
        print(f"the logs are in {home}")
        raise
    finally:
        if not broken:
            shutil.rmtree(home, ignore_errors=True)


def _of_stack(options: Options, number: int) -> int:
    """The number of a round among those of its stack."""
    place, within = divmod(number, options.rounds_a_stack)
    return place // len(options.stacks) * options.rounds_a_stack + within


def never_happened(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """What a campaign was to bring about and never did: faults that were due, and what must follow."""
    happened, missed, seen = Counter[str](), Counter[str](), Counter[str]()
    for result in results:
        happened.update(result["happened"])
        missed.update(result["missed"])
        seen.update({**result["seen"], "recovered": result["ledger"]["recovered"]})
    never = [f"{fault}: it was due and never happened" for fault in missed if not happened[fault]]
    return never + [
        f"{word}: never seen, though there was: {', '.join(causes)}"
        for word, faults in EVIDENCE.items()
        if (causes := [fault for fault in faults if happened[fault]]) and not seen[word]
    ]


def versions(stack: str, store: StoreCommand) -> dict[str, str]:
    """Of what was under test."""
    broker = {"rabbitmq": broker_version()} if stack == "production" else {}
    return {
        "portico": _commit(),
        "python": platform.python_version(),
        "store": store.version(),
        **broker,
    }


def _commit() -> str:
    """The commit of the checkout; Portico's version where it is none."""
    command = ("git", "rev-parse", "--short", "HEAD")
    found = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return found.stdout.strip() or version("portico")
