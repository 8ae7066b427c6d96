"""`make hostile` and `make fuzz`: `python -m bench.hostile --stack production --only flood --share 0.1`."""

import argparse
import asyncio
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import orjson

from bench.hostile.attacked import STACKS, Attacked, running
from bench.hostile.page import page
from bench.hostile.pieces import PIECES, Figures
from bench.services import MissingError

_REPORT = Path(__file__).parents[2] / "docs" / "benchmarks"


def main() -> None:
    """Run the attacks, print what was seen, and write the report."""
    arguments = _arguments()
    arguments.out.mkdir(parents=True, exist_ok=True)
    path = arguments.out / "hostile.json"
    results: dict[str, dict[str, Figures]] = orjson.loads(path.read_bytes()) if path.exists() else {}
    for name in arguments.only or PIECES:
        try:
            result = asyncio.run(_run(name, arguments.stack, arguments.share, arguments.seed))
        except MissingError as error:
            raise SystemExit(str(error)) from error
        results.setdefault(arguments.stack, {})[name] = result
        print(name, orjson.dumps(result, option=orjson.OPT_INDENT_2).decode(), flush=True)
        path.write_bytes(orjson.dumps(results, option=orjson.OPT_INDENT_2) + b"\n")
        (arguments.out / "hostile.md").write_text(page(results))


async def _run(name: str, stack: str, share: float, seed: int) -> Figures:
    piece, settings = PIECES[name]
    with tempfile.TemporaryDirectory(prefix="portico-hostile-") as home:
        async with running(stack, Path(home), settings) as (portico, services):
            found = await piece(Attacked(portico, share, seed))
            failed = portico.gateway.log().count('"request_failed"')
    load = os.getloadavg()[1]
    about = f"{os.cpu_count()} cores, load {load:.1f}, {datetime.now(UTC):%Y-%m-%d}, share {share:g}"
    if services:
        about += f", {services}"
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        about += ", scheduled before the machine's other programs (chrt)"
    return {"about": about, "settings": settings, "failures in the log": failed, "found": found}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make hostile", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=list(PIECES), help="not all attacks")
    parser.add_argument("--stack", choices=list(STACKS), default="embedded", help="what is attacked")
    parser.add_argument("--share", type=float, default=1.0, help="of the full numbers; 1 takes half an hour")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=_REPORT, help="where hostile.md and hostile.json go")
    return parser.parse_args()


if __name__ == "__main__":
    main()
