"""Log lines: structlog, as JSON or for people, never more than one line each."""

import logging
import sys
from typing import Literal

import structlog


def configure_logs(level: str, log_format: Literal["json", "console"] | None) -> None:
    """Send every log line, ours and the libraries', to standard error.

    JSON escapes whatever would break a line; the console form is for a terminal alone, where
    control characters are shown as escapes.
    """
    chosen = log_format or ("console" if sys.stderr.isatty() else "json")
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if chosen == "json":
        shared += [structlog.processors.dict_tracebacks]
        renderer: structlog.types.Processor = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
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
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # The libraries' own informational lines may hold addresses and payloads; ours never do.
    for library in ("aio_pika", "aiormq", "aiohttp", "grpc", "motor", "pymongo", "asyncio"):
        logging.getLogger(library).setLevel(logging.ERROR)
