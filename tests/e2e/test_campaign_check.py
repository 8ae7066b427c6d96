"""What fault campaigns look up in the store itself: they would find it if it were wrong."""

from chaos.stored import check_store
from cli.load.book import Accepted, Book
from cli.load.check import Findings
from storage.driver import open_database
from tests.support.portico import Client
from tests.support.stacks import Stack


async def found(embedded: Stack, tenant: str, *accepted: Accepted) -> Findings:
    """What the check says of a load of which these ingestions were accepted."""
    findings = Findings()
    book = Book(accepted=list(accepted))
    await check_store(embedded.mongodb_url, embedded.database, tenant, book, findings)
    return findings


async def test_dead_letters_receipts_and_identities(embedded: Stack, caller: Client, tenant: str) -> None:
    """One too few, one too many, a receipt that nobody was told of, and a key that names nobody."""
    leads = [{"id": "good", "source": "campaign", "status": "new"}, {"id": "bad", "source": "campaign"}]
    _, answer = await caller.post(
        "/v1/customer/leads:ingest", {"leads": leads}, Prefer="handling=lenient, wait=20"
    )
    told = Accepted(answer["correlationId"], 2, (1,))

    assert (await found(embedded, tenant, told)).clean

    promised = await found(embedded, tenant, told, Accepted("ing_none", 1, (0,)))
    assert ["no dead letter for ('ing_none', 0)"] == promised.lost

    untold = await found(embedded, tenant)
    assert [f"dead letter of ('{told.id}', 1)", "1 receipts of ingestions that nobody was told of"] == (
        untold.unexpected
    )

    async with open_database(embedded.mongodb_url, embedded.database, driver="pymongo") as database:
        await database.collection("leads").delete_many({"tenant": tenant})
    [orphan] = (await found(embedded, tenant, told)).unexpected
    assert orphan.endswith("names nobody, or several")
