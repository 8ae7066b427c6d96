"""Log lines: structlog, as JSON or for people, never more than one line each."""

import asyncio
import logging
import sys
from typing import Any, Literal

import structlog
from structlog.processors import ExceptionRenderer
from structlog.tracebacks import ExceptionDictTransformer

_log = structlog.get_logger(__name__)

_trace = ExceptionDictTransformer(show_locals=False)


def configure_logs(level: str, log_format: Literal["json", "console"] | None) -> None:
    """Send every log line, ours and the libraries', to standard error.

    JSON escapes whatever would break a line; the console form is for a terminal alone, where
    control characters are shown as escapes. An exception is logged by its type and code lines: its
    message, and the values of variables, may hold personal data.
    """
    chosen = log_format or ("console" if sys.stderr.isatty() else "json")
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if chosen == "json":
        shared += [ExceptionRenderer(_causes)]
        renderer: structlog.types.Processor = structlog.processors.JSONRenderer()
    else:
        shared += [ExceptionRenderer(lambda exc_info: str(_causes(exc_info)))]
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        # What is not logged costs next to nothing: the hot path has lines for those who ask for them.
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.captureWarnings(capture=True)  # which Python would print as they are
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # The libraries' own informational lines may hold addresses and payloads; ours never do.
    for library in ("aiohttp", "grpc", "motor", "pymongo", "asyncio"):
        logging.getLogger(library).setLevel(logging.ERROR)
    # These log a traceback at every outage of the broker, of which our own line tells already.
    for library in ("aio_pika", "aiormq"):
        logging.getLogger(library).setLevel(logging.CRITICAL)


def log_loop_fault(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what asyncio found nobody to tell; its own words would quote the exception."""
    _log.error("fault_nobody_handled", what=context["message"], exc_info=context.get("exception"))


def _causes(exc_info: Any) -> list[dict[str, Any]]:
    """The exception and what caused it."""
    return [
        {
            "type": one["exc_type"],
            "frames": [f"{frame['filename']}:{frame['lineno']} {frame['name']}" for frame in one["frames"]],
        }
        for one in _trace(exc_info)
    ]
