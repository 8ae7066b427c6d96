"""Which consumers are alive, across processes and without a clock.

A consumer keeps a lock on a file of its own for as long as it lives; the kernel drops the lock with
the process, however that ends. So the messages of a killed consumer need not wait for their lease.
"""

import fcntl
import os
from pathlib import Path
from uuid import uuid4

_MODE = 0o600


class Owner:
    """One living consumer of the queue at `path`."""

    def __init__(self, path: Path) -> None:
        self.token = uuid4().hex
        self._folder = folder_of(path)
        self._lock = -1

    def enter(self) -> None:
        """Begin to live. Raises OSError where the file cannot be made."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unnamed = self._folder / f"{self.token}.new"
        self._lock = os.open(unnamed, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, _MODE)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Named only when it is locked: others never see a living owner's file unlocked.
        unnamed.rename(self._folder / self.token)
        self._bury_the_dead()

    def leave(self) -> None:
        """Cease to live; what it still holds is anybody's."""
        (self._folder / self.token).unlink(missing_ok=True)
        os.close(self._lock)

    def is_alive(self, token: str) -> bool:
        """Whether the owner with `token` lives; the file of a dead one is removed."""
        file = self._folder / token
        try:
            lock = os.open(file, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except OSError:
            return True
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        else:
            file.unlink(missing_ok=True)
            return False
        finally:
            os.close(lock)

    def _bury_the_dead(self) -> None:
        for file in self._folder.iterdir():
            if not file.suffix:
                self.is_alive(file.name)


def folder_of(path: Path) -> Path:
    """Where the owners of the queue at `path` have their files."""
    return path.with_name(f"{path.name}-owners")
