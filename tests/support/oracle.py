"""After a load: is every accepted record where it belongs, and is there anything else?"""

import asyncio
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from storage.driver import Database, open_database
from storage.identities import IDENTITIES, ids_of, is_shared
from tests.support.load import Batch, Body, Ledger, Load, is_malformed, token_of

_DONE_WITHIN = 60.0
_READERS = 16

Document = dict[str, Any]


@dataclass
class Findings:
    """What became of a load, in records."""

    attempts: int
    """Sent, every attempt counted."""
    acknowledged: int
    """Answered with 202."""
    recovered: int
    """Of those, after a failed attempt."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """By the receipts."""
    lost: list[str] = field(default_factory=list)
    """Acknowledged, and without outcome, or not in the store as the outcome says."""
    unexpected: list[str] = field(default_factory=list)
    """In the store, though nobody sent it, or not what a client may see."""
    duplicated: list[str] = field(default_factory=list)
    """In the store more than once."""

    def __str__(self) -> str:
        outcomes = self.outcomes
        return (
            f"attempts {self.attempts}, acknowledged {self.acknowledged}, "
            f"stored {outcomes['created'] + outcomes['updated']}, unchanged {outcomes['unchanged']}, "
            f"stale {outcomes['stale']}, dead {outcomes['dead']}, recovered {self.recovered}, "
            f"lost {len(self.lost)}, unexpected {len(self.unexpected)}, duplicated {len(self.duplicated)}"
        )

    def assert_clean(self) -> None:
        """Fail where a record was lost, is there twice, or was never sent."""
        print(self)
        wrong = [*self.lost[:5], *self.unexpected[:5], *self.duplicated[:5]]
        assert not wrong, "\n".join([str(self), *wrong])
        assert self.acknowledged == sum(self.outcomes.values()), str(self)


async def findings_of(load: Load, url: str, mongodb_url: str, database: str) -> Findings:
    """What became of `load`, by the receipts that `url` serves and by the store itself."""
    ledger = load.ledger
    findings = Findings(sum(ledger.attempts.values()), ledger.acknowledged, ledger.recovered)
    findings.unexpected += ledger.surprises
    await _check_receipts(ledger, url, findings)
    async with open_database(mongodb_url, database, driver="pymongo") as opened:
        for tenant in load.plan.tenants:
            await _check_tenant(opened, tenant, ledger, findings)
    return findings


async def _check_receipts(ledger: Ledger, url: str, findings: Findings) -> None:
    """Every accepted ingestion ends, and its outcomes are those of its records."""
    remaining = iter(ledger.accepted.items())
    async with aiohttp.ClientSession() as session, asyncio.timeout(_DONE_WITHIN):

        async def read() -> None:
            for ingestion_id, batch in remaining:
                receipt = await _receipt(session, url, ingestion_id, batch.tenant)
                counts: Counter[str] = Counter(receipt["counts"])
                findings.outcomes += counts
                dead = {one["index"] for one in receipt["results"] if one["outcome"] == "dead"}
                if counts.total() != len(batch.records) or dead != set(batch.malformed):
                    findings.lost.append(f"receipt of {batch.plural}: {receipt}")

        await asyncio.gather(*(read() for _ in range(_READERS)))


async def _receipt(session: aiohttp.ClientSession, url: str, ingestion_id: str, tenant: str) -> Document:
    headers = {"Authorization": f"Bearer {token_of(tenant)}", "Prefer": "wait=30"}
    while True:
        async with session.get(f"{url}/v1/ingestions/{ingestion_id}", headers=headers) as answer:
            found: Document = await answer.json()
        if found.get("status") == "done":
            return found
        assert (200, "queued") == (answer.status, found.get("status"))


async def _check_tenant(database: Database, tenant: str, ledger: Ledger, findings: Findings) -> None:
    accepted = [(id, batch) for id, batch in ledger.accepted.items() if batch.tenant == tenant]
    unknown = [batch for batch in ledger.unknown if batch.tenant == tenant]
    for plural in ("customers", "leads", "events"):
        stored = await database.collection(plural).find({"tenant": tenant})
        sure = [one for _, batch in accepted for one in _good(batch, plural)]
        maybe = [one for batch in unknown for one in _good(batch, plural)]
        _check_records(stored, sure, maybe, findings)
    letters = await database.collection("dead_letters").find({"tenant": tenant})
    _check_letters(letters, accepted, unknown, findings)
    receipts = await database.collection("receipts").find({"tenant": tenant}, projection=["_id"])
    others = {one["_id"] for one in receipts} - {id for id, _ in accepted}
    if len(others) > len(unknown):
        findings.unexpected.append(f"{len(others)} receipts beside the accepted, of {len(unknown)} unknown")
    await _check_identities(database, tenant, findings)


def _good(batch: Batch, plural: str) -> list[Body]:
    return [one for one in batch.records if batch.plural == plural and not is_malformed(one)]


def _check_records(stored: list[Document], sure: list[Body], maybe: list[Body], findings: Findings) -> None:
    """Each accepted record once, at its highest accepted version or a higher one that was sent."""
    sent: defaultdict[str, list[Body]] = defaultdict(list)
    for record in [*sure, *maybe]:
        sent[_name(record)].append(record)
    least: dict[str, str] = {}
    for record in sure:
        least[_name(record)] = max(least.get(_name(record), ""), record.get("updatedAt", ""))
    found: Counter[str] = Counter()
    for document in stored:
        record = json.loads(document["sources"]["odp_v1"]["document"])
        name = _name(record)
        found[name] += 1
        if record not in sent[name] or record.get("name") != document["fields"].get("display_name"):
            findings.unexpected.append(f"never sent: {document}")
        elif record.get("updatedAt", "") < least.get(name, ""):
            findings.lost.append(f"{name} of {least[name]}, stored is {record}")
    findings.lost += [f"{name} is not stored" for name in least if not found[name]]
    findings.duplicated += [f"{name}, {count} times" for name, count in found.items() if count > 1]


def _check_letters(
    letters: list[Document], accepted: list[tuple[str, Batch]], unknown: list[Batch], findings: Findings
) -> None:
    """One dead letter for each accepted malformed record, with its bytes."""
    expected = {(id, place): one for id, batch in accepted for place, one in batch.malformed.items()}
    maybe = [one for batch in unknown for one in batch.malformed.values()]
    found: Counter[tuple[str, int]] = Counter()
    for letter in letters:
        place, body = (letter["ingestion_id"], letter["index"]), json.loads(letter["body"])
        found[place] += 1
        if body != expected.get(place) and (place in expected or body not in maybe):
            findings.unexpected.append(f"dead letter: {letter}")
    findings.lost += [f"no dead letter for {place}" for place in expected if not found[place]]
    findings.duplicated += [
        f"{count} dead letters for {place}" for place, count in found.items() if count > 1
    ]


async def _check_identities(database: Database, tenant: str, findings: Findings) -> None:
    """Every identity key names a customer or lead that there is, and nobody shares one."""
    owners = {
        one["_id"]
        for plural in ("customers", "leads")
        for one in await database.collection(plural).find({"tenant": tenant}, projection=["_id"])
    }
    identities = await database.collection(IDENTITIES).find({"_id": ids_of(tenant)})
    findings.unexpected += [
        f"identity: {one}" for one in identities if is_shared(one) or one["customer_id"] not in owners
    ]


def _name(record: Body) -> str:
    return str(record.get("id") or f"event {record['payload']['number']}")
