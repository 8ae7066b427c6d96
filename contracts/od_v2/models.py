"""The wire models of Open Delivery v2's customers, leads, reviews and events (contracts B.4 to B.8).

Unknown fields are kept. A member that may be left out may be null as well.
"""

from typing import Annotated, Any, Literal, Required

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema, with_config
from typing_extensions import TypedDict  # pydantic takes no other before Python 3.12

from contracts.od_v2 import rules
from contracts.types import MAX_ID, Date, Id, NonEmpty, Number, Timestamp


def wire(schema: rules.Json | None = None) -> ConfigDict:
    """What all models share; `schema` goes into the JSON Schema of one."""
    # Unknown fields are allowed; they are kept from the body's bytes, so there is no need to build them here.
    extra: rules.Json = {"additionalProperties": True} if schema is None else schema
    return ConfigDict(strict=True, extra="ignore", json_schema_extra=extra)


Text = str | None
Flag = bool | None
_ShortText = Annotated[str, Field(max_length=MAX_ID)] | None
_Moment = Annotated[Any, WithJsonSchema({"type": "string", "format": "date-time"})]
"""A time that cannot be read is kept, and counts as none."""

_IdentifierType = Literal["document", "phone", "email", "external_id", "custom"]


@with_config(wire())
class CustomerIdentifier(TypedDict, total=False):
    """The canonical identifier."""

    type: Required[Annotated[_IdentifierType, Field(examples=["external_id"])]]
    value: Required[Annotated[Id, Field(examples=["crm:customer:93821"])]]


@with_config(wire())
class CustomerDocument(TypedDict, total=False):
    """A national document."""

    type: Annotated[Text, Field(description="Such as CPF, CNPJ or PASSPORT.", examples=["CPF"])]
    number: Annotated[Text, Field(examples=["123.456.789-09"])]
    value: Annotated[Text, Field(description="The same as `number`.")]
    country: Annotated[Text, Field(description="ISO 3166-1 alpha-2.", examples=["BR"])]
    issuer: Text


@with_config(wire())
class CustomerEmail(TypedDict, total=False):
    """An e-mail address."""

    email: Required[Annotated[Id, Field(examples=["maria.silva@example.com"])]]
    isPrimary: Flag
    type: Text
    verified: Flag


@with_config(wire(rules.A_NUMBER_IN_SCHEMA))
class CustomerPhone(TypedDict, total=False):
    """A phone number, under `phone` or `number`."""

    phone: Annotated[_ShortText, Field(examples=["+5511999999999"])]
    number: Annotated[_ShortText, Field(description="The same as `phone`.")]
    isPrimary: Flag
    type: Annotated[Text, Field(description="Such as mobile, home, work or other.")]
    countryCode: Text
    extension: Text


@with_config(wire())
class CustomerContacts(TypedDict, total=False):
    """Contact channels; channels besides e-mail and phone are kept as they are."""

    phones: (
        Annotated[
            list[Annotated[CustomerPhone, AfterValidator(rules.has_number)]], rules.Elements(ranked=True)
        ]
        | None
    )
    emails: Annotated[list[CustomerEmail], rules.Elements(ranked=True)] | None


@with_config(wire())
class CustomerDemographics(TypedDict, total=False):
    """Demographic data."""

    birthDate: Annotated[Date | None, Field(description="Date of birth.")]
    gender: Annotated[Text, Field(description="Free text.")]
    maritalStatus: Text
    language: Text
    nationality: Text


@with_config(wire())
class GeoCoordinates(TypedDict, total=False):
    """A place on the globe, in degrees."""

    latitude: Required[Annotated[Number, Field(ge=-90, le=90)]]
    longitude: Required[Annotated[Number, Field(ge=-180, le=180)]]


@with_config(wire())
class CustomerAddress(TypedDict, total=False):
    """An address."""

    type: Annotated[Text, Field(description="Such as home, work, billing or shipping.")]
    street: Text
    number: Text
    complement: Text
    neighborhood: Text
    district: Annotated[Text, Field(description="The same as `neighborhood`.")]
    city: Text
    state: Text
    postalCode: Text
    country: Text
    reference: Text
    formattedAddress: Text
    geo: GeoCoordinates | None
    coordinates: Annotated[GeoCoordinates | None, Field(description="The same as `geo`.")]
    isPrimary: Flag


@with_config(wire())
class CustomerExternalId(TypedDict, total=False):
    """An id that another system gave."""

    source: Required[Annotated[Id, Field(examples=["PDV"])]]
    sourceName: Annotated[Text, Field(examples=["PDV Loja Centro"])]
    key: Annotated[Text, Field(examples=["customerCode"])]
    value: Required[Annotated[Id, Field(examples=["C12345"])]]


_ExternalIds = Annotated[list[CustomerExternalId], rules.Elements()] | None


@with_config(wire())
class CustomerMetadata(TypedDict, total=False):
    """Whatever else is known, such as `restrictions`, `customRules` and `customTags`."""


@with_config(wire())
class Customer(TypedDict, total=False):
    """A customer. What is absent stays as it is, null clears, and collections unite by value."""

    id: Annotated[
        Id | None,
        Field(description="Answered: Portico's own id. Sent: a hint at whom is meant."),
    ]
    identifier: Required[CustomerIdentifier]
    name: Annotated[Text, Field(examples=["Maria Silva"])]
    document: CustomerDocument | None
    contacts: CustomerContacts | None
    demographics: CustomerDemographics | None
    address: Annotated[CustomerAddress | None, Field(description="Joins `addresses`.")]
    addresses: Annotated[list[CustomerAddress], rules.Elements(ranked=True)] | None
    externalIds: _ExternalIds
    metadata: CustomerMetadata | None
    merchantId: Text
    createdAt: _Moment
    updatedAt: Annotated[_Moment, Field(description="Of two words on the same member the later one stands.")]


@with_config(wire())
class LeadContact(TypedDict, total=False):
    """A way to reach a lead, told with its kind."""

    type: Text
    value: Required[str]


@with_config(wire(rules.SOMEBODY_IN_SCHEMA))
class Lead(TypedDict, total=False):
    """Somebody who may become a customer; known by at least one of `id`, `name`, `contact`, `externalIds`."""

    id: Annotated[Id | None, Field(examples=["lead-001"])]
    name: Annotated[Text, Field(examples=["Ana Souza"])]
    contact: Annotated[
        str | LeadContact | None,
        rules.OneFault("text_or_contact"),
        Field(description="E-mail or phone; answered as a string.", examples=["ana.souza@example.com"]),
    ]
    externalIds: _ExternalIds
    source: Text
    status: Text
    customerRef: Annotated[Text, Field(description="Linked customer id.")]
    metadata: CustomerMetadata | None
    createdAt: _Moment
    updatedAt: _Moment


JudgedLead = Annotated[Lead, AfterValidator(rules.says_who)]
"""A lead that has something to know it by."""

RatingStyle = Literal["STAR", "THUMBS_UP_DOWN", "NPS", "OTHER"]


@with_config(wire(rules.IN_RANGE_IN_SCHEMA))
class Rating(TypedDict, total=False):
    """A score on the scale of its style: STAR 0 to 5, NPS 0 to 10, THUMBS_UP_DOWN 0 or 1."""

    ratingStyle: Required[Annotated[RatingStyle, Field(examples=["STAR"])]]
    value: Required[Annotated[Number, Field(examples=[4])]]
    comment: Annotated[Text, Field(examples=["Fast delivery and good food."])]


_Rating = Annotated[Rating, AfterValidator(rules.in_range)]


@with_config(wire())
class ReviewQuestion(TypedDict, total=False):
    """A detailed question and what was answered."""

    questionId: Text
    question: Required[str]
    category: Text
    rating: _Rating | None
    answer: Any


@with_config(wire())
class ReviewSubject(TypedDict, total=False):
    """What is reviewed."""

    orderId: Annotated[Text, Field(examples=["ord-001"])]
    merchantId: Annotated[Text, Field(examples=["merchant-01"])]


@with_config(wire())
class ReviewCustomer(TypedDict, total=False):
    """Who reviewed."""

    customerId: Annotated[Text, Field(examples=["cust-001"])]
    email: Text


@with_config(wire())
class ReviewSource(TypedDict, total=False):
    """Where the review was made."""

    system: Annotated[Text, Field(examples=["CRM"])]
    channel: Annotated[Text, Field(examples=["DELIVERY_APP"])]


@with_config(wire())
class Review(TypedDict, total=False):
    """A review. It does not change: another one under its id is a conflict."""

    reviewId: Annotated[
        Id | None,
        Field(description="Generated where it is absent.", examples=["rev-001"]),
    ]
    reviewType: Required[
        Annotated[Literal["ORDER", "MERCHANT_EXPERIENCE", "EVENT"], Field(examples=["ORDER"])]
    ]
    overallRating: Required[_Rating]
    questions: Annotated[list[ReviewQuestion], rules.Elements()] | None
    subject: ReviewSubject | None
    customer: ReviewCustomer | None
    reviewDate: Required[Timestamp]
    source: ReviewSource | None


@with_config(wire())
class EventData(TypedDict, total=False):
    """Whatever the event is about."""


@with_config(wire())
class CustomerEvent(TypedDict, total=False):
    """A business fact. It does not change: another one under its id is a conflict."""

    id: Annotated[Id | None, Field(description="Event id.")]
    eventId: Annotated[Id | None, Field(description="The same as `id`.")]
    eventType: Required[Annotated[NonEmpty, Field(examples=["ORDER_COMPLETED"])]]
    occurredAt: Required[Timestamp]
    customerId: Annotated[Text, Field(examples=["cust-001"])]
    data: Annotated[EventData | None, Field(examples=[{"orderId": "ord-001", "totalAmount": 7990}])]
