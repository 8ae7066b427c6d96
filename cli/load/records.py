"""The records of a load: all that one says follows from the load's run, its kind, number and version."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

KINDS = ("customers", "leads", "orders", "reviews", "events")
"""What a load is mixed of, as the ODP v1 surface calls it. Customers alone have several versions."""
FAULTS = 3
"""Ways in which a record is faulty, each the same for every kind."""

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Records:
    """The records of one run, as JSON text."""

    def __init__(self, run: str) -> None:
        """`run` is in every id, so that runs never share a record."""
        self._run = run

    def text(self, kind: str, number: int, version: int) -> str:
        """A record; every version from 1 on is newer than those below it."""
        name = f"{self._run}-{number}"
        at = (_EPOCH + timedelta(seconds=version)).strftime("%Y-%m-%dT%H:%M:%SZ")
        match kind:
            case "customers":
                return (
                    f'{{"id":"{name}","externalIds":["load:{name}"],"name":"Customer {number}, v{version}",'
                    f'"contacts":{{"email":"{name}@example.com"}},"consent":{{"marketing":true}},'
                    f'"createdAt":"2026-01-01T00:00:00Z","updatedAt":"{at}"}}'
                )
            case "leads":
                return f'{{"id":"{name}","source":"campaign","status":"new"}}'
            case "orders":
                return (
                    f'{{"orderId":"{name}","customerId":"{name}","salesChannel":"app",'
                    f'"timestamps":{{"createdAt":"{at}"}}}}'
                )
            case "reviews":
                return f'{{"id":"{name}","referenceType":"order","score":4.5,"comment":"Quick and warm"}}'
            case _:
                return (
                    f'{{"eventType":"customer.updated","entityType":"customer","occurredAt":"{at}",'
                    f'"payload":{{"customerId":"{name}","load":"{name}"}}}}'
                )

    def faulty(self, kind: str, number: int) -> str:
        """A record that the contract does not take, in one of `FAULTS` ways."""
        record: dict[str, Any] = orjson.loads(self.text(kind, number, 1))
        field = list(record)[1]
        match number % FAULTS:
            case 0:
                del record[field]
            case 1:
                record[field] = {"wrong": number}
            case _:
                record[field] = None
        return orjson.dumps(record).decode()

    def read(self, kind: str, text: str) -> tuple[int, int] | None:
        """Number and version of a stored record; None for one that is not of this run.

        Raises ValueError for one of this run that says something else than was sent.
        """
        record = orjson.loads(text)
        name = str(record.get("orderId") or record.get("id") or record.get("payload", {}).get("load"))
        run, _, digits = name.rpartition("-")
        if run != self._run:
            return None
        number = int(digits)
        version = int(record["name"].rpartition("v")[2]) if kind == "customers" else 1
        if record != orjson.loads(self.text(kind, number, version)):
            raise ValueError(f"{kind} {name} is not as it was sent")
        return number, version
