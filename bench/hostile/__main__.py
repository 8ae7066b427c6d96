"""`make hostile` and `make fuzz`: `python -m bench.hostile --only flood --share 0.1`."""

import argparse
import asyncio
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import orjson

from bench.hostile.page import page
from bench.hostile.pieces import PIECES, Attacked, Figures
from tests.support.stacks import embedded_stack

_REPORT = Path(__file__).parents[2] / "docs" / "benchmarks"


def main() -> None:
    """Run the attacks, print what was seen, and write the report."""
    arguments = _arguments()
    path = arguments.out / "hostile.json"
    results: dict[str, Figures] = orjson.loads(path.read_bytes()) if path.exists() else {}
    for name in arguments.only or PIECES:
        results[name] = asyncio.run(_run(name, arguments.share, arguments.seed))
        print(name, orjson.dumps(results[name], option=orjson.OPT_INDENT_2).decode(), flush=True)
        path.write_bytes(orjson.dumps(results, option=orjson.OPT_INDENT_2) + b"\n")
        (arguments.out / "hostile.md").write_text(page(results))


async def _run(name: str, share: float, seed: int) -> Figures:
    piece, settings = PIECES[name]
    with tempfile.TemporaryDirectory(prefix="portico-hostile-") as home:
        async with embedded_stack(Path(home), **settings) as stack:
            found = await piece(Attacked(stack, share, seed))
            failed = stack.gateway.log().count('"request_failed"')
    load = os.getloadavg()[1]
    about = f"{os.cpu_count()} cores, load {load:.1f}, {datetime.now(UTC):%Y-%m-%d}, share {share:g}"
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        about += ", scheduled before the machine's other programs (chrt)"
    return {"about": about, "settings": settings, "failures in the log": failed, "found": found}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make hostile", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=list(PIECES), help="not all attacks")
    parser.add_argument("--share", type=float, default=1.0, help="of the full numbers; 1 takes half an hour")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=_REPORT, help="where hostile.md and hostile.json go")
    return parser.parse_args()


if __name__ == "__main__":
    main()
