"""The wire models of the ODP v1 binding (contracts A.2). Unknown fields are kept."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from typing_extensions import NotRequired, TypedDict

from contracts.operations import MAX_RECORDS
from contracts.types import Date, Id, NonEmpty, Number, TextOrTexts, Timestamp

_WIRE = ConfigDict(strict=True, extra="allow")


class Contacts(TypedDict):
    """Contact channels; channels besides e-mail and phone are kept as they are."""

    __pydantic_config__ = _WIRE

    email: NotRequired[Annotated[TextOrTexts, Field(examples=["maria@example.com"])]]
    phone: NotRequired[Annotated[TextOrTexts, Field(examples=["+55-11-99999-0000"])]]


class Consent(TypedDict):
    """Consent metadata: each boolean member is a purpose, opted in or out."""

    __pydantic_config__ = _WIRE

    updatedAt: NotRequired[Timestamp]


class Customer(TypedDict):
    """A customer."""

    __pydantic_config__ = _WIRE

    id: Annotated[Id, Field(description="Logical customer identifier.", examples=["customer-123"])]
    externalIds: Annotated[
        list[str],
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


class Lead(TypedDict):
    """A lead: somebody who may become a customer."""

    __pydantic_config__ = _WIRE

    id: Annotated[Id, Field(description="Lead identifier.", examples=["lead-7"])]
    source: Annotated[str, Field(description="Lead source.", examples=["campaign"])]
    status: Annotated[str, Field(description="Lead stage.", examples=["new"])]
    customerRef: NotRequired[Annotated[str, Field(description="Linked customer id.")]]


class Timestamps(TypedDict):
    """Minimal lifecycle markers; further ones are kept as they are."""

    __pydantic_config__ = _WIRE

    createdAt: NotRequired[Timestamp]
    confirmedAt: NotRequired[Timestamp]
    completedAt: NotRequired[Timestamp]
    canceledAt: NotRequired[Timestamp]


class CustomerOrderView(TypedDict):
    """An order as the customer's history shows it; never its operational state."""

    __pydantic_config__ = _WIRE

    orderId: Annotated[Id, Field(description="Order identifier.", examples=["order-55"])]
    customerId: Annotated[Id, Field(description="Customer identifier.", examples=["customer-123"])]
    salesChannel: Annotated[str, Field(description="Sales channel.", examples=["app"])]
    timestamps: Annotated[Timestamps, Field(description="Lifecycle markers of the order.")]


class CustomerEvent(TypedDict):
    """A business fact."""

    __pydantic_config__ = _WIRE

    eventType: Annotated[
        NonEmpty, Field(description="Business fact type.", examples=["customer.updated"])
    ]
    entityType: Annotated[
        Literal["customer", "order", "lead", "review"],
        Field(description="What the fact is about.", examples=["customer"]),
    ]
    occurredAt: Annotated[Timestamp, Field(description="Occurrence timestamp.")]
    payload: Annotated[
        dict[str, Any], Field(description="Event payload.", examples=[{"customerId": "customer-123"}])
    ]


class Review(TypedDict):
    """A review (draft)."""

    __pydantic_config__ = _WIRE

    id: Annotated[Id, Field(description="Review identifier.", examples=["review-3"])]
    referenceType: Annotated[
        Literal["order", "store", "experience"],
        Field(description="What is reviewed.", examples=["order"]),
    ]
    score: Annotated[Number, Field(description="Score.", examples=[4.5])]
    comment: NotRequired[Annotated[str, Field(description="Comment.")]]


_Many = Field(max_length=MAX_RECORDS, description="Several at once, where the body holds no single one.")


class CustomersBody(TypedDict, total=False):
    """One customer, or an array of them."""

    __pydantic_config__ = _WIRE

    customer: Customer
    customers: Annotated[list[Customer], _Many]


class LeadsBody(TypedDict, total=False):
    """One lead, or an array of them."""

    __pydantic_config__ = _WIRE

    lead: Lead
    leads: Annotated[list[Lead], _Many]


class OrdersBody(TypedDict, total=False):
    """One order, or an array of them."""

    __pydantic_config__ = _WIRE

    order: CustomerOrderView
    orders: Annotated[list[CustomerOrderView], _Many]


class EventsBody(TypedDict, total=False):
    """One event, or an array of them."""

    __pydantic_config__ = _WIRE

    event: CustomerEvent
    events: Annotated[list[CustomerEvent], _Many]


class ReviewsBody(TypedDict, total=False):
    """One review, or an array of them."""

    __pydantic_config__ = _WIRE

    review: Review
    reviews: Annotated[list[Review], _Many]
