"""A network of its own for one process, on a cable that can be cut: a network namespace and a veth pair."""

import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cable:
    """Between this machine and a namespace of it; both ends have link-local addresses."""

    namespace: str
    device: str
    here: str
    there: str

    @property
    def within(self) -> tuple[str, ...]:
        """What a command begins with that runs at the other end."""
        return ("ip", "netns", "exec", self.namespace)

    def cut(self) -> None:
        """Packets vanish, whatever they are; nobody is told. Raises CalledProcessError."""
        _ip("link", "set", self.device, "down")

    def mend(self) -> None:
        """Packets arrive again. Raises CalledProcessError."""
        _ip("link", "set", self.device, "up")


@contextmanager
def own_cable() -> Iterator[Cable | None]:
    """A cable; None where this user may not lay one."""
    name = secrets.token_hex(3)
    net = f"169.254.{1 + secrets.randbelow(254)}"
    cable = Cable(f"portico-{name}", f"pc{name}a", f"{net}.1", f"{net}.2")
    try:
        lay(cable, f"pc{name}b")
        laid = True
    except (subprocess.CalledProcessError, FileNotFoundError):
        laid = False
    try:
        yield cable if laid else None
    finally:
        if laid:
            _ip("netns", "delete", cable.namespace)


def lay(cable: Cable, other: str) -> None:
    """Make the namespace and the pair, the end there called `other`; or nothing at all.

    Raises CalledProcessError, and FileNotFoundError where there is no `ip`.
    """
    _ip("netns", "add", cable.namespace)
    try:
        _connect(cable, other)
    except BaseException:
        _ip("netns", "delete", cable.namespace)  # and with it the pair, of which one end is in it
        raise


def _connect(cable: Cable, other: str) -> None:
    _ip("link", "add", cable.device, "type", "veth", "peer", "name", other, "netns", cable.namespace)
    _ip("address", "add", f"{cable.here}/30", "dev", cable.device)
    _ip("link", "set", cable.device, "up")
    _ip("-n", cable.namespace, "address", "add", f"{cable.there}/30", "dev", other)
    _ip("-n", cable.namespace, "link", "set", other, "up")
    _ip("-n", cable.namespace, "link", "set", "lo", "up")


def _ip(*words: str) -> None:
    subprocess.run(("ip", *words), capture_output=True, check=True)
