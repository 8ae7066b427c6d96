"""Stored leads, orders, reviews and events as messages."""

from domain.records import Stored
from gateway.grpc.mapping import set_moment, write_head, write_json, write_texts
from gateway.grpc.mapping_customer import write_external_id
from gateway.grpc.names import EVENTS, LEADS, ORDERS, REVIEWS
from gateway.grpc.pb.portico.v1.events_pb2 import Event
from gateway.grpc.pb.portico.v1.leads_pb2 import Lead
from gateway.grpc.pb.portico.v1.orders_pb2 import Order
from gateway.grpc.pb.portico.v1.reviews_pb2 import Review

_LEAD_TEXTS = ("lead_id", "source", "status", "customer_ref", "contact")
_ORDER_TEXTS = (
    "order_id",
    "customer_ref",
    "sales_channel",
    "status",
    "merchant_id",
    "display_id",
    "type",
    "amount",
    "currency",
)
_ORDER_TIMES = (
    ("placed_at", "place_time"),
    ("confirmed_at", "confirm_time"),
    ("completed_at", "complete_time"),
    ("canceled_at", "cancel_time"),
)
_REVIEW_TEXTS = ("review_id", "review_type", "reference_type", "customer_ref", "order_id", "merchant_id")


def write_lead(stored: Stored, into: Lead) -> None:
    """Fill a lead."""
    write_head(stored, LEADS, into)
    fields = stored.fields
    write_texts(fields, _LEAD_TEXTS, into)
    into.display_name = fields.get("name", "")
    for external_id in fields.get("external_ids", ()):
        write_external_id(external_id, into.external_ids.add())
    write_json(fields, "metadata", into)


def write_order(stored: Stored, into: Order) -> None:
    """Fill an order."""
    write_head(stored, ORDERS, into)
    fields = stored.fields
    write_texts(fields, _ORDER_TEXTS, into)
    for column, attribute in _ORDER_TIMES:
        if moment := fields.get(column):
            set_moment(getattr(into, attribute), moment)
    if (count := fields.get("items_count")) is not None:
        into.items_count = count


def write_review(stored: Stored, into: Review) -> None:
    """Fill a review."""
    write_head(stored, REVIEWS, into)
    fields = stored.fields
    write_texts(fields, _REVIEW_TEXTS, into)
    if rating := fields.get("rating"):
        into.rating.value = rating["value"]
        write_texts(rating, ("style", "comment"), into.rating)
    if moment := fields.get("reviewed_at"):
        set_moment(into.review_time, moment)
    if source := fields.get("source"):
        write_texts(source, ("system", "channel"), into.source)


def write_event(stored: Stored, into: Event) -> None:
    """Fill an event."""
    write_head(stored, EVENTS, into)
    fields = stored.fields
    write_texts(fields, ("event_id", "event_type", "entity_type", "customer_ref"), into)
    into.normalized_event_type = fields.get("event_type_norm", "")
    if moment := fields.get("occurred_at"):
        set_moment(into.occur_time, moment)
