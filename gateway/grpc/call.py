"""What is known of the call being served: set by the interceptor, read by the services."""

import time
from contextvars import ContextVar
from dataclasses import dataclass, field

from gateway.operators import Operator

_TO_ANSWER = 0.2
"""Seconds kept for the answer."""


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated call."""

    tenant: str
    budget: float | None
    """Seconds left when the call began; None where it has no deadline."""
    _began: float = field(default_factory=time.monotonic)

    def patience(self, most: float) -> float:
        """Seconds that a wait may take: at most `most`, and the answer still comes before the deadline."""
        if self.budget is None:
            return most
        return max(0.0, min(most, self._began + self.budget - _TO_ANSWER - time.monotonic()))


_current: ContextVar[Call] = ContextVar("portico_call")
_operator: ContextVar[Operator] = ContextVar("portico_operator")


def begin(call: Call) -> None:
    """Make `call` the current one of this task; grpc runs every call in a task of its own."""
    _current.set(call)


def current() -> Call:
    """The call that this task serves. Raises LookupError outside of one."""
    return _current.get()


def begin_as(operator: Operator) -> None:
    """Make `operator` the one whom this task serves."""
    _operator.set(operator)


def current_operator() -> Operator:
    """The operator whom this task serves. Raises LookupError where it serves none."""
    return _operator.get()
