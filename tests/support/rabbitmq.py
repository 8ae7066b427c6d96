"""A private RabbitMQ node: its own ports, data, cookie and epmd, gone when the test is."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self
from uuid import uuid4

from tests.support.ports import free_ports

_SCRIPTS = (Path("/usr/lib/rabbitmq/bin"), Path("/usr/local/lib/rabbitmq/bin"), Path("/opt/rabbitmq/sbin"))
_INSTALL = "The tests run a real RabbitMQ: install it (Debian: apt-get install rabbitmq-server)."
_CONFIG = """\
loopback_users.guest = true
disk_free_limit.absolute = 1MB
"""
_PATIENCE = 90.0


class RabbitNode:
    """One RabbitMQ server on 127.0.0.1, started by `start` and killed or stopped by pid.

    Its data outlives `kill` and `stop`; `close` removes it.
    """

    def __init__(self) -> None:
        self._scripts = _find_scripts()
        self._home = Path(tempfile.mkdtemp(prefix="portico-rabbit-"))
        self.port, self._distribution_port, self._epmd_port = free_ports(3)
        self._epmd: subprocess.Popen[bytes] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._environment = self._make_environment()

    @property
    def url(self) -> str:
        """Where the node listens, for an AMQP client."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    @property
    def pid(self) -> int:
        """The server's process id, while it runs."""
        assert self._server is not None
        return self._server.pid

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start, and return when AMQP answers. Raises RuntimeError with the log where it does not."""
        if self._epmd is None:
            self._epmd = self._spawn("epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1")
        self._server = self._spawn(str(self._scripts / "rabbitmq-server"))
        deadline = time.monotonic() + _PATIENCE
        while not self._answers():
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"RabbitMQ did not start:\n{self._log()}")
            time.sleep(0.05)

    def is_running(self) -> bool:
        """Whether the server runs."""
        return self._server is not None and self._server.poll() is None

    def kill(self) -> None:
        """End the server as a power cut would (SIGKILL)."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Shut the server down in order."""
        self._end(signal.SIGTERM)

    def close(self) -> None:
        """End the server and the epmd, and remove their data."""
        self.kill()
        if self._epmd is not None:
            self._epmd.kill()
            self._epmd.wait()
            self._epmd = None
        shutil.rmtree(self._home, ignore_errors=True)

    def control(self, *arguments: str) -> None:
        """Run `rabbitmqctl` with `arguments` against this node."""
        command = [str(self._scripts / "rabbitmqctl"), "--node", self._environment["RABBITMQ_NODENAME"]]
        subprocess.run(
            [*command, *arguments], env=self._environment, check=True, capture_output=True, timeout=_PATIENCE
        )

    def _end(self, with_signal: signal.Signals) -> None:
        if self._server is not None:
            self._server.send_signal(with_signal)
            self._server.wait(_PATIENCE)
            self._server = None

    def _spawn(self, *command: str) -> subprocess.Popen[bytes]:
        with (self._home / "output").open("ab") as output:
            return subprocess.Popen(
                command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._home,
            )

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"AMQP\x00\x00\x09\x01")
                return bool(connection.recv(1))
        except OSError:
            return False

    def _log(self) -> str:
        return (self._home / "output").read_text(errors="replace")[-4000:]

    def _make_environment(self) -> dict[str, str]:
        config = self._home / "rabbitmq.conf"
        config.write_text(_CONFIG)
        plugins = self._home / "enabled_plugins"
        plugins.write_text("[].\n")
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self._home),  # the Erlang cookie's place
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"portico{uuid4().hex[:8]}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": str(self._home / "data"),
            "RABBITMQ_LOG_BASE": str(self._home / "log"),
            "RABBITMQ_PID_FILE": str(self._home / "pid"),
            "RABBITMQ_CONFIG_FILE": str(config),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +A 16",
            # The script then becomes the server itself, so that the pid we know is the server's.
            "detached": "true",
        }


def _find_scripts() -> Path:
    """Where RabbitMQ's own scripts are; the ones on PATH may insist on another user."""
    for folder in _SCRIPTS:
        if (folder / "rabbitmq-server").exists():
            return folder
    on_path = shutil.which("rabbitmq-server")
    if on_path is None:
        raise RuntimeError(_INSTALL)
    return Path(on_path).parent
