"""The ingestion operations of the ODP v1 binding."""

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from contracts import glance
from contracts.batch import check, read
from contracts.odp_v1 import decode, models
from contracts.operations import Checked, Decoded, Operation, Origin
from contracts.shapes import Members
from domain.records import Entity

DEFAULT_REGION = "BR"
"""ISO 3166-1 alpha-2: the country of phone numbers that are written without one."""


@dataclass(frozen=True, slots=True)
class OdpV1Operation:
    """One of them."""

    name: str
    entity: Entity
    shape: Members
    decoder: decode.Decoder
    region: str

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
            (
                origin.index + index,
                self.decoder(decode.Wire(origin.index + index, value, raw), origin, self.region),
            )
            for (index, value), raw in zip(batch.valid, batch.raw(), strict=True)
        )
        return Decoded(records, batch.malformed)

    def wrap(self, record: bytes) -> bytes:
        """A body of the one record."""
        return self.shape.wrap(record)

    def roots(self, index: int) -> tuple[str, ...]:
        """The pointers that the record at `index` can have."""
        return self.shape.roots(index)


def odp_v1_operations(region: str = DEFAULT_REGION) -> tuple[Operation, ...]:
    """The five operations; `region` is the country of phone numbers that are written without one."""

    def operation(plural: str, entity: Entity, record: Any, body: Any, decoder: decode.Decoder) -> Operation:
        shape = Members(entity.value, plural, TypeAdapter(record), TypeAdapter(body))
        return OdpV1Operation(f"odp.v1.{plural}", entity, shape, decoder, region)

    return (
        operation("customers", Entity.CUSTOMER, models.Customer, models.CustomersBody, decode.customer),
        operation("orders", Entity.ORDER, models.CustomerOrderView, models.OrdersBody, decode.order),
        operation("events", Entity.EVENT, models.CustomerEvent, models.EventsBody, decode.event),
        operation("leads", Entity.LEAD, models.Lead, models.LeadsBody, decode.lead),
        operation("reviews", Entity.REVIEW, models.Review, models.ReviewsBody, decode.review),
    )


ODP_V1 = odp_v1_operations()
"""The five operations, with Brazil as the default country of phone numbers."""
