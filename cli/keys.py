"""The embedded default's own keys: made at its first start, kept in its data directory."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

_BYTES = 32


def _shared_secret() -> bytes:
    return secrets.token_hex(_BYTES).encode()


def own_key(data_dir: Path, name: str, make: Callable[[], bytes] = _shared_secret) -> bytes:
    """The key called `name` in `data_dir`, made if it is not there; readable by its owner alone."""
    directory = data_dir / "keys"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / name
    if not path.exists():
        _write_once(path, make())
    return path.read_bytes()


def _write_once(path: Path, key: bytes) -> None:
    """Write `key` to `path` unless another process is first; nobody ever reads half a key."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
