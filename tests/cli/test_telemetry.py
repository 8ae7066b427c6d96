"""Spans are off unless asked for, as many as asked for, and never in anybody's way."""

import subprocess
import sys
import uuid
from pathlib import Path

from structlog.testing import capture_logs

from cli.telemetry import sending_spans
from tests.support.collector import collecting
from tests.support.ports import free_ports

_ROOT = Path(__file__).parents[2]
_LOADED = """
import sys, cli.commands, cli.processes, cli.run
print(*(name for name in sys.modules if name.startswith("opentelemetry")))
"""


def a_trace(*, recorded: bool) -> str:
    """A caller's `traceparent`."""
    return f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-0{int(recorded)}"


def test_nothing_of_opentelemetry_is_imported_unless_it_is_asked_for() -> None:
    """Neither by the processes nor by what they are wired from."""
    program = [sys.executable, "-c", _LOADED]
    done = subprocess.run(program, cwd=_ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert "" == done.stdout.strip()


async def test_a_share_of_the_traces_is_recorded() -> None:
    """Of those that begin here, about as many as the ratio says; of callers' traces, what they record."""
    async with collecting() as collector:
        async with sending_spans(collector.url, service="sampled", ratio=0.25) as tracer:
            for _ in range(400):
                with tracer.span("ours", parent=""):
                    pass
            for recorded in (True, False):
                with tracer.span("theirs", parent=a_trace(recorded=recorded)) as span:
                    assert f"-0{int(recorded)}" == span.traceparent[-3:]
        names = [span.name for span in collector.spans]
    assert 1 == names.count("theirs")
    assert 40 < names.count("ours") < 180  # 100, and six times what it varies by


async def test_a_share_of_nothing_records_what_callers_do() -> None:
    """With the ratio 0 no trace begins here."""
    async with collecting() as collector:
        async with sending_spans(collector.url, service="sampled", ratio=0.0) as tracer:
            with tracer.span("ours", parent=""), tracer.span("within"):
                pass
            with tracer.span("theirs", parent=a_trace(recorded=True)):
                pass
        assert ["theirs"] == [span.name for span in collector.spans]


async def test_a_collector_that_is_away_costs_one_warning() -> None:
    """However many parts are lost within a minute; the block ends all the same."""
    [port] = free_ports(1)
    with capture_logs() as logs:
        async with sending_spans(f"http://127.0.0.1:{port}", service="alone", ratio=1.0) as tracer:
            for _ in range(2000):
                with tracer.span("lost"):
                    pass
    assert ["spans_lost"] == [line["event"] for line in logs]
