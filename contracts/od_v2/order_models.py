"""The canonical Order of Open Delivery V1 (version 1.7.0), which Open Delivery v2 reuses (contracts B.6)."""

from typing import Annotated, Literal, Required

from msgspec import Meta
from pydantic import AfterValidator, Field, with_config
from typing_extensions import TypedDict  # pydantic takes no other before Python 3.12

from contracts.od_v2 import rules
from contracts.od_v2.lenient import lenient
from contracts.od_v2.models import wire
from contracts.types import Id, Number, ReadAs, Timestamp

_UUID = "^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
Uuid = Annotated[
    str,
    Field(pattern=f"{_UUID}$", json_schema_extra={"format": "uuid"}),
    ReadAs(Annotated[str, Meta(pattern=rf"{_UUID}\Z")]),  # in Python `$` is also before a line's end
]
Unit = Literal["UN", "KG", "L", "OZ", "LB", "GAL"]
OrderType = Literal["DELIVERY", "TAKEOUT", "INDOOR"]
OrderTiming = Literal["INSTANT", "SCHEDULED", "ONDEMAND"]
LastEvent = Literal[
    "CREATED",
    "CONFIRMED",
    "PREPARATION_REQUESTED",
    "PREPARING",
    "DISPATCHED",
    "READY_FOR_PICKUP",
    "PICKUP_AREA_ASSIGNED",
    "PICKED_UP",
    "DELIVERED",
    "CONCLUDED",
    "CANCELLATION_REQUESTED",
    "CANCELLATION_REQUEST_DENIED",
    "CANCELLED",
    "ORDER_CANCELLATION_REQUEST",
    "CANCELLED_DENIED",
]
PaymentMethod = Literal[
    "CREDIT",
    "DEBIT",
    "MEAL_VOUCHER",
    "FOOD_VOUCHER",
    "DIGITAL_WALLET",
    "PIX",
    "CASH",
    "CREDIT_DEBIT",
    "COUPON",
    "REDEEM",
    "PREPAID_REDEEM",
    "OTHER",
]


@with_config(wire())
class Price(TypedDict, total=False):
    """An amount of money, in major units."""

    value: Required[Number]
    currency: Required[str]


@with_config(wire())
class OrderMerchant(TypedDict, total=False):
    """Who sells."""

    id: Required[str]
    name: Required[str]


@with_config(wire())
class OrderItemOption(TypedDict, total=False):
    """What was chosen with an item."""

    index: int
    id: Required[str]
    name: Required[str]
    externalCode: Required[str]
    unit: Required[Unit]
    ean: str
    quantity: Required[Number]
    unitPrice: Required[Price]
    originalPrice: Price
    subtotalPrice: Price
    totalPrice: Required[Price]
    specialInstructions: str


@with_config(wire())
class OrderItemIndoor(TypedDict, total=False):
    """Where an item is made, for orders served on the spot."""

    productionPoint: str


@with_config(wire())
class OrderItem(TypedDict, total=False):
    """A line of an order."""

    id: Required[Uuid]
    index: int
    name: Required[str]
    externalCode: Required[str]
    unit: Required[Unit]
    ean: str
    quantity: Required[Number]
    specialInstructions: str
    unitPrice: Required[Price]
    originalPrice: Price
    scalePriceApplied: bool
    optionsPrice: Price
    subtotalPrice: Price
    totalPrice: Required[Price]
    indoor: OrderItemIndoor
    options: list[OrderItemOption]


@with_config(wire())
class OrderFee(TypedDict, total=False):
    """A fee besides the items."""

    name: Required[str]
    type: Required[Literal["DELIVERY_FEE", "SERVICE_FEE", "TIP", "MIN_ORDER_FEE"]]
    receivedBy: Required[Literal["MARKETPLACE", "MERCHANT", "LOGISTIC_SERVICES"]]
    receiverDocument: str
    price: Required[Price]
    observation: str


@with_config(wire())
class OrderSponsorship(TypedDict, total=False):
    """Who pays for a discount."""

    name: Required[Literal["MARKETPLACE", "MERCHANT", "CHAIN"]]
    amount: Required[Price]
    discountCode: str


@with_config(wire())
class OrderDiscount(TypedDict, total=False):
    """A discount."""

    amount: Required[Price]
    target: Required[Literal["CART", "DELIVERY_FEE", "ITEM"]]
    targetId: str
    sponsorshipValues: Required[list[OrderSponsorship]]


@with_config(wire())
class OrderTotal(TypedDict, total=False):
    """What the order comes to."""

    itemsPrice: Required[Price]
    otherFees: Required[Price]
    discount: Required[Price]
    orderAmount: Required[Price]


@with_config(wire())
class OrderTransaction(TypedDict, total=False):
    """A payment's proof."""

    authorizationCode: str
    acquirerDocument: str


@with_config(wire())
class OrderPaymentMethod(TypedDict, total=False):
    """One way in which the order is paid."""

    value: Required[Number]
    currency: Required[str]
    type: Required[Literal["PREPAID", "PENDING"]]
    method: Required[PaymentMethod]
    brand: str
    methodInfo: str
    transaction: OrderTransaction
    changeFor: Number


@with_config(wire())
class OrderPayments(TypedDict, total=False):
    """How the order is paid."""

    prepaid: Required[Number]
    pending: Required[Number]
    methods: Required[list[OrderPaymentMethod]]


@with_config(wire())
class OrderPhone(TypedDict, total=False):
    """A customer's phone."""

    number: Required[str]
    extension: str


@with_config(wire())
class OrderCustomer(TypedDict, total=False):
    """Who ordered."""

    id: Required[Uuid]
    name: Required[str]
    documentNumber: str
    phone: Required[OrderPhone]
    email: str
    ordersCountOnMerchant: Required[int]


@with_config(wire())
class OrderSchedule(TypedDict, total=False):
    """When a scheduled order is wanted."""

    scheduledDateTimeStart: Required[Timestamp]
    scheduledDateTimeEnd: Required[Timestamp]


@with_config(wire())
class OrderCoordinates(TypedDict, total=False):
    """A place on the globe, in degrees."""

    latitude: Required[Number]
    longitude: Required[Number]


@with_config(wire())
class OrderDeliveryAddress(TypedDict, total=False):
    """Where to deliver."""

    country: Required[str]
    state: Required[str]
    city: Required[str]
    district: Required[str]
    street: Required[str]
    number: Required[str]
    complement: str
    reference: str
    formattedAddress: Required[str]
    postalCode: Required[str]
    coordinates: Required[OrderCoordinates]


@with_config(wire())
class OrderDelivery(TypedDict, total=False):
    """How the order is delivered."""

    deliveredBy: Required[Literal["MERCHANT", "MARKETPLACE"]]
    deliveryAddress: Required[OrderDeliveryAddress]
    estimatedDeliveryDateTime: Required[Timestamp]
    deliveryDateTime: Timestamp
    pickupCode: str


@with_config(wire())
class OrderTakeout(TypedDict, total=False):
    """How the order is taken out."""

    mode: Required[Literal["DEFAULT", "PICKUP_AREA"]]
    takeoutDateTime: Required[Timestamp]


@with_config(wire())
class OrderIndoor(TypedDict, total=False):
    """How the order is served on the spot."""

    mode: Required[Literal["DEFAULT", "PLACE", "TAB", "TERMINAL"]]
    indoorDateTime: Required[Timestamp]
    place: str
    tab: str
    seat: str
    waiterCode: str


@with_config(wire())
class OrderTaxInvoice(TypedDict, total=False):
    """The order's tax invoice."""

    issued: bool
    taxInvoiceURL: str


@with_config(wire())
class Order(TypedDict, total=False):
    """An order, as it stands: stored and answered as it was sent, and never driven from here."""

    id: Required[Annotated[Uuid, Field(examples=["ord-001"])]]
    type: Required[OrderType]
    displayId: Required[str]
    sourceAppId: Uuid
    salesChannel: str
    virtualBrand: str
    category: Literal["FOOD", "GROCERY", "DRUGSTORE", "PETSTORE"]
    createdAt: Required[Timestamp]
    status: Annotated[str, Field(description="A snapshot; goes before `lastEvent`.", examples=["CONFIRMED"])]
    lastEvent: LastEvent
    orderTiming: Required[OrderTiming]
    preparationStartDateTime: Required[Timestamp]
    orderPriority: Literal["PRIORITY1", "PRIORITY2", "PRIORITY3", "PRIORITY4", "PRIORITY5"]
    merchant: Required[OrderMerchant]
    items: Required[list[OrderItem]]
    otherFees: list[OrderFee]
    discounts: list[OrderDiscount]
    total: Required[OrderTotal]
    payments: Required[OrderPayments]
    customer: OrderCustomer
    schedule: OrderSchedule
    delivery: OrderDelivery
    takeout: OrderTakeout
    indoor: OrderIndoor
    taxInvoice: OrderTaxInvoice
    sendPreparing: bool
    sendDelivered: bool
    sendPickedUp: bool
    sendTracking: bool
    extraInfo: str


StrictOrder = Annotated[Order, AfterValidator(rules.names_who_gets_it)]
"""An order by the whole V1 schema."""

LenientOrder = lenient(
    Order, required={"id": Annotated[Id, Field(examples=["ord-001"])]}, keep=(OrderType, OrderTiming)
)
"""An order of which no more is required than its id; what is known is of the right type (contracts B.6)."""
