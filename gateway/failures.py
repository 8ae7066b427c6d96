"""A bug of ours: logged once with an opaque id, which is all that the caller is told."""

import secrets
import traceback

import structlog

_log = structlog.get_logger("portico.gateway")
_MAX_FRAMES = 40


def log_failure(error: BaseException) -> str:
    """Log an unexpected error; returns the id that it is logged with.

    The log has the types and the code lines of the error and its causes. It does not have their
    messages: those of a parser or a driver quote the data they choke on.
    """
    error_id = f"err_{secrets.token_hex(8)}"
    _log.error("request_failed", error_id=error_id, causes=[_describe(one) for one in _chain(error)])
    return error_id


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or current.__context__
    return chain


def _describe(error: BaseException) -> dict[str, object]:
    frames = traceback.extract_tb(error.__traceback__)[-_MAX_FRAMES:]
    return {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
