"""The faults by their names, in lanes: those of one lane never overlap, those of different lanes may."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from chaos import on_clients, on_processes, on_servers
from chaos.crashing import POINTS
from chaos.world import World

Fault = Callable[[World, float], Awaitable[bool]]
"""Does its worst for some seconds and repairs it. Whether it really happened."""

_PROCESSES: Mapping[str, Fault] = {
    "kill the gateway": on_processes.kill_gateway,
    "kill an ingestor": on_processes.kill_ingestor,
    "kill the ingestors with work in hand": on_processes.kill_with_work_in_hand,
    "stop the gateway": on_processes.stop_gateway,
    "stop an ingestor": on_processes.stop_ingestor,
    "restart the gateway": on_processes.restart_gateway,
    "restart an ingestor": on_processes.restart_ingestor,
    "the gateway's clock is wrong": on_processes.skew_gateway,
    "an ingestor's clock is wrong": on_processes.skew_ingestor,
    **{f"crash {point}": partial(on_processes.crash, point) for point in POINTS},
}
_SERVERS: Mapping[str, Fault] = {
    "kill mongodb": on_servers.kill_store,
    "stop mongodb": on_servers.stop_store,
    "the disk is full": on_servers.fill_disk,
}
_BETWEEN: Mapping[str, Fault] = {
    "kill the broker": on_servers.kill_broker,
    "stop the broker": on_servers.stop_broker,
    "restart the broker": on_servers.restart_broker,
    "reset the broker's connections": on_servers.reset_broker,
    "a black hole before the broker": on_servers.lose_broker,
    "lose confirms": on_servers.lose_confirms,
    "a slow line to the broker": on_servers.slow_broker,
    "the broker's memory alarm": on_servers.memory_alarm,
    "the broker's disk alarm": on_servers.disk_alarm,
    "cut the cable of an ingestor": on_servers.cut_cable,
    "mongodb refuses": on_servers.refuse_store,
    "reset mongodb's connections": on_servers.reset_store,
    "a black hole before mongodb": on_servers.lose_store,
    "a slow line to mongodb": on_servers.slow_store,
}
_CLIENTS: Mapping[str, Fault] = {
    "reset the clients' connections": on_clients.reset,
    "a black hole before the gateway": on_clients.lose,
    "answers are lost": on_clients.lose_answers,
    "clients on a slow line": on_clients.slow,
}

_EMBEDDED = {
    "kill the gateway": "kill portico",
    "stop the gateway": "stop portico",
    "restart the gateway": "restart portico",
    "the gateway's clock is wrong": "portico's clock is wrong",
}
"""One process is all of them: what is done to it is done once."""
_APART = {name for name in _PROCESSES if "an ingestor" in name or name in _EMBEDDED}


def faults_of(stack: str) -> list[Mapping[str, Fault]]:
    """The lanes of a stack."""
    if stack == "embedded":
        alone = {_EMBEDDED.get(name, name): fault for name, fault in _PROCESSES.items()}
        kept = {name: fault for name, fault in alone.items() if name not in _APART}
        return [kept, {**_SERVERS, **_CLIENTS}]
    return [_PROCESSES, {**_SERVERS, **_BETWEEN, **_CLIENTS}]


EVIDENCE: Mapping[str, tuple[str, ...]] = {
    "redelivered": ("kill the ingestors with work in hand", *(f"crash {point}" for point in POINTS[:5])),
    "repeated": ("lose confirms", "crash after a receipt", "crash before an ack"),
    "unconfirmed": ("lose confirms", "kill the broker", "a black hole before the broker"),
    "held": ("mongodb refuses",),
    "recovered": ("kill the gateway", "kill portico", "answers are lost", "lose confirms"),
}
"""What must have been seen where one of these faults happened."""
