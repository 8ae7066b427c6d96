"""Where a running `portico up` has its embedded MongoDB and its admin port, for commands beside it."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from storage.embedded import EmbeddedMongo

ADMIN = "admin"
"""The directory, within the data directory, that the admin port's URL is announced in."""
_FILE = "url"


@contextmanager
def announced(directory: Path, url: str) -> Iterator[None]:
    """Keep `url` in a file of `directory` while the block runs.

    The file is locked for as long, and the system lets go of the lock however this process ends:
    one that nobody holds is of no use, whatever server has its port by now.
    """
    import fcntl  # noqa: PLC0415 - Windows has none, and no embedded server either

    directory.mkdir(parents=True, exist_ok=True)
    path = directory / _FILE
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate()
        file.write(url)
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def find_url(directory: Path) -> str | None:
    """The URL that a running process announces in `directory`; None where there is none."""
    import fcntl  # noqa: PLC0415 - as above

    with suppress(FileNotFoundError), (directory / _FILE).open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return file.read() or None
    return None


@asynccontextmanager
async def embedded_mongo(data_dir: Path) -> AsyncIterator[str]:
    """The URL of the embedded MongoDB of `data_dir`: that of a running process, else of one started
    for the block. Raises StoreSetupError."""
    directory = data_dir / "mongodb"
    url = find_url(directory)
    if url is not None:
        yield url
        return
    async with EmbeddedMongo(directory) as mongo:
        yield mongo.url
