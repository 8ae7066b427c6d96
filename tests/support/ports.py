"""Ports that stay a test's own while what listens on them is stopped and started again."""

import itertools
import os
import random
import socket
from collections.abc import Iterator

_RANGE = range(10_000, 32_000)
"""Below those that the kernel gives to outgoing connections, which could take a port between two starts."""
_WORKERS = 4


def _candidates() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
    own = _RANGE[worker::_WORKERS]
    first = random.SystemRandom().randrange(len(own))  # other runs on this machine begin elsewhere
    return itertools.cycle([*own[first:], *own[:first]])


_CANDIDATES = _candidates()


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens on, that no worker of this run was given before."""
    return list(itertools.islice(filter(_is_free, _CANDIDATES), count))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
