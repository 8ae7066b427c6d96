"""The file of PORTICO_LOYALTY_FILE: each tenant's loyalty programme, in JSON or TOML."""

import json
import tomllib
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from cli.errors import SettingError
from domain.loyalty.program import (
    AccountType,
    CouponTerms,
    CouponType,
    EarnRule,
    Program,
    Programs,
    Reward,
    Tier,
)
from domain.loyalty.rules import MAX_POINTS

_Text = Annotated[str, Field(min_length=1, max_length=200)]
_Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]
_Points = Annotated[int, Field(ge=0, le=MAX_POINTS, strict=True)]
_MOST_FAULTS = 10


class _Member(BaseModel):
    """A part of the file; a name that is not known is a mistake."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


class _Coupon(_Member):
    type: CouponType
    value: Annotated[Decimal, Field(gt=0, max_digits=15)] | None = None
    currency: _Currency | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.value is None) != (self.currency is None):
            raise ValueError("value and currency belong together")
        if self.value is None and self.type is not CouponType.FREE_ITEM:
            raise ValueError(f"a coupon of the type {self.type.value} has a value")
        return self


class _Reward(_Member):
    id: _Text
    name: _Text
    cost: Annotated[_Points, Field(ge=1)]
    account_type: AccountType = AccountType.POINTS
    available: bool = True
    coupon: _Coupon

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.available and self.account_type is not AccountType.POINTS:
            raise ValueError("accounts are of points: a reward for cashback cannot be available")
        return self

    def reward(self) -> Reward:
        coupon = CouponTerms(self.coupon.type, self.coupon.value, self.coupon.currency)
        return Reward(self.id, self.name, self.cost, coupon, self.account_type, self.available)


class _Earn(_Member):
    points_per_unit: Annotated[Decimal, Field(gt=0, le=1_000_000)]
    currency: _Currency | None = None


class _Tier(_Member):
    code: _Text
    name: _Text
    min_points: _Points


class _Program(_Member):
    id: _Text = "program-default"
    name: _Text
    merchant_id: _Text | None = None
    rewards: tuple[_Reward, ...] = ()
    earn: _Earn | None = None
    expiry_months: Annotated[int, Field(ge=1, le=1_200)] | None = None
    tiers: tuple[_Tier, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        _require_different("rewards", [one.id for one in self.rewards])
        _require_different("tiers", [one.code for one in self.tiers])
        _require_different("tiers", [one.min_points for one in self.tiers])
        return self

    def program(self) -> Program:
        return Program(
            id=self.id,
            name=self.name,
            rewards=tuple(one.reward() for one in self.rewards),
            earn=EarnRule(self.earn.points_per_unit, self.earn.currency) if self.earn else None,
            expiry_months=self.expiry_months,
            tiers=tuple(Tier(one.code, one.name, one.min_points) for one in self.tiers),
            merchant_id=self.merchant_id,
        )


class _File(_Member):
    default: _Program | None = None
    tenants: dict[str, _Program] = {}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.default is None and not self.tenants:
            raise ValueError("it has no programme: neither `default` nor any of `tenants`")
        return self


def read_programs(file: Path) -> Programs:
    """The programmes in `file`. Raises SettingError, which says what is wrong and where."""
    try:
        parsed = _File.model_validate(_parsed(file))
    except OSError as error:
        raise SettingError(f"PORTICO_LOYALTY_FILE cannot be read: {error.strerror}") from error
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        words = [_fault(fault["loc"], fault["msg"]) for fault in faults[:_MOST_FAULTS]]
        raise SettingError("PORTICO_LOYALTY_FILE: " + "; ".join(words)) from error
    except (ValueError, RecursionError) as error:
        raise SettingError("PORTICO_LOYALTY_FILE is neither JSON nor, named *.toml, TOML") from error
    tenants = {tenant: one.program() for tenant, one in parsed.tenants.items()}
    return Programs(parsed.default.program() if parsed.default else None, tenants)


def _parsed(file: Path) -> Any:
    text = file.read_text(encoding="utf-8")
    if file.suffix.lower() == ".toml":
        return tomllib.loads(text, parse_float=Decimal)
    return json.loads(text, parse_float=Decimal)


def _fault(location: Sequence[int | str], message: str) -> str:
    place = ".".join(map(str, location))
    words = message.removeprefix("Value error, ")
    return f"{place}: {words}" if place else words


def _require_different(where: str, names: Sequence[object]) -> None:
    if len(set(names)) != len(names):
        raise ValueError(f"two of the {where} are the same")
