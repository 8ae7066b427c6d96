"""A small disk that can be full: a tmpfs of its own, where this user may mount one."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE = 4 << 30
"""Bytes, of which only those count that are written: more than the records of a long campaign need."""
_LEAST = 1 << 12
"""Bytes; a size of 0 would be no bound at all."""
_TRIES = 20


class SmallDisk:
    """A mounted disk of SIZE bytes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fill(self) -> bool:
        """Leave nothing free; whether it worked."""
        # What is written meanwhile makes the new size too small, which mount refuses.
        return any(self._resize(self._used()) for _ in range(_TRIES))

    def empty(self) -> None:
        """Give back what `fill` took."""
        self._resize(SIZE)

    def _used(self) -> int:
        return max(_LEAST, shutil.disk_usage(self._folder).used)

    def _resize(self, size: int) -> bool:
        return not _run("mount", "-o", f"remount,size={size}", str(self._folder))


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk | None]:
    """A disk mounted at `folder`, which is made; None where this user may not mount."""
    folder.mkdir(parents=True)
    mounted = not _run("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder))
    try:
        yield SmallDisk(folder) if mounted else None
    finally:
        if mounted:
            # Lazily: a server that is just ending may still have a file open.
            _run("umount", "--lazy", str(folder))


def _run(*command: str) -> int:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode
    except FileNotFoundError:
        return 1
