"""What is done about people, wired over the store."""

from cli.settings import Settings
from contracts.registry import operations
from domain.clock import system_clock
from domain.privacy.erase import ErasePerson, Means, Progress
from domain.privacy.export import ExportPerson
from domain.privacy.search import Sources
from storage.store import Store


def exporting(settings: Settings, store: Store, actor: str) -> ExportPerson:
    """The export, as `actor`."""
    return ExportPerson(_sources(settings, store), store.tombstones, store.audit, system_clock, actor)


def erasing(
    settings: Settings, store: Store, actor: str, *, settle: float, progress: Progress
) -> ErasePerson:
    """The erasure, as `actor`; it waits `settle` seconds for what is under way."""
    means = Means(
        sources=_sources(settings, store),
        records=store.records,
        tombstones=store.tombstones,
        jobs=store.erasure_jobs,
        audit=store.audit,
        clock=system_clock,
        settle=settle,
    )
    return ErasePerson(means, actor, progress)


def _sources(settings: Settings, store: Store) -> Sources:
    known = operations(settings.phone_region, strict_orders=settings.strict_orders)
    return Sources(
        reader=store.reader,
        traces=store.traces,
        letters=store.kept_letters,
        candidates=store.dedupe,
        points=store.loyalty,
        entities={name: operation.entity for name, operation in known.items()},
        region=settings.phone_region,
    )
