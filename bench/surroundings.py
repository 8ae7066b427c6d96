"""What a report says of where it was made."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from bench.services import broker_version
from bench.world import World

_PARTS = ("aiohttp", "aio-pika", "motor", "pymongo", "grpcio", "pydantic", "uvloop")


def surroundings(world: World) -> dict[str, str]:
    """Machine, versions, broker and store, each in words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return {
        "run": world.effort.name,
        "machine": f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB, {platform.system()}",
        "load before the run": f"{world.load_before:.2f} (1 minute)",
        "broker": f"RabbitMQ {broker_version()}",
        "store": f"{world.store}; writes w=majority, j=true for everybody",
        "Python": f"{platform.python_version()}, {', '.join(f'{name} {version(name)}' for name in _PARTS)}",
        "Node": _node_version(),
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next(
        (line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine()
    )


def _node_version() -> str:
    return subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S607
