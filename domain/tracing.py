"""Traces: what a request's hops are called by (W3C Trace Context), and the port that spans are made through.

Nothing here records anything. Without a tracer the hops are still passed on and logged; a span costs
one call then, and makes no object.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Protocol, Self

TRACEPARENT = "traceparent"
"""The header, in HTTP, in gRPC's metadata and in messages."""

_SHAPE = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
MOST_LINKS = 128
"""Links of one span, which is what OpenTelemetry keeps of them."""

Attributes = Mapping[str, str | int]
"""Names of OpenTelemetry's conventions, or of ours (`portico.*`); never personal data."""


class Kind(StrEnum):
    """A span's place between processes, as OpenTelemetry has it."""

    INTERNAL = "INTERNAL"
    SERVER = "SERVER"
    CLIENT = "CLIENT"
    PRODUCER = "PRODUCER"
    CONSUMER = "CONSUMER"


class Span(Protocol):
    """A piece of work, while it is done."""

    @property
    def traceparent(self) -> str:
        """What the next hop continues; empty where nothing is recorded."""

    def note(self, name: str, value: str | int) -> None:
        """Add an attribute."""

    def ended(self, fault: str = "") -> None:
        """How it ended: by `fault`, a code or the name of an error and never its text, or well.

        The first word stands: an exception that comes after it changes nothing.
        """


class Tracer(Protocol):
    """Makes spans."""

    @property
    def on(self) -> bool:
        """Whether anything is recorded: what only serves to describe a span is left out else."""

    def span(
        self,
        name: str,
        kind: Kind = Kind.INTERNAL,
        *,
        parent: str | None = None,
        links: Sequence[str] = (),
        attributes: Attributes | None = None,
    ) -> AbstractContextManager[Span]:
        """A span from entry to exit, the current one of its task in between; an exception fails it.

        `parent` and `links` are of the form `traceparent`; what is not is left out. Without a
        `parent` (None) it continues the current span, with an empty one it begins a trace.
        """

    def record(
        self, name: str, kind: Kind, *, seconds: float, attributes: Attributes, fault: str = ""
    ) -> None:
        """A span that ended just now after `seconds`, part of the current one; none where there is none."""

    def current(self) -> str:
        """The `traceparent` of this task's span; empty where there is none."""


class _Nothing:
    """The span of a tracer that records nothing, entered as often as one likes."""

    traceparent = ""

    def note(self, name: str, value: str | int) -> None:
        """Nothing."""

    def ended(self, fault: str = "") -> None:
        """Nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


_NOTHING = _Nothing()


class NoTracer:
    """Records nothing."""

    on = False

    def span(
        self,
        name: str,
        kind: Kind = Kind.INTERNAL,
        *,
        parent: str | None = None,
        links: Sequence[str] = (),
        attributes: Attributes | None = None,
    ) -> AbstractContextManager[Span]:
        """The one span that is none."""
        return _NOTHING

    def record(
        self, name: str, kind: Kind, *, seconds: float, attributes: Attributes, fault: str = ""
    ) -> None:
        """Nothing."""

    def current(self) -> str:
        """Nothing."""
        return ""


NO_TRACER: Tracer = NoTracer()


def traceparent_of(given: str | None) -> str:
    """`given`, where it is a `traceparent` that the standard takes; else nothing."""
    return given if given and _SHAPE.fullmatch(given) else ""


def trace_id_of(traceparent: str) -> str:
    """The trace's id, 32 hex digits; empty where `traceparent` is."""
    return traceparent[3:35]


def common(traces: Iterable[str]) -> tuple[str, list[str]]:
    """The `parent` and the `links` of a span for work that came by all of `traces` at once.

    Where all are the same it is a part of that trace; else it begins its own, linked to them.
    """
    distinct = list(dict.fromkeys(traces))
    if len(distinct) == 1:
        return distinct[0], []
    return "", [one for one in distinct if one][:MOST_LINKS]
