"""What the check over gRPC cannot see, looked up in the store itself."""

from collections import Counter

from cli.load.book import Book
from cli.load.check import Findings
from storage.driver import Database, open_database
from storage.identities import IDENTITIES, ids_of, is_shared


async def check_store(url: str, name: str, tenant: str, book: Book, findings: Findings) -> None:
    """Add to `findings` what is wrong with the dead letters, receipts and identities of a load's tenant.

    Raises StoreUnavailableError.
    """
    async with open_database(url, name, driver="pymongo") as database:
        await _check_letters(database, tenant, book, findings)
        await _check_receipts(database, tenant, book, findings)
        await _check_identities(database, tenant, findings)


async def _check_letters(database: Database, tenant: str, book: Book, findings: Findings) -> None:
    """One dead letter for each accepted record that is faulty; others only of what was given up."""
    letters = await database.collection("dead_letters").find(
        {"tenant": tenant}, projection=["ingestion_id", "index"]
    )
    found = Counter((one["ingestion_id"], one["index"]) for one in letters)
    expected = {(one.id, place) for one in book.accepted for place in one.faulty}
    known = {one.id for one in book.accepted}
    findings.lost += [f"no dead letter for {place}" for place in sorted(expected - found.keys())]
    findings.duplicated += [f"{count} dead letters of {place}" for place, count in found.items() if count > 1]
    findings.unexpected += [
        f"dead letter of {place}"
        for place in found
        if place not in expected and (place[0] in known or not book.given_up)
    ]


async def _check_receipts(database: Database, tenant: str, book: Book, findings: Findings) -> None:
    """One of each accepted ingestion; others only of what was given up."""
    receipts = await database.collection("receipts").find({"tenant": tenant}, projection=["_id"])
    others = {one["_id"] for one in receipts} - {one.id for one in book.accepted}
    if len(others) > book.given_up:
        findings.unexpected.append(f"{len(others)} receipts of ingestions that nobody was told of")


async def _check_identities(database: Database, tenant: str, findings: Findings) -> None:
    """Every key names a customer or lead that there is, and nobody shares one."""
    owners = {
        one["_id"]
        for entity in ("customers", "leads")
        for one in await database.collection(entity).find({"tenant": tenant}, projection=["_id"])
    }
    identities = await database.collection(IDENTITIES).find(
        {"_id": ids_of(tenant)}, projection=["shared", "customer_id"]
    )
    findings.unexpected += [
        f"identity {one['_id']} names nobody, or several"
        for one in identities
        if is_shared(one) or one["customer_id"] not in owners
    ]
