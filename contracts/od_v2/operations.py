"""The ingestion operations of Open Delivery v2."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import FailFast, Field, TypeAdapter

from contracts import glance
from contracts.batch import check, read
from contracts.od_v2 import decode, models, order_models
from contracts.operations import MAX_RECORDS, Checked, Decoded, Operation, Origin
from contracts.shapes import Array, Shape, Single
from domain.records import Entity


@dataclass(frozen=True, slots=True)
class OdV2Operation:
    """One of them."""

    name: str
    entity: Entity
    shape: Shape
    decoder: decode.Decoder

    def count(self, body: bytes) -> int | None:
        """How many records `body` holds, if a glance finds them all right; else None."""
        return glance.count(body, self.shape)

    def check(self, body: bytes) -> Checked:
        """Validate `body` from bytes, without building records."""
        return check(body, self.shape)

    def decode(self, body: bytes, origin: Origin) -> Decoded:
        """The records of `body`, good and bad."""
        batch = read(body, self.shape)
        records = tuple(
            (origin.index + index, self.decoder(decode.Wire(origin.index + index, value, raw), origin))
            for (index, value), raw in zip(batch.valid, batch.raw(), strict=True)
        )
        return Decoded(records, batch.malformed)

    def wrap(self, record: bytes) -> bytes:
        """A body of the one record."""
        return self.shape.wrap(record)

    def roots(self, index: int) -> tuple[str, ...]:
        """The pointers that the record at `index` can have."""
        return self.shape.roots(index)


def od_v2_operations(region: str, strict_orders: bool = False) -> tuple[Operation, ...]:
    """The five operations; `region` is the country of phone numbers that are written without one.

    `strict_orders` holds orders to the whole V1 schema, not only to their `id`.
    """
    order = order_models.StrictOrder if strict_orders else order_models.LenientOrder
    return (
        OdV2Operation("od.v2.customers", Entity.CUSTOMER, _array(models.Customer), decode.customers(region)),
        OdV2Operation("od.v2.leads", Entity.LEAD, _array(models.JudgedLead), decode.lead),
        OdV2Operation("od.v2.orders", Entity.ORDER, _array(order), decode.orders(region)),
        OdV2Operation("od.v2.reviews", Entity.REVIEW, Single(TypeAdapter(models.Review)), decode.review),
        OdV2Operation("od.v2.events", Entity.EVENT, Single(TypeAdapter(models.CustomerEvent)), decode.event),
    )


def _array(record: Any) -> Array:
    body: Any = Annotated[list[record], Field(max_length=MAX_RECORDS), FailFast()]
    return Array(TypeAdapter(record), TypeAdapter(body))
