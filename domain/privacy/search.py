"""The traces of a person in everything that is kept. Reads it all, in parts: erasing is rare, and no
index knows whom a payload is about."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from domain.dead_letters.entities import KeptLetter, Reference, Selection, State
from domain.dead_letters.ports import KeptLetterStore
from domain.deliveries import Delivery
from domain.find import FindCustomer
from domain.loyalty.entries import Account, LedgerEntry
from domain.loyalty.ports import LedgerStore
from domain.privacy.bodies import body_of, parsed
from domain.privacy.person import Hit, Likeness, Person, person_called
from domain.privacy.ports import CandidateStore, HeldKey, TraceStore
from domain.reading import AmbiguousKeyError, Cursor, Order, Query, Reader
from domain.receipts import DedupeCandidate, Receipt
from domain.records import Entity, Stored

RECORDS = (Entity.LEAD, Entity.ORDER, Entity.REVIEW, Entity.EVENT)
"""Entities of records about a customer; reviews and events after the orders that they may be about."""

_PAGE = 200
_BYTES = 16 * 1024 * 1024
"""Of payloads in hand; a letter that is larger is in hand by itself."""
_EVER = -62_135_596_800_001
"""Before the year 1: with a bound to begin at, the store reads pages in windows of time."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where traces are."""

    reader: Reader
    traces: TraceStore
    letters: KeptLetterStore
    candidates: CandidateStore
    points: LedgerStore
    entities: dict[str, Entity]
    """What the operations carry, by name."""
    region: str
    """Country (ISO 3166-1 alpha-2) of phone numbers that are written without one."""


@dataclass(frozen=True, slots=True)
class LetterTrace:
    """A dead letter that holds something of a person."""

    kept: KeptLetter
    left: bytes | None
    """Its payload without him; None where it is about nobody else, or cannot be parted."""
    about: tuple[Any, ...] = ()
    """The records of him in a body that others are in, too."""


async def person_of(sources: Sources, tenant: str, name: str) -> tuple[Person, Stored | None]:
    """Who `name` is, and his customer record if there is one. Raises AmbiguousKeyError."""
    find = FindCustomer(sources.reader, sources.region)
    customer = await find(tenant, name)
    if customer is None:
        return person_called(tenant, name, sources.region), None
    held = await sources.traces.keys_of(tenant, customer.id)
    keys = frozenset(one.key for one in held if not one.shared)
    references = await find.references(customer)
    return Person(tenant, customer.id, keys, references, sources.region), customer


class Search:
    """Looks for one person. What it finds among records, it knows when it comes to the rest."""

    def __init__(
        self,
        sources: Sources,
        person: Person,
        record_ids: Iterable[str] = (),
        order_ids: Iterable[str] = (),
    ) -> None:
        """`record_ids` and `order_ids` were found before."""
        self._sources = sources
        self._person = person
        self._find = FindCustomer(sources.reader, sources.region)
        self._owners: dict[str, bool] = {}
        self.likeness = Likeness(person)
        self.likeness.record_ids.update(record_ids)
        self.likeness.order_ids.update(order_ids)

    async def keys(self) -> list[HeldKey]:
        """His identity keys, those that others brought too among them."""
        person = self._person
        return await self._sources.traces.keys_of(person.tenant, person.customer_id)

    async def candidates(self) -> list[DedupeCandidate]:
        """The dedupe candidates that he is in."""
        found: list[DedupeCandidate] = []
        after: Cursor | None = None
        while page := await self._sources.candidates.page(
            self._person.tenant, self._person.customer_id, after=after, limit=_PAGE
        ):
            found += page
            after = Cursor(page[-1].seen_at, page[-1].id)
        return found

    async def points(self) -> list[LedgerEntry]:
        """His loyalty ledger, newest first."""
        account = Account(self._person.tenant, self._person.customer_id)
        found: list[LedgerEntry] = []
        while page := await self._sources.points.page(
            account, below=found[-1].sequence if found else None, limit=_PAGE, skip=0, coupons=False
        ):
            found += page
        return found

    async def records(self, entity: Entity) -> AsyncIterator[list[Stored]]:
        """His records of one entity, in parts."""
        query = Query(entity, self._person.tenant, Order.CHANGED, above=_EVER)
        after: Cursor | None = None
        while page := await self._sources.reader.page(query, after=after, limit=_PAGE):
            mine = [one for one in page if await self._is_his_record(one)]
            self.likeness.record_ids.update(one.id for one in mine)
            if entity is Entity.ORDER:
                self.likeness.order_ids.update(str(one.fields["order_id"]) for one in mine)
            if mine:
                yield mine
            after = Cursor.behind(page[-1], Order.CHANGED)

    async def deliveries(self) -> AsyncIterator[list[Delivery]]:
        """Deliveries of facts about him that wait, in parts."""
        after: Cursor | None = None
        while page := await self._sources.traces.deliveries(after=after, limit=_PAGE):
            mine = [
                one
                for one in page
                if one.tenant == self._person.tenant and await self._is_in(None, [one.body])
            ]
            if mine:
                yield mine
            after = Cursor(page[-1].made_at, page[-1].id)

    async def letters(self) -> AsyncIterator[LetterTrace]:
        """Dead letters, in whatever state, that hold something of him; of the messages that nobody knows
        the tenant of, too."""
        for tenant in (self._person.tenant, ""):
            selection = Selection(tuple(State), tenant=tenant, since=_EVER + 1)
            after: Cursor | None = None
            while page := await self._sources.letters.references(selection, after=after, limit=_PAGE):
                for part in _parts(page):
                    ids = [one.id for one in part]
                    kept = await self._sources.letters.get_many(ids)
                    more = await self._sources.traces.with_parts(ids)
                    for id in ids:
                        if id in kept and (trace := await self._trace(kept[id], more=id in more)):
                            yield trace
                after = Cursor(page[-1].first_seen, page[-1].id)

    async def receipts(self) -> AsyncIterator[Receipt]:
        """Receipts whose results name a record of his."""
        after: Cursor | None = None
        while page := await self._sources.traces.receipts(after=after, limit=_PAGE):
            for one in page:
                named = {result.record_id for result in one.results}
                if one.tenant == self._person.tenant and not named.isdisjoint(self.likeness.record_ids):
                    yield one
            after = Cursor(page[-1].accepted_at, page[-1].ingestion_id)

    async def _is_his_record(self, stored: Stored) -> bool:
        if stored.fields.get("customer_ref") in self._person.references:
            return True
        documents = [state.document.encode() for state in stored.sources.values()]
        return await self._is_in(stored.entity, documents)

    async def _is_in(self, entity: Entity | None, payloads: Iterable[bytes]) -> bool:
        for payload in payloads:
            try:
                hit = self.likeness.in_json(entity, parsed(payload))
            except ValueError:
                hit = self.likeness.in_text(payload.decode("utf-8", "replace"))
            if await self._settles(entity, hit):
                return True
        return False

    async def _settles(self, entity: Entity | None, hit: Hit) -> bool:
        """Whether what holds his contact is his: not where it names another customer. People share them."""
        if hit.named or not hit.contact:
            return hit.named
        if entity is Entity.CUSTOMER:
            return not (hit.others and self._person.names - {self._person.customer_id})
        return not any([await self._is_another(name) for name in hit.others])

    async def _is_another(self, name: str) -> bool:
        if name not in self._owners:
            try:
                found = await self._find(self._person.tenant, name)
            except AmbiguousKeyError:
                found = None
            self._owners[name] = found is not None and found.id != self._person.customer_id
        return self._owners[name]

    async def _trace(self, kept: KeptLetter, *, more: bool) -> LetterTrace | None:
        entity = self._sources.entities.get(kept.letter.operation)
        before = [kept.letter.body] if kept.edited is not None else []
        if more:  # an erasure that was cut short may have left what no letter speaks of any more
            before += await self._sources.traces.parts(kept.id)
        body = body_of(kept.payload) if kept.letter.index is None else None
        if body is None:
            return LetterTrace(kept, None) if await self._is_in(entity, [kept.payload, *before]) else None
        hits = [self.likeness.in_json(entity, record) for record in body.records]
        his = {place for place, hit in enumerate(hits) if await self._settles(entity, hit)}
        if his:
            left = None if len(his) == len(hits) else body.without(his)
            return LetterTrace(kept, left, tuple(body.records[place] for place in sorted(his)))
        return LetterTrace(kept, kept.payload) if await self._is_in(entity, before) else None


def _parts(references: Sequence[Reference]) -> Iterable[list[Reference]]:
    """`references` in order, so many at a time as may be in hand."""
    part: list[Reference] = []
    size = 0
    for one in references:
        if part and size + one.size > _BYTES:
            yield part
            part, size = [], 0
        part.append(one)
        size += one.size
    if part:
        yield part
