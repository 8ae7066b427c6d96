"""The webhooks out, wired."""

from cli.base import Base
from cli.settings import Settings
from domain.clock import system_clock
from domain.find import FindCustomer
from domain.tracing import NO_TRACER, Tracer
from ingestor.webhooks.metrics import WebhookMetrics
from ingestor.webhooks.run import Sources, Webhooks
from ingestor.webhooks.send import Sender
from ingestor.webhooks.worker import Desk, RetryPolicy
from messaging.amqp import AmqpQueue
from messaging.metered import MeteredQueue
from messaging.port import Queue
from messaging.sqlite import SqliteQueue


def make_sender(settings: Settings, tracer: Tracer = NO_TRACER) -> Sender:
    """What sends deliveries; to be entered."""
    return Sender(
        allow_private=settings.webhooks_allow_private, timeout=settings.webhooks_timeout, tracer=tracer
    )


def make_webhooks(base: Base, sender: Sender) -> Webhooks:
    """The relay and the deliveries of this process."""
    settings, store = base.settings, base.store
    desk = Desk(
        deliveries=store.deliveries,
        dead_letters=store.dead_letters,
        sender=sender,
        metrics=WebhookMetrics(base.registry),
        clock=system_clock,
        policy=RetryPolicy(
            attempts=settings.webhooks_attempts,
            age=settings.webhooks_max_age,
            first_pause=settings.webhooks_first_pause,
            longest_pause=settings.webhooks_longest_pause,
            concurrency=settings.webhooks_concurrency,
        ),
    )
    find = FindCustomer(store.reader, settings.phone_region)
    sources = Sources(store.outbox, base.endpoints, find, store.leases)
    queue = MeteredQueue(_queue(settings), "webhooks", base.queue_metrics)
    return Webhooks(sources, queue, desk, system_clock)


def _queue(settings: Settings) -> Queue:
    """A queue of its own beside that of the ingestions."""
    messages, size = settings.queue_max_messages, settings.queue_max_bytes
    if settings.amqp_url is not None:
        # Another name before the last dot: it is what the exchange is called after.
        name = f"{settings.queue_name}.webhooks.deliveries"
        return AmqpQueue(
            settings.amqp_url.get_secret_value(), name=name, max_messages=messages, max_bytes=size
        )
    return SqliteQueue(settings.data_dir / "webhooks.sqlite", max_messages=messages, max_bytes=size)
