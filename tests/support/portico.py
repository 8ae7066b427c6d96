"""Portico's own processes, started as a user starts them, and a client for them."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.support.ports import free_ports

COMMAND = Path(sys.executable).with_name("portico")
_PATIENCE = 60.0
SECRETS = {
    "PORTICO_JWT_KEY": "a-key-for-tests-that-is-long-enough-for-hs256",
    "PORTICO_INGESTION_SECRET": "a-secret-for-tests",
}
ALL_SCOPES = "od.crm"


@dataclass
class PorticoProcess:
    """One `portico` process, on the same ports however often it is started."""

    command: str
    home: Path
    environment: Mapping[str, str]
    ports: list[int] = field(default_factory=lambda: free_ports(3))
    process: Process | None = None
    program: Sequence[str] = (str(COMMAND),)
    """What `command` is a command of."""
    within: Sequence[str] = ()
    """What it is started by, where it does not run beside the test."""
    host: str = "127.0.0.1"
    """Where its health and metrics are."""

    @property
    def url(self) -> str:
        """Where REST is."""
        return f"http://127.0.0.1:{self.ports[0]}"

    @property
    def grpc(self) -> str:
        """Where gRPC is."""
        return f"127.0.0.1:{self.ports[1]}"

    @property
    def admin(self) -> str:
        """Where health and metrics are."""
        return f"http://{self.host}:{self.ports[2]}"

    @property
    def pid(self) -> int:
        """The process id."""
        assert self.process is not None
        return self.process.pid

    def log(self) -> str:
        """Everything it has written."""
        return (self.home / f"{self.command}.log").read_text(errors="replace")

    async def start(self, *, ready: bool = True) -> None:
        """Start it, and wait until it is ready."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith("PORTICO_")}
        rest, grpc, admin = map(str, self.ports)
        own = {
            "PORTICO_PORT": rest,
            "PORTICO_GRPC_PORT": grpc,
            "PORTICO_ADMIN_HOST": self.host,
            "PORTICO_ADMIN_PORT": admin,
            "PORTICO_DATA_DIR": str(self.home / "data"),
            "PORTICO_LOG_FORMAT": "json",
        }
        with (self.home / f"{self.command}.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.within,
                *self.program,
                self.command,
                cwd=self.home,
                env={**plain, **SECRETS, **own, **self.environment},
                stdout=log,
                stderr=log,
            )
        if ready:
            await self.wait_ready()

    async def wait_ready(self, patience: float = _PATIENCE) -> None:
        """Return when `/readyz` says so; fail with the log if the process ends first."""
        assert self.process is not None
        async with asyncio.timeout(patience), aiohttp.ClientSession() as session:
            while True:
                assert self.process.returncode is None, self.log()
                try:
                    async with session.get(f"{self.admin}/readyz") as response:
                        if response.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()

    async def terminate(self) -> int:
        """SIGTERM, and the exit status once it has drained."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(_PATIENCE):
            return await self.process.wait()

    async def close(self) -> None:
        """End it, however it stands."""
        if self.process is not None and self.process.returncode is None:
            await self.kill()


async def token(tenant: str = "acme", scope: str = ALL_SCOPES, *arguments: str) -> str:
    """A token, as `portico token` prints it."""
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        "token",
        "--tenant",
        tenant,
        "--scope",
        scope,
        *arguments,
        env={**os.environ, **SECRETS},
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return printed.decode().strip()


@dataclass
class Client:
    """A client of surface A, with one tenant's token."""

    session: aiohttp.ClientSession
    url: str
    token: str

    async def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        """POST `body` as JSON; the status and the JSON answered."""
        async with self.session.post(self.url + path, json=body, headers=self._headers(headers)) as response:
            return response.status, await response.json()

    async def get(self, path: str, **headers: str) -> tuple[int, Any]:
        """GET; the status and the JSON answered."""
        async with self.session.get(self.url + path, headers=self._headers(headers)) as response:
            return response.status, await response.json()

    def _headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return {"Authorization": f"Bearer {self.token}", **named}


@asynccontextmanager
async def client_of(url: str, tenant: str = "acme", scope: str = ALL_SCOPES) -> AsyncIterator[Client]:
    """A client of the Portico at `url`."""
    async with aiohttp.ClientSession() as session:
        yield Client(session, url, await token(tenant, scope))
