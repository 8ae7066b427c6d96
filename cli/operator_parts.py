"""What operators do, wired over the store."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from cli.beside import with_store
from cli.errors import SettingError
from cli.loyalty_parts import loyalty_parts
from cli.settings import Settings
from cli.terminal import fail
from contracts.dead_letters import LetterReader
from contracts.registry import operations
from domain.apply import ApplyRecords
from domain.clock import system_clock
from domain.dead_letters.desk import Desk, OpenDesk
from domain.dead_letters.errors import RepairError
from domain.dead_letters.one_tenant import OneTenant
from domain.dead_letters.patching import Patching
from domain.dead_letters.trail import Trail
from domain.dead_letters.transfer import Transfer
from domain.dead_letters.use_case import DeadLetters, Means
from domain.duplicates import Duplicates
from domain.facts import Subscribed
from domain.preview import PreviewRecords
from domain.records import Applied, Record
from domain.replay.use_case import ReplayJobs
from domain.resolve import MatchPolicy
from storage.store import Store

_T = TypeVar("_T")


def run(settings: Settings, actor: str, use: Callable[[Desk], Awaitable[_T]]) -> _T:
    """What `use` makes of the desk of `actor`; ends the command, in words, where something cannot be."""
    try:
        return with_store(settings, lambda store: _use(settings, store, actor, use))
    except (RepairError, SettingError) as error:
        fail(str(error))


async def _use(settings: Settings, store: Store, actor: str, use: Callable[[Desk], Awaitable[_T]]) -> _T:
    tenants = {endpoint.tenant for endpoint in await store.endpoints.all() if not endpoint.disabled}
    return await use(desks(settings, store, tenants.__contains__)(actor))


def desks(settings: Settings, store: Store, subscribed: Subscribed) -> OpenDesk:
    """The desks over `store`."""
    means = make_means(settings, store, subscribed)

    def open_desk(actor: str, tenant: str | None = None) -> Desk:
        trail = Trail(store.audit, system_clock, actor)
        letters = store.kept_letters if tenant is None else OneTenant(store.kept_letters, tenant)
        return Desk(
            letters=DeadLetters(letters, means, trail),
            patching=Patching(letters, means, trail),
            jobs=ReplayJobs(store.replay_jobs, letters, trail, tenant),
            transfer=Transfer(letters, store.letter_arrivals, trail, tenant),
            duplicates=Duplicates(store.dedupe, store.reader, trail, tenant),
        )

    return open_desk


def make_means(settings: Settings, store: Store, subscribed: Subscribed) -> Means:
    """The same use cases as the ingestor's, so that a replayed record is treated as any other."""
    policy = MatchPolicy(on_contact=settings.match_on_contact)
    apply_records = ApplyRecords(
        store.records, store.identities, store.dedupe, system_clock, policy, subscribed, store.tombstones
    )
    loyalty = loyalty_parts(settings, store, subscribed)

    async def apply(records: Sequence[Record]) -> list[Applied]:
        results = await apply_records(records)
        if loyalty is not None:
            await loyalty.earn(list(zip(records, results, strict=True)))
        return results

    return Means(
        reader=LetterReader(operations(settings.phone_region, strict_orders=settings.strict_orders)),
        preview=PreviewRecords(store.records, store.identities, system_clock, policy, store.tombstones),
        apply=apply,
    )
