"""The methods of a server, made known to it as a whole."""

from collections.abc import Sequence
from typing import Any, cast

import grpc


def unregistered(server: grpc.aio.Server) -> grpc.aio.Server:
    """What generated code adds services to in place of `server`.

    It makes each method known twice. For one that is registered by itself grpcio keeps a task that waits
    for its next call, and after every call it waits anew on all those tasks together: with 45 methods a
    tenth of the CPU time of a Get. Without them, one task waits for calls of any method.
    """
    return cast(grpc.aio.Server, _Unregistered(server))


class _Unregistered:
    def __init__(self, server: grpc.aio.Server) -> None:
        self._server = server

    def add_generic_rpc_handlers(self, handlers: Sequence[Any]) -> None:
        self._server.add_generic_rpc_handlers(handlers)

    def add_registered_method_handlers(self, service: str, handlers: Any) -> None:
        """They were added already."""
