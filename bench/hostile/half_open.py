"""Clients that connect, send the beginning of a request at most, and wait."""

import errno
import json
import resource
import select
import socket
import sys
import time
from dataclasses import asdict, dataclass, field

_SOURCES = 64
"""Loopback addresses that the connections come from: one has too few ports for many thousands."""


@dataclass(frozen=True)
class Attack:
    """What to open, and what to send on it."""

    host: str
    port: int
    connections: int
    sent: str
    """The bytes of each, in Latin-1."""
    a_second: float
    """Connections opened a second."""
    watch: float
    """Seconds to watch them after the last was opened."""


@dataclass
class Held:
    """What became of the connections."""

    opened: int = 0
    refused: int = 0
    answered: int = 0
    """Connections that got bytes before their end."""
    closed: int = 0
    opening_took: float = 0.0
    """Seconds from the first connection to the last."""
    longest_life: float = 0.0
    """Seconds from a connection's bytes being sent to its end, the longest."""
    open_at_most: int = 0
    errors: dict[str, int] = field(default_factory=dict)


def raise_descriptor_limit(wanted: int) -> None:
    """Let this process open `wanted` files; as the superuser beyond the hard limit, too."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))


class HalfOpen:
    """Opens the connections of an `Attack`, and watches them end."""

    def __init__(self, attack: Attack) -> None:
        self._attack = attack
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._since: dict[int, float] = {}
        self._held = Held()

    def run(self) -> Held:
        """Open all, and watch until all are gone or the time is over."""
        attack, held = self._attack, self._held
        started = time.monotonic()
        begun = 0
        last = started
        while True:
            now = time.monotonic()
            due = min(attack.connections, int((now - started) * attack.a_second) + 1)
            while begun < due:
                self._open(begun)
                begun += 1
                last = now
            if begun == attack.connections and (not self._sockets or now > last + attack.watch):
                break
            held.open_at_most = max(held.open_at_most, len(self._since))
            for descriptor, event in self._poll.poll(0.002, 4096):
                self._turn(descriptor, event)
        held.opening_took = round(last - started, 3)
        held.longest_life = round(held.longest_life, 3)
        for one in self._sockets.values():
            one.close()
        return held

    def _open(self, number: int) -> None:
        one = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        one.bind((f"127.0.0.{2 + number % _SOURCES}", 0))
        failed = one.connect_ex((self._attack.host, self._attack.port))
        if failed not in (0, errno.EINPROGRESS):
            self._failed(OSError(failed, ""))
            one.close()
            return
        self._sockets[one.fileno()] = one
        self._poll.register(one.fileno(), select.EPOLLOUT)

    def _turn(self, descriptor: int, event: int) -> None:
        one = self._sockets[descriptor]
        try:
            if event & select.EPOLLOUT and descriptor not in self._since:
                self._since[descriptor] = time.monotonic()
                one.send(self._attack.sent.encode("latin-1"))
                self._held.opened += 1
                self._poll.modify(descriptor, select.EPOLLIN)
            elif one.recv(65536):
                self._held.answered += 1
            else:
                self._end(descriptor)
        except BlockingIOError:
            return
        except OSError as error:
            self._failed(error)
            self._end(descriptor)

    def _failed(self, error: OSError) -> None:
        name = errno.errorcode.get(error.errno or 0, "?")
        self._held.errors[name] = self._held.errors.get(name, 0) + 1

    def _end(self, descriptor: int) -> None:
        self._poll.unregister(descriptor)
        self._sockets.pop(descriptor).close()
        since = self._since.pop(descriptor, None)
        if since is not None:
            self._held.closed += 1
            self._held.longest_life = max(self._held.longest_life, time.monotonic() - since)


def main() -> None:
    """Attack as the argument says, in JSON, and print what was seen."""
    attack = Attack(**json.loads(sys.argv[1]))
    raise_descriptor_limit(attack.connections + 100)
    print(json.dumps(asdict(HalfOpen(attack).run())))


if __name__ == "__main__":
    main()
