"""How many connections this process may hold: every one takes a file descriptor."""

import sys

import structlog

_log = structlog.get_logger(__name__)

_KEPT_BACK = 256
"""For the queue, the store, gRPC, the admin port and files."""
_LEAST = 64


def connections_within(wanted: int) -> int:
    """`wanted`, or as many as the descriptors of this process allow, whose limit is raised if need be."""
    limit = _raise_limit(wanted + _KEPT_BACK)
    if limit is None or limit >= wanted + _KEPT_BACK:
        return wanted
    bound = max(_LEAST, limit - _KEPT_BACK)
    _log.warning("connections_bounded_by_descriptors", connections=bound, wanted=wanted)
    return bound


def _raise_limit(needed: int) -> int | None:
    """The limit of open files, once it is `needed` or as near to it as allowed; None where there is none."""
    if sys.platform == "win32":
        return None
    import resource  # noqa: PLC0415 - there is none for Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return None
    if soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft
