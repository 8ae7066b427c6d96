"""The wire models of Open Delivery v2's loyalty extension (contracts B.10)."""

from typing import Annotated, Literal, NotRequired, Required

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict  # pydantic takes no other before Python 3.12

from contracts.types import Id, Timestamp
from domain.loyalty.ledger import MAX_QUANTITY

_WIRE = ConfigDict(strict=True, extra="ignore", json_schema_extra={"additionalProperties": True})
_Points = Annotated[int, Field(ge=0)]


class LoyaltyTier(TypedDict):
    """A level of customers."""

    code: str
    name: str


class LoyaltySummary(TypedDict):
    """Points of an account."""

    pointsAvailable: Annotated[_Points, Field(description="The sum of the ledger.")]
    pointsPending: Annotated[_Points, Field(description="Always 0: points are entered when they are earned.")]
    pointsExpiringSoon: Annotated[_Points, Field(description="Of those available, within 30 days.")]


class Loyalty(TypedDict):
    """A customer's loyalty account."""

    accountId: str
    customerId: str
    merchantId: NotRequired[str]
    programId: str
    status: Literal["ENROLLED", "ACTIVE"]
    tier: NotRequired[LoyaltyTier]
    summary: LoyaltySummary


class LoyaltyTransaction(TypedDict):
    """A movement of points."""

    id: str
    accountId: str
    type: Literal["earn", "burn", "expire", "adjust"]
    amount: Annotated[int, Field(description="Signed; together, what is available.", examples=[-250])]
    relatedOrderId: NotRequired[str]
    occurredAt: Timestamp
    expiresAt: NotRequired[Annotated[Timestamp, Field(description="When points that it brought expire.")]]


class Reward(TypedDict):
    """What points can buy."""

    id: str
    name: str
    cost: Annotated[int, Field(ge=1, description="Points a unit.")]
    accountType: Literal["points", "cashback"]
    available: bool


@with_config(_WIRE)
class RedemptionRequest(TypedDict, total=False):
    """What to buy."""

    rewardId: Required[Annotated[Id, Field(examples=["reward-10-off"])]]
    quantity: Annotated[int, Field(ge=1, le=MAX_QUANTITY, description="1 where it is left out.")]
    relatedOrderId: Annotated[Id, Field(description="The order that the coupon is for.")]


class Coupon(TypedDict):
    """What a redemption bought."""

    id: str
    code: Annotated[str, Field(description="What the customer shows.", examples=["7K2M9QXW4T0B"])]
    type: Literal["discount", "free_item", "cashback"]
    value: NotRequired[Annotated[float, Field(description="Of all units together, in major units.")]]
    currency: NotRequired[Annotated[str, Field(description="ISO 4217.", examples=["BRL"])]]
    quantity: Annotated[int, Field(ge=1)]
    status: Literal["available", "cancelled"]
    source: Literal["loyalty"]
    customerId: str
    rewardId: str


class RedemptionResult(TypedDict):
    """What a redemption did."""

    redemptionId: str
    transactionId: str
    coupon: Coupon
