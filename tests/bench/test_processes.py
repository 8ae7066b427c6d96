"""What the benchmark reads of processes."""

import os
import subprocess
from pathlib import Path

from bench.processes import read


def _own_peak() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def test_the_benchmark_itself_is_read_without_those_that_it_started() -> None:
    """A limit that it runs itself would have the store's share in its own, and be counted twice."""
    with subprocess.Popen(["sleep", "60"]) as child:
        assert read(child.pid).peak_bytes > 0
        before, found, after = _own_peak(), read(os.getpid()).peak_bytes, _own_peak()
        child.kill()

    assert before <= found <= after


def test_what_a_process_started_is_read_with_it() -> None:
    """A gateway's workers are the gateway."""
    with subprocess.Popen(["sh", "-c", "sleep 60 & echo $!; wait"], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        alone, both = read(child).peak_bytes, read(parent.pid).peak_bytes
        os.kill(child, 9)

    assert 0 < alone < both
