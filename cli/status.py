"""What a running Portico says of itself on its admin port."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from domain.records import Outcome

_TIMEOUT = aiohttp.ClientTimeout(total=5)
_LEDGER = "portico_ledger_"


class StatusError(Exception):
    """Nobody answered as Portico does."""


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """The ledger's last 24 hours of one tenant and operation, in records."""

    tenant: str
    operation: str
    accepted: int
    outcomes: dict[str, int]
    in_flight: int
    unexplained: int


@dataclass(frozen=True, slots=True)
class Status:
    """Readiness by part, and the figures an operator asks for first."""

    ready: bool
    parts: Mapping[str, bool]
    details: Mapping[str, str]
    """How parts stand, in words, where that is more than ready or not."""
    accepted: int
    outcomes: Mapping[str, int]
    ledger: tuple[LedgerLine, ...]
    """Empty where nothing was accepted, or where another process keeps the books."""

    @property
    def unexplained(self) -> int:
        """Records that the ledger misses."""
        return sum(line.unexplained for line in self.ledger)

    @property
    def good(self) -> bool:
        """Whether nobody needs to do anything."""
        return self.ready and not self.unexplained

    def lines(self) -> list[str]:
        """For a person to read; the ledger is a table beside them."""
        parts = [f"  {name}: {'ready' if ready else 'not ready'}" for name, ready in self.parts.items()]
        details = [f"  {name}: {words}" for name, words in self.details.items()]
        outcomes = [f"  {name}: {count}" for name, count in self.outcomes.items()]
        return [
            "ready" if self.ready else "not ready",
            *parts,
            *details,
            f"records accepted since start: {self.accepted}",
            *outcomes,
        ]

    def ledger_rows(self) -> Iterator[list[str]]:
        """The cells of the ledger's table, under `LEDGER_COLUMNS`."""
        for line in self.ledger:
            counts = (line.accepted, *line.outcomes.values(), line.in_flight, line.unexplained)
            yield [line.tenant, line.operation, *map(str, counts)]

    def as_json(self) -> dict[str, Any]:
        """For a program to read."""
        return asdict(self)


LEDGER_COLUMNS = ("tenant", "operation", "accepted", *Outcome, "in flight", "unexplained")


async def read_status(url: str) -> Status:
    """The status of the Portico whose admin port is at `url`. Raises StatusError."""
    try:
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
            async with session.get(f"{url}/readyz") as response:
                readiness = await response.json()
            async with session.get(f"{url}/metrics") as response:
                metrics = await response.text()
        parts = {str(name): bool(value) for name, value in readiness["parts"].items()}
        details = {str(name): str(words) for name, words in readiness.get("details", {}).items()}
    except (
        aiohttp.ClientError,
        TimeoutError,
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
    ) as error:
        raise StatusError(f"no Portico answers at {url}") from error
    accepted, outcomes = 0, {outcome.value: 0 for outcome in Outcome}
    samples = [one for family in text_string_to_metric_families(metrics) for one in family.samples]
    for sample in samples:
        if sample.name == "portico_gateway_accepted_records_total":
            accepted += int(sample.value)
        elif sample.name == "portico_ingestor_records_total":
            outcomes[sample.labels["outcome"]] += int(sample.value)
    return Status(readiness["status"] == "ready", parts, details, accepted, outcomes, _ledger(samples))


def _ledger(samples: Iterable[Sample]) -> tuple[LedgerLine, ...]:
    lines: defaultdict[tuple[str, str], dict[str, Sample]] = defaultdict(dict)
    for sample in samples:
        if sample.name.startswith(_LEDGER):
            name = sample.name.removeprefix(_LEDGER).removesuffix("_records")
            place = (sample.labels["tenant"], sample.labels["operation"])
            lines[place][sample.labels.get("outcome", name)] = sample
    return tuple(_line(*place, found) for place, found in sorted(lines.items()))


def _line(tenant: str, operation: str, found: Mapping[str, Sample]) -> LedgerLine:
    counts = {name: int(sample.value) for name, sample in found.items()}
    return LedgerLine(
        tenant,
        operation,
        counts.get("accepted", 0),
        {outcome.value: counts.get(outcome.value, 0) for outcome in Outcome},
        counts.get("in_flight", 0),
        counts.get("unexplained", 0),
    )
