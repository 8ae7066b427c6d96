"""A small disk that can be full: a tmpfs of its own, where this user may mount one."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE = 1 << 30
_BALLAST = "ballast"
_BLOCK, _PIECE = 1 << 20, 1 << 12


class SmallDisk:
    """A mounted disk of SIZE bytes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fill(self) -> bool:
        """Leave nothing free; whether it worked."""
        try:
            with (self._folder / _BALLAST).open("wb", buffering=0) as file:
                os.posix_fallocate(file.fileno(), 0, max(1, shutil.disk_usage(self._folder).free - _BLOCK))
                file.seek(0, os.SEEK_END)
                while True:
                    file.write(bytes(_PIECE))
        except OSError as error:
            return error.errno == errno.ENOSPC

    def empty(self) -> None:
        """Give back what `fill` took."""
        (self._folder / _BALLAST).unlink(missing_ok=True)


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
