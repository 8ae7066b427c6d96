"""That what is kept of records as it is sent is what would be sent of them now."""

from domain.records import Entity
from gateway.grpc.rendering import RENDERING
from storage.documents import COLLECTIONS, RENDERED, rendered_of, to_record
from storage.driver import Database, open_database


async def assert_kept_as_sent(database: Database) -> int:
    """How many records are kept so; every one but those that are too large for it."""
    kept = 0
    for entity in Entity:
        for document in await database.collection(COLLECTIONS[entity]).find({}):
            fresh = RENDERING.render(to_record(entity, document))
            if RENDERED in document:
                assert fresh == rendered_of(document, RENDERING.revision), document["_id"]
                kept += 1
            else:
                assert len(fresh) > 60_000, document["_id"]
    return kept


async def assert_kept_as_sent_in(url: str, name: str) -> int:
    """The same of a database that others use."""
    async with open_database(url, name) as database:
        return await assert_kept_as_sent(database)
