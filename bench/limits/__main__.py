"""Runs one limit's server, by name, on a port: `python -m bench.limits body 8080`."""

import asyncio
import sys

import uvloop

from bench.limits import body, find, publish

_SERVERS = {"body": body.serve, "publish": publish.serve, "find": find.serve}


def main() -> None:
    """Serve until SIGTERM."""
    name, port = sys.argv[1], int(sys.argv[2])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_SERVERS[name](port))


if __name__ == "__main__":
    main()
