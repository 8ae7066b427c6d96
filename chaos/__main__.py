"""`make chaos`: `python -m chaos --seed N --rounds K`."""

import argparse
import asyncio
import json
import random
import signal
import sys
from pathlib import Path
from typing import Any

from chaos.campaign import Options, faults_in, never_happened, play
from chaos.round import Load
from chaos.summary import RECORD, read_record, write_summary
from chaos.world import STACKS


def main() -> int:
    """Play, print each round, and fail where something was lost or never happened."""
    arguments = _arguments()
    record = RECORD if arguments.record else None
    options = Options(
        seed=arguments.seed,
        rounds=arguments.rounds,
        first=_first(record, arguments.seed),
        stacks=arguments.stack or STACKS,
        steps=arguments.faults,
        load=Load(arguments.rate, arguments.batch),
        only=arguments.only,
        settings=dict(one.split("=", 1) for one in arguments.set),
        store=arguments.store,
    )
    print(f"seed {options.seed}, rounds {options.first} to {options.rounds - 1}", flush=True)
    # A campaign that is told to end ends its servers too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    results = asyncio.run(_play(options, record))
    never = never_happened(read_record() if record else results)
    for line in never:
        print(line)
    if record:
        write_summary()
    return 0 if all(one["good"] for one in results) and not never else 1


async def _play(options: Options, record: Path | None) -> list[dict[str, Any]]:
    results = []
    async for result in play(options):
        results.append(result)
        print(_line(result), flush=True)
        if record is not None:
            with record.open("a") as file:
                file.write(json.dumps(result) + "\n")
    return results


def _line(result: dict[str, Any]) -> str:
    ledger = ", ".join(f"{name} {count}" for name, count in result["ledger"].items())
    words = [f"round {result['round']} on {result['stack']}: {ledger}"]
    words += [f"  {name}: {seconds} s" for name, seconds in result["faults"]]
    words += [f"  {name}: nothing to happen to" for name in result["missed"]]
    words += [f"  {name}: not possible here: {why}" for name, why in result["impossible"].items()]
    words += [f"  seen: {result['seen']}; serving again within {max(result['servingAgain'], default=0)} s"]
    words += [f"  a backlog was drained at {result['drain']} times the load"] if result["drain"] else []
    return "\n".join([*words, *(f"  WRONG {one}" for one in result["wrong"])])


def _first(record: Path | None, seed: int) -> int:
    """The round to go on with: after those of this seed that are recorded."""
    if record is None:
        return 0
    return 1 + max((one["round"] for one in read_record() if one["seed"] == seed), default=-1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32), help="plays the same again")
    parser.add_argument("--rounds", type=int, default=12, help="rounds of the whole campaign")
    parser.add_argument("--stack", action="append", choices=STACKS, help="both if not given")
    parser.add_argument("--faults", type=int, default=3, help="faults of each lane in a round")
    parser.add_argument("--rate", type=float, default=200.0, help="records a second")
    parser.add_argument("--batch", type=int, default=200, help="records in a request, at most")
    parser.add_argument("--only", action="append", default=[], help="faults whose name has this word")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of Portico"
    )
    parser.add_argument(
        "--store", default="", metavar="COMMAND", help="the production stack's MongoDB server, with its flags"
    )
    parser.add_argument("--record", action="store_true", help=f"append to {RECORD.name}, or go on with it")
    parser.add_argument("--list", action=_List, nargs=0, help="print the faults of each stack")
    return parser.parse_args()


class _List(argparse.Action):
    def __call__(self, *_: object) -> None:
        for stack in STACKS:
            names = [name for lane in faults_in(Options(0, 0), stack) for name in lane]
            print(f"{stack}:", *names, sep="\n  ")
        sys.exit()


if __name__ == "__main__":
    sys.exit(main())
