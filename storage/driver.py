"""The one file that imports the MongoDB driver: motor, or PyMongo's own async client (ADR 2).

Both are driven through the same few calls of `Collection`. Filters are written by the
repositories; what comes from data enters them as a scalar or inside `$in`, never as a mapping.
"""

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
    Set,
)
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Literal, TypeVar, cast

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import AsyncMongoClient, IndexModel, ReturnDocument
from pymongo.errors import BulkWriteError, ConfigurationError, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from domain.errors import StoreUnavailableError
from domain.slices import in_slices
from storage.bulk import PERMANENT_CODES, BulkOperation, BulkResult, Encoded, Insert, chunks, native, sort_out
from storage.errors import NotStorableError, StoreSetupError
from storage.metrics import StoreMetrics
from storage.server import FEW_IDS, Server

Driver = Literal["motor", "pymongo"]
Document = dict[str, Any]
Filter = Mapping[str, Any]
Keys = Sequence[tuple[str, int]]
"""Field names with 1 (ascending) or -1."""

_APPEND_ROUNDS = 5
_T = TypeVar("_T")


class Collection:
    """The calls we make of one collection. Each may raise StoreUnavailableError."""

    def __init__(self, collection: Any, server: Server) -> None:
        """`collection` is motor's or PyMongo's; only `Database` makes these."""
        self._collection = collection
        self.server = server

    @property
    def name(self) -> str:
        """The collection's name."""
        return cast(str, self._collection.name)

    async def find(
        self,
        filter: Filter,
        *,
        projection: Sequence[str] | None = None,
        sort: Keys | None = None,
        skip: int = 0,
        limit: int = 0,
    ) -> list[Document]:
        """The documents that `filter` finds, in one batch where there is a limit; a limit of 0 is none."""
        with _translated():
            cursor = self._collection.find(
                filter, projection, sort=sort, skip=skip, limit=limit, batch_size=limit
            )
            return cast(list[Document], await cursor.to_list(None))

    async def batches(
        self, filter: Filter, *, projection: Sequence[str] | None, sort: Keys, limit: int, size: int
    ) -> AsyncGenerator[list[Document]]:
        """The first `limit` documents that `filter` finds, read by one cursor, `size` at a time."""
        with _translated():
            cursor = self._collection.find(filter, projection, sort=sort, limit=limit, batch_size=size)
            try:
                while found := await cursor.to_list(size):
                    yield found
            finally:
                await cursor.close()

    async def find_ids(
        self, ids: Iterable[str], *, within: Filter | None = None, projection: Sequence[str] | None = None
    ) -> list[Document]:
        """The documents among `ids`, in no order, of those that have the values `within`.

        In chunks side by side, as large as the server takes well.
        `within` is compared here: with more than `_id` in the filter SecantusDB reads the whole collection.
        """
        wanted = [id for id in dict.fromkeys(ids) if is_storable_text(id)]
        a_call = FEW_IDS if len(wanted) <= FEW_IDS else await self.server.ids_a_call()
        chunks = [wanted[start : start + a_call] for start in range(0, len(wanted), a_call)]
        # The limit has them all come in one answer, without a second call for more.
        finds = [
            self.find({"_id": {"$in": chunk}}, projection=projection, limit=len(chunk)) for chunk in chunks
        ]
        # A task for one alone costs a tenth of its time.
        found = await asyncio.gather(*finds) if len(finds) > 1 else [await find for find in finds]
        expected = (within or {}).items()
        return [
            document
            for part in found
            for document in part
            if all(document.get(name) == value for name, value in expected)
        ]

    async def find_one(self, filter: Filter, *, projection: Sequence[str] | None = None) -> Document | None:
        """The first document that `filter` finds."""
        with _translated():
            return cast(Document | None, await self._collection.find_one(filter, projection))

    async def count(self, filter: Filter, limit: int) -> int:
        """How many documents `filter` finds; counting stops at `limit`, at least 1."""
        with _translated():
            return cast(int, await self._collection.count_documents(filter, limit=limit))

    async def write(self, operations: Sequence[BulkOperation]) -> BulkResult:
        """Write all, unordered, journaled by a majority.

        After an error any of them may have been written.
        """
        result = BulkResult()
        for start, end in chunks(operations):
            await finish(self._write_chunk(operations[start:end], start, result))
        return result

    async def insert_missing(self, documents: Sequence[Document]) -> set[int]:
        """Insert the documents whose `_id` is not there yet; the indexes of the others.

        Raises NotStorableError where the store can never hold one; its neighbours may be kept then.
        """
        result = await self.write([Insert(Encoded(document)) async for document in in_slices(documents)])
        if result.refused:
            codes = sorted(set(result.refused.values()))
            raise NotStorableError(f"{len(result.refused)} documents of {self.name} refused, codes {codes}")
        return result.duplicates

    async def update_one(self, filter: Filter, change: Filter) -> bool:
        """Update the one document that `filter` finds; whether there was one."""
        with _translated():
            result = await finish(self._collection.update_one(filter, change))
        return cast(int, result.matched_count) > 0

    async def update_many(self, filter: Filter, change: Filter) -> None:
        """Update all documents that `filter` finds."""
        with _translated():
            await finish(self._collection.update_many(filter, change))

    async def append(self, id: str, name: str, value: int) -> list[int]:
        """Append to a list of the document `id`, both made where they are missing; the new list.

        Not by an upsert: of two at once MongoDB may fail one and SecantusDB answers neither way.
        """
        for _ in range(_APPEND_ROUNDS):
            with _translated():
                document = await finish(
                    self._collection.find_one_and_update(
                        {"_id": id}, {"$push": {name: value}}, return_document=ReturnDocument.AFTER
                    )
                )
            if document is not None:
                return cast(list[int], document[name])
            await self.insert_missing([{"_id": id, name: []}])
        raise StoreUnavailableError("a list was deleted as often as it was made")

    async def delete_many(self, filter: Filter) -> None:
        """Delete all documents that `filter` finds."""
        with _translated():
            await finish(self._collection.delete_many(filter))

    async def create_indexes(self, indexes: Mapping[str, Keys], *, sparse: Set[str] = frozenset()) -> None:
        """Make the indexes that are missing, by name. Raises StoreSetupError where one differs.

        Those called in `sparse` hold only documents that have a field of theirs.
        """
        models = [
            IndexModel(list(keys), name=name, **({"sparse": True} if name in sparse else {}))
            for name, keys in indexes.items()
        ]
        try:
            with _translated():
                await finish(self._collection.create_indexes(models))
        except StoreUnavailableError as error:
            if isinstance(error.__cause__, OperationFailure) and error.__cause__.code in (85, 86):
                raise StoreSetupError(
                    f"an index of the collection {self.name} has the name or the keys of a declared one "
                    f"but differs from it; drop it, Portico makes it anew: {error.__cause__}"
                ) from error
            raise

    async def indexes(self) -> dict[str, Document]:
        """What the server says of each index, by name; `key` holds its keys."""
        with _translated():
            return cast(dict[str, Document], await self._collection.index_information())

    async def explain(self, filter: Filter, *, sort: Keys, limit: int = 0) -> Document:
        """The server's plan for a `find`, which is not made."""
        command = {"find": self.name, "filter": filter, "sort": dict(sort), "limit": limit}
        with _translated():
            found = await self._collection.database.command("explain", command, verbosity="queryPlanner")
            return cast(Document, found)

    async def _write_chunk(
        self, operations: Sequence[BulkOperation], offset: int, result: BulkResult
    ) -> None:
        try:
            with _translated():
                done = await self._collection.bulk_write([native(one) for one in operations], ordered=False)
            result.matched += done.matched_count
            result.modified += done.modified_count
        except StoreUnavailableError as error:
            cause = error.__cause__
            if isinstance(cause, BulkWriteError):
                sort_out(cause, offset, result)
            elif not isinstance(cause, OperationFailure) or cause.code not in PERMANENT_CODES:
                raise
            elif len(operations) == 1:
                result.refused[offset] = str(cause.code)
            else:
                await self._write_halves(operations, offset, result)

    async def _write_halves(
        self, operations: Sequence[BulkOperation], offset: int, result: BulkResult
    ) -> None:
        """Find the operation for which the server refused the command, and write its neighbours."""
        middle = len(operations) // 2
        await self._write_chunk(operations[:middle], offset, result)
        await self._write_chunk(operations[middle:], offset + middle, result)


class Database:
    """One MongoDB database."""

    def __init__(self, database: Any) -> None:
        """`database` is motor's or PyMongo's; only `open_database` makes these."""
        self._database = database
        self._server = Server(self._build_info)

    def collection(self, name: str) -> Collection:
        """The collection `name`; it need not exist."""
        return Collection(self._database[name], self._server)

    async def ping(self) -> None:
        """Return if the server answers. Raises StoreUnavailableError."""
        with _translated():
            await self._database.command("ping")

    async def _build_info(self) -> Document:
        with _translated():
            return cast(Document, await self._database.command("buildInfo"))

    async def drop(self) -> None:
        """Delete the database with all that is in it."""
        with _translated():
            await finish(self._database.client.drop_database(self._database.name))


@asynccontextmanager
async def open_database(
    url: str,
    name: str,
    *,
    driver: Driver = "motor",
    call_timeout: float = 20.0,
    selection_timeout: float = 3.0,
    pool_size: int = 50,
    metrics: StoreMetrics | None = None,
) -> AsyncIterator[Database]:
    """A database whose writes are journaled by a majority and whose reads see such writes.

    `call_timeout` bounds the wait for a server's answer, `selection_timeout` the search for a
    server, both in seconds; a call tries at most twice. Nothing connects before the first call.
    Raises StoreSetupError for a URL that cannot be one.
    """
    patience = int(call_timeout * 1000)
    client_class: Any = AsyncIOMotorClient if driver == "motor" else AsyncMongoClient
    try:
        client = client_class(
            url,
            tz_aware=True,
            # not `timeoutMS`: with it a call looks for a server that is away for all of that time
            serverSelectionTimeoutMS=int(selection_timeout * 1000),
            connectTimeoutMS=int(selection_timeout * 1000),
            socketTimeoutMS=patience,
            waitQueueTimeoutMS=patience,
            maxPoolSize=pool_size,
            appname="portico",
            event_listeners=metrics.listeners() if metrics is not None else [],
        )
    except (ConfigurationError, ValueError) as error:
        raise StoreSetupError(f"the MongoDB URL is not usable: {type(error).__name__}") from error
    database = client.get_database(
        name,
        write_concern=WriteConcern("majority", wtimeout=patience, j=True),
        read_concern=ReadConcern("majority"),
    )
    try:
        yield Database(database)
    finally:
        # motor's own `close` says goodbye to the server on this loop, for seconds where it does not answer.
        blocking = driver == "motor"
        await finish(asyncio.to_thread(client.delegate.close) if blocking else client.close())


def is_storable_text(text: str) -> bool:
    """Whether the store can hold `text`: a lone surrogate has no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


async def finish(work: Awaitable[_T]) -> _T:
    """Await `work` to its end even where the caller is cancelled, and only then be cancelled.

    A driver call that is cancelled may have been applied or not; one that ended is known.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await _ended(task)
        raise


async def _ended(task: "asyncio.Future[Any]") -> None:
    """Wait until `task` is done, through any number of cancellations; the driver's timeout bounds it."""
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            continue
    if not task.cancelled():
        task.exception()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        raise StoreUnavailableError(f"the store did not do it: {type(error).__name__}") from error
