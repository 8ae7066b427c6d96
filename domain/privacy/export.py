"""Everything that is kept of a person, as one JSON document (LGPD art. 18, GDPR art. 15 and 20)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from enum import Enum
from typing import Any

from domain.clock import Clock, from_millis
from domain.dead_letters.ports import AuditStore
from domain.facts import Fact
from domain.loyalty.entries import LedgerEntry
from domain.privacy.bodies import parsed
from domain.privacy.notes import audit_entry
from domain.privacy.ports import TombstoneStore
from domain.privacy.search import RECORDS, LetterTrace, Search, Sources, person_of
from domain.receipts import Receipt
from domain.records import Stored

Json = dict[str, Any]


class ExportPerson:
    """What one operator gives out."""

    def __init__(
        self, sources: Sources, tombstones: TombstoneStore, audit: AuditStore, clock: Clock, actor: str
    ) -> None:
        """`actor` is who the audit names; `tombstones` have the salt of the digest in it."""
        self._sources = sources
        self._tombstones = tombstones
        self._audit = audit
        self._clock = clock
        self._actor = actor

    async def __call__(self, tenant: str, name: str) -> Json | None:
        """All that is kept of the person called `name`, each list in the order of its ids.

        None where there is nothing. The same store gives the same document. Raises AmbiguousKeyError,
        TransientError.
        """
        person, customer = await person_of(self._sources, tenant, name)
        search = Search(self._sources, person)
        records = {
            f"{entity}s": [_record(one) async for page in search.records(entity) for one in page]
            for entity in RECORDS
        }
        deliveries = [
            {"id": one.id, "endpoint": one.endpoint_id, "type": one.type, "body": _content(one.body)}
            async for page in search.deliveries()
            for one in page
        ]
        letters = [_letter(trace) async for trace in search.letters()]
        found: Mapping[str, Sequence[Json]] = {
            "identityKeys": [one._asdict() for one in await search.keys()] if customer else [],
            "dedupeCandidates": [_plain(asdict(one)) for one in await search.candidates()]
            if customer
            else [],
            **records,
            "loyaltyEntries": [_entry(one) for one in await search.points()] if customer else [],
            "webhookDeliveries": deliveries,
            "deadLetters": letters,
            "receipts": [_receipt(one, search) async for one in search.receipts()],
        }
        if customer is None and not any(found.values()):
            return None
        salted = await self._tombstones.salted(tenant)
        entry = audit_entry(person, salted, self._actor, "privacy export", self._clock())
        await self._audit.append([entry])
        return {
            "tenant": tenant,
            "customer": None if customer is None else _record(customer),
            **{kind: sorted(ones, key=_order) for kind, ones in found.items()},
        }


def _order(one: Json) -> str:
    return str(one.get("id") or one.get("key"))


def _record(stored: Stored) -> Json:
    return {
        "id": stored.id,
        "storedAt": _time(stored.created_at),
        "changedAt": _time(stored.updated_at),
        "fields": _plain(stored.fields),
        "documents": {
            name: {"key": state.key, "content": _content(state.document.encode())}
            for name, state in stored.sources.items()
        },
        "facts": [_fact(fact) for fact in stored.outbox],
    }


def _fact(fact: Fact) -> Json:
    return {"id": fact.id, "type": fact.type, "payload": _content(fact.payload.encode())}


def _entry(entry: LedgerEntry) -> Json:
    return {
        "id": entry.id,
        "type": entry.txn_type.value,
        "points": entry.points,
        "balanceAfter": entry.balance_after,
        "occurredAt": _time(entry.occurred_at),
        "orderId": entry.order_id,
        "reason": entry.reason,
        "coupon": None if entry.coupon is None else _plain(asdict(entry.coupon)),
    }


def _letter(trace: LetterTrace) -> Json:
    """Of a body that others are in, too, nothing but what is about him."""
    letter, edited = trace.kept.letter, trace.kept.edited
    payloads = [trace.kept.payload, *([letter.body] if edited is not None else [])]
    return {
        "id": letter.id,
        "operation": letter.operation,
        "code": letter.code,
        "state": trace.kept.state.value,
        "firstSeen": _time(letter.first_seen),
        "content": list(trace.about) or [_content(one) for one in payloads],
    }


def _receipt(receipt: Receipt, search: Search) -> Json:
    return {
        "id": receipt.ingestion_id,
        "operation": receipt.operation,
        "acceptedAt": _time(receipt.accepted_at),
        "results": [
            {"index": one.index, "outcome": one.outcome.value, "code": one.code, "recordId": one.record_id}
            for one in receipt.results
            if one.record_id in search.likeness.record_ids
        ],
    }


def _content(payload: bytes) -> Any:
    try:
        return parsed(payload)
    except ValueError:
        return payload.decode("utf-8", "backslashreplace")


def _time(millis: int) -> str:
    return from_millis(millis).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(value: Any) -> Any:
    """`value` in what JSON has."""
    match value:
        case dict():
            return {name: _plain(one) for name, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case datetime():
            return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case Enum():
            return value.value
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)
