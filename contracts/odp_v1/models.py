"""The wire models of the ODP v1 binding (contracts A.2). Unknown fields are kept."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, FailFast, Field, with_config
from typing_extensions import TypedDict  # pydantic takes no other before Python 3.12

from contracts.operations import MAX_RECORDS
from contracts.types import Date, Id, NonEmpty, Number, ReadAs, TextOrTexts, Timestamp

# Unknown fields are allowed; they are kept from the body's bytes, so there is no need to build them here.
# Few values come twice, so none is remembered to be made once.
_WIRE = ConfigDict(
    strict=True, extra="ignore", cache_strings="keys", json_schema_extra={"additionalProperties": True}
)


@with_config(_WIRE)
class Contacts(TypedDict):
    """Contact channels; channels besides e-mail and phone are kept as they are."""

    email: NotRequired[Annotated[TextOrTexts, Field(examples=["maria@example.com"])]]
    phone: NotRequired[Annotated[TextOrTexts, Field(examples=["+55-11-99999-0000"])]]


@with_config(_WIRE)
class Consent(TypedDict):
    """Consent metadata: each boolean member is a purpose, opted in or out."""

    marketing: NotRequired[Annotated[Any, ReadAs(bool), Field(description="The usual purpose.")]]
    updatedAt: NotRequired[Timestamp]


@with_config(_WIRE)
class Customer(TypedDict):
    """A customer."""

    id: Annotated[Id, Field(description="Logical customer identifier.", examples=["customer-123"])]
    externalIds: Annotated[
        list[str],
        FailFast(),
        Field(
            description="External identifiers for deduplication, `source:value`.",
            examples=[["app:123", "crm:ABC-9"]],
        ),
    ]
    name: Annotated[str, Field(description="Customer display name.", examples=["Maria Souza"])]
    contacts: Annotated[Contacts, Field(description="Contact channels.")]
    consent: Annotated[Consent, Field(description="Consent metadata.", examples=[{"marketing": True}])]
    document: NotRequired[Annotated[str, Field(description="National id, e.g. a CPF.")]]
    birthDate: NotRequired[Annotated[Date, Field(description="Date of birth.")]]
    gender: NotRequired[Annotated[str, Field(description="Gender, free text.")]]
    createdAt: Annotated[Timestamp, Field(description="Creation timestamp.")]
    updatedAt: Annotated[
        Timestamp,
        Field(description="Update timestamp: of two versions of a customer the later one stands."),
    ]


@with_config(_WIRE)
class Lead(TypedDict):
    """A lead: somebody who may become a customer."""

    id: Annotated[Id, Field(description="Lead identifier.", examples=["lead-7"])]
    source: Annotated[str, Field(description="Lead source.", examples=["campaign"])]
    status: Annotated[str, Field(description="Lead stage.", examples=["new"])]
    customerRef: NotRequired[Annotated[str, Field(description="Linked customer id.")]]


@with_config(_WIRE)
class Timestamps(TypedDict):
    """Minimal lifecycle markers; further ones are kept as they are."""

    createdAt: NotRequired[Timestamp]
    confirmedAt: NotRequired[Timestamp]
    completedAt: NotRequired[Timestamp]
    canceledAt: NotRequired[Timestamp]


@with_config(_WIRE)
class CustomerOrderView(TypedDict):
    """An order as the customer's history shows it; never its operational state."""

    orderId: Annotated[Id, Field(description="Order identifier.", examples=["order-55"])]
    customerId: Annotated[Id, Field(description="Customer identifier.", examples=["customer-123"])]
    salesChannel: Annotated[str, Field(description="Sales channel.", examples=["app"])]
    timestamps: Annotated[Timestamps, Field(description="Lifecycle markers of the order.")]


@with_config(_WIRE)
class Payload(TypedDict):
    """Whatever the event is about; `customerId` names its customer."""


@with_config(_WIRE)
class CustomerEvent(TypedDict):
    """A business fact."""

    eventType: Annotated[NonEmpty, Field(description="Business fact type.", examples=["customer.updated"])]
    entityType: Annotated[
        Literal["customer", "order", "lead", "review"],
        Field(description="What the fact is about.", examples=["customer"]),
    ]
    occurredAt: Annotated[Timestamp, Field(description="Occurrence timestamp.")]
    payload: Annotated[
        Payload, Field(description="Event payload.", examples=[{"customerId": "customer-123"}])
    ]


@with_config(_WIRE)
class Review(TypedDict):
    """A review (draft)."""

    id: Annotated[Id, Field(description="Review identifier.", examples=["review-3"])]
    referenceType: Annotated[
        Literal["order", "store", "experience"],
        Field(description="What is reviewed.", examples=["order"]),
    ]
    score: Annotated[Number, Field(description="Score.", examples=[4.5])]
    comment: NotRequired[Annotated[str, Field(description="Comment.")]]


_Many = Field(max_length=MAX_RECORDS, description="Several at once, where the body holds no single one.")


@with_config(_WIRE)
class CustomersBody(TypedDict, total=False):
    """One customer, or an array of them."""

    customer: Customer
    customers: Annotated[list[Customer], FailFast(), _Many]


@with_config(_WIRE)
class LeadsBody(TypedDict, total=False):
    """One lead, or an array of them."""

    lead: Lead
    leads: Annotated[list[Lead], FailFast(), _Many]


@with_config(_WIRE)
class OrdersBody(TypedDict, total=False):
    """One order, or an array of them."""

    order: CustomerOrderView
    orders: Annotated[list[CustomerOrderView], FailFast(), _Many]


@with_config(_WIRE)
class EventsBody(TypedDict, total=False):
    """One event, or an array of them."""

    event: CustomerEvent
    events: Annotated[list[CustomerEvent], FailFast(), _Many]


@with_config(_WIRE)
class ReviewsBody(TypedDict, total=False):
    """One review, or an array of them."""

    review: Review
    reviews: Annotated[list[Review], FailFast(), _Many]
