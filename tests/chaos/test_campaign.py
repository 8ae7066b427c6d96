"""A short campaign: what was accepted is stored or dead, once, as it was sent, whatever dies."""

import random
import subprocess
from pathlib import Path

import pytest

from chaos.campaign import never_happened
from chaos.faults import faults_of
from chaos.round import Load, Round
from chaos.schedule import Step, lanes_of_round
from chaos.store import StoreCommand
from chaos.world import STACKS, open_world

FAULTS = {
    "embedded": [
        "kill portico",
        "kill mongodb",
        "kill the ingestors with work in hand",
        "answers are lost",
        "restart portico",
        "crash after a write",
    ],
    "production": [
        "kill the ingestors with work in hand",
        "lose confirms",
        "kill the broker",
        "kill the gateway",
        "kill mongodb",
        "restart the gateway",
        "restart an ingestor",
        "crash after a receipt",
    ],
}
LOAD = Load(rate=40.0, largest=20)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("stack", STACKS)
async def test_nothing_is_lost(stack: str, tmp_path: Path) -> None:
    """One fault after another under load, each of them really; then every record is looked for."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    faults = {name: fault for lane in faults_of(stack) for name, fault in lane.items()}
    chance = random.Random(seed)
    lane = [Step(name, chance.uniform(0, 0.3), chance.uniform(0.3, 1.0)) for name in FAULTS[stack]]
    async with open_world(stack, tmp_path, {}) as world:
        outcome = await Round(world, f"short{seed}", seed, [lane], faults).play(LOAD)

    result = outcome.as_json()
    print(result)
    assert outcome.good
    assert dict.fromkeys(FAULTS[stack], 1) == result["happened"]
    assert [] == never_happened([result])
    ledger = result["ledger"]
    assert ledger["acknowledged"] == sum(ledger[name] for name in ("stored", "unchanged", "stale", "dead"))
    assert ledger["recovered"]


def test_a_seed_plays_the_same_again() -> None:
    """Every fault of a lane comes before one comes twice; lanes overlap in every second round."""
    faults = [["a", "b", "c"], ["x", "y"]]
    rounds = [lanes_of_round(7, number, faults, 3) for number in range(4)]

    assert rounds == [lanes_of_round(7, number, faults, 3) for number in range(4)]
    assert rounds != [lanes_of_round(8, number, faults, 3) for number in range(4)]
    assert [1, 2, 1, 2] == [len(lanes) for lanes in rounds]
    assert {"a", "b", "c"} == {step.fault for step in rounds[1][0]}
    assert {"a", "b", "c"} == {step.fault for step in rounds[0][0] if step.fault in faults[0]}


def test_what_never_happened_is_said() -> None:
    """A fault that had nothing to happen to, and one without what must follow from it."""
    result = {
        "happened": {"lose confirms": 1},
        "missed": {"kill mongodb": 2},
        "seen": {"repeated": 1, "unconfirmed": 0},
        "ledger": {"recovered": 3},
    }
    assert [
        "kill mongodb: it was due and never happened",
        "unconfirmed: never seen, though there was: lose confirms",
    ] == never_happened([result])


def test_another_server_is_started_with_its_own_flags(tmp_path: Path) -> None:
    """Found beside Python or on the path, before the flags that it is given here."""
    store = StoreCommand("echo --journal 'two words'")
    launcher = store.launcher(tmp_path)
    assert launcher
    said = subprocess.run((launcher, "--port", "1"), capture_output=True, text=True, check=True).stdout

    assert "--journal two words --port 1\n" == said
    assert StoreCommand("").launcher(tmp_path) is None
    assert StoreCommand("").version().startswith("secantusd-py ")
    with pytest.raises(FileNotFoundError, match="no-such-server is not installed"):
        StoreCommand("no-such-server").launcher(tmp_path)
