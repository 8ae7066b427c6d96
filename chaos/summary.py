"""docs/chaos: what was played, as data, and what it came to, as a page."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chaos.campaign import never_happened
from chaos.faults import EVIDENCE

_FOLDER = Path(__file__).resolve().parents[1] / "docs" / "chaos"
RECORD = _FOLDER / "campaign.jsonl"
PAGE = _FOLDER / "README.md"
_KILLS = ("kill", "crash")
_NOTE = """
A fault counts once as a kill, however many processes it kills. Times are of the machine that played, of two
cores: how long a killed process or broker takes to start is most of them. The rounds of 9123319, c87e86f and
b4b8e3c had it to themselves; the others were played beside other work, with a load average from 5 to 28, and
show what is lost, not how fast Portico is. What is lost, unexpected or doubled does not depend on
the machine.
"""
_FOUND = """
## What was found

A round in which a process ended by itself stays in the record as one with something wrong.

- Seed 2003, round 1, embedded: MongoDB's server was killed in the moment in which `portico up` was starting
  it for the first time, and `portico up` ended with status 2. Nothing was lost. It tries again now.
- Seed 2005, round 1, embedded: SIGTERM came to a process that Python was only just starting, which then ended
  by the signal and not with status 0. Nothing was lost, or in hand. A restart now waits for the first answer.
- Seed 1004, round 2, production: the campaign's own disk of 1 GiB was full of records, and MongoDB was away
  for good. The round was broken off and is not counted; the disk is larger now.
- Before any round: SecantusDB's Rust server forgets acknowledged writes without `--sync-on-commit` (above).
"""
_SOURCE = """\
# Faults

What Portico came through, written by `make chaos ARGS="--record"` from [campaign.jsonl](campaign.jsonl): a
line a round, with the seed that plays it again. Each round puts a load on a stack and faults into it; then
everything is healed, and every record that was accepted is looked for: its receipt and its stored version
over gRPC, its dead letter, receipt and identities in the store. In every second round faults of processes
overlap with those of servers and lines.

```
make chaos
make chaos ARGS="--seed 7 --rounds 4 --stack production --only kill"
make chaos ARGS="--list"
```

The totals below are sums of the lines; a test holds the page to them.

## The store

The embedded stack runs SecantusDB's Python server, as `portico up` does. So does the production stack, unless
`--store` names another server. Its Rust server (`secantusd-rs`) bears several times the load, but by default
**it acknowledges `j: true` before the write is safe**: of 154,054 acknowledged upserts 333 were lost in 25
kills (-9) of the server alone. With `--sync-on-commit` none of 404,300 were in 60 kills, so that is how it
must be started, here and wherever else its data matters:

```
make chaos ARGS="--stack production --store 'secantusd-rs --sync-on-commit'"
```
"""


def read_record() -> list[dict[str, Any]]:
    """Every round that is recorded."""
    if not RECORD.exists():
        return []
    return [json.loads(line) for line in RECORD.read_text().splitlines()]


def write_summary() -> None:
    """Write the page again, from the record."""
    PAGE.write_text(page_of(read_record()))


def page_of(results: Sequence[Mapping[str, Any]]) -> str:
    """The page about these rounds."""
    ledger, requests, happened, seen = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for one in results:
        ledger.update(one["ledger"])
        requests.update(one["requests"])
        happened.update(one["happened"])
        seen.update(one["seen"])
    kills = sum(count for fault, count in happened.items() if fault.startswith(_KILLS))
    impossible = {name: why for one in results for name, why in one["impossible"].items()}
    peaks: dict[str, int] = {}
    for one in results:
        for name, size in one["peakBytes"].items():
            peaks[name] = max(peaks.get(name, 0), size)
    facts = [
        ("rounds", f"{len(results):,}, of which with nothing wrong: {sum(one['good'] for one in results):,}"),
        ("kills and crashes", f"{kills:,}"),
        ("faults", f"{happened.total():,}"),
        ("rounds by stack", _by([one["stack"] for one in results])),
        ("rounds with a spool", f"{sum(_has_spool(one) for one in results):,}"),
        *((f"records {name}", f"{count:,}") for name, count in ledger.items()),
        ("answers", ", ".join(f"{name}: {count:,}" for name, count in sorted(requests.items()))),
        *((f"seen: {name}", f"{seen[name]:,}") for name in EVIDENCE if name in seen),
        ("resident memory at most", ", ".join(f"{k} {v >> 20} MiB" for k, v in sorted(peaks.items()))),
        ("seeds", ", ".join(map(str, sorted({one["seed"] for one in results})))),
        ("rounds by store", _by([one["versions"]["store"] for one in results])),
    ]
    rows = "\n".join(f"| {name} | {value} |" for name, value in facts)
    faults = "\n".join(f"| {name} | {count:,} |" for name, count in sorted(happened.items()))
    result = f"## Result\n\n| | |\n|---|---|\n{rows}\n\n## Times\n\n{_times(results)}"
    happening = f"| Fault | Times |\n|---|---|\n{faults}\n"
    return (
        f"{_SOURCE}\n{result}{_NOTE}{_FOUND}\n## Faults that happened\n\n{happening}"
        f"{_listed('Never happened', never_happened(results))}"
        f"{_listed('Not possible there', [f'{name}: {why}' for name, why in sorted(impossible.items())])}"
    )


def _times(results: Sequence[Mapping[str, Any]]) -> str:
    """How long it took, by commit: those of one commit were played on a machine as busy."""
    lines = [
        "| Commit | Rounds | Serving again after a fault | After the broker's return | Backlog drained |",
        "|---|---|---|---|---|",
    ]
    by_commit: dict[str, list[Mapping[str, Any]]] = {}
    for one in results:
        by_commit.setdefault(one["versions"]["portico"], []).append(one)
    for commit, rounds in by_commit.items():
        serving = [time for one in rounds for time in one["servingAgain"]]
        after_broker = [
            time
            for one in rounds
            for (fault, _), time in zip(one["faults"], one["servingAgain"], strict=False)
            if "broker" in fault
        ]
        drains = [one["drain"] for one in rounds if one["drain"] is not None]
        spreads = (_spread(serving, " s"), _spread(after_broker, " s"), _spread(drains, "-fold"))
        lines.append(f"| {commit} | {len(rounds)} | {' | '.join(spreads)} |")
    return "\n".join(lines) + "\n"


def _by(names: list[str]) -> str:
    return ", ".join(f"{name}: {count:,}" for name, count in sorted(Counter(names).items()))


def _has_spool(result: Mapping[str, Any]) -> bool:
    return result["stack"] == "production" and "PORTICO_SPOOL_BYTES" in result["arguments"]["set"]


def _spread(values: list[float], unit: str) -> str:
    if not values:
        return "not measured"
    ordered = sorted(values)
    middle, high = ordered[len(ordered) // 2], ordered[round(0.95 * (len(ordered) - 1))]
    return (
        f"median {middle:.1f}{unit}, from {ordered[0]:.1f}{unit} to {ordered[-1]:.1f}{unit}, "
        f"95 % within {high:.1f}{unit}, of {len(ordered)} times"
    )


def _listed(title: str, lines: list[str]) -> str:
    return f"\n## {title}\n\n" + "".join(f"- {line}\n" for line in lines) if lines else ""
