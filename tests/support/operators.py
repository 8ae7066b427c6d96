"""An operator at a terminal beside a running Portico."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cli.test_commands import run
from tests.support.portico import Client
from tests.support.stacks import Stack

FAULTS: dict[str, dict[str, Any]] = {
    "REQUIRED": {"name": ...},
    "INVALID_TYPE": {"externalIds": "app:1"},
    "INVALID_TIMESTAMP": {"updatedAt": "yesterday"},
}
"""Three ways in which a customer is faulty, by the reason code."""


@dataclass
class Operator:
    """Somebody who types `portico dead-letters`."""

    home: Path
    settings: dict[str, str]
    name: str = "ana"

    @classmethod
    def beside(cls, stack: Stack, home: Path) -> "Operator":
        """One who works in `home`, on the machine of `stack`."""
        return cls(home, stack.beside)

    async def types(self, command: str, *arguments: str) -> tuple[int | None, str, str]:
        """Exit status, standard output and standard error."""
        return await run("dead-letters", command, *arguments, cwd=self.home, **self.settings)

    async def sees(self, command: str, *arguments: str, status: int = 0) -> Any:
        """The JSON that a command prints."""
        found, out, err = await self.types(command, *arguments, "--json")
        assert status == found, err
        return json.loads(out)

    async def does(self, command: str, *arguments: str, status: int = 0) -> Any:
        """The JSON that a command prints which names who does it."""
        return await self.sees(command, *arguments, "--actor", self.name, status=status)


async def posted(client: Client, *customers: dict[str, Any]) -> dict[str, int]:
    """The counts of the receipt of a lenient batch of `customers`."""
    answer = await client.post(
        "/v1/customer/customers:ingest",
        {"customers": customers},
        Prefer="handling=lenient, wait=30",
    )
    assert 202 == answer[0], answer
    _, receipt = await client.get(f"/v1/ingestions/{answer[1]['correlationId']}", Prefer="wait=30")
    assert "done" == receipt["status"]
    return {outcome: count for outcome, count in receipt["counts"].items() if count}
