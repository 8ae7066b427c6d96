"""What a running Portico says of itself on its admin port."""

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

_TIMEOUT = aiohttp.ClientTimeout(total=5)


class StatusError(Exception):
    """Nobody answered as Portico does."""


@dataclass(frozen=True, slots=True)
class Status:
    """Readiness by part, and the figures an operator asks for first."""

    ready: bool
    parts: Mapping[str, bool]
    accepted: int
    outcomes: Mapping[str, int]

    def lines(self) -> list[str]:
        """For a person to read."""
        parts = [f"  {name}: {'ready' if ready else 'not ready'}" for name, ready in self.parts.items()]
        outcomes = [f"  {name}: {count}" for name, count in self.outcomes.items()]
        return [
            "ready" if self.ready else "not ready",
            *parts,
            f"records accepted since start: {self.accepted}",
            *outcomes,
        ]


async def read_status(url: str) -> Status:
    """The status of the Portico whose admin port is at `url`. Raises StatusError."""
    try:
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
            async with session.get(f"{url}/readyz") as response:
                readiness = await response.json()
            async with session.get(f"{url}/metrics") as response:
                metrics = await response.text()
        parts = {str(name): bool(value) for name, value in readiness["parts"].items()}
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError) as error:
        raise StatusError(f"no Portico answers at {url}") from error
    accepted, outcomes = 0, dict.fromkeys(("created", "updated", "unchanged", "stale", "dead"), 0)
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            if sample.name == "portico_gateway_accepted_records_total":
                accepted += int(sample.value)
            elif sample.name == "portico_ingestor_records_total":
                outcomes[sample.labels["outcome"]] += int(sample.value)
    return Status(readiness["status"] == "ready", parts, accepted, outcomes)
