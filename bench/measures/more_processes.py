"""What is asked of a second process: nothing where it has no core to run on."""

import os

from bench.measure import Target

ONE = "one alone"
_CORES = 5
"""Two of Portico's processes, broker, store and generator."""


def target_of_two() -> Target:
    """1.8 times one alone, on a machine with the cores."""
    return Target(ONE, 1.8 if (os.cpu_count() or 1) >= _CORES else None)
