"""The file of loyalty programmes: what it may say, and in which words it is refused."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cli.errors import SettingError
from cli.loyalty_file import read_programs
from domain.loyalty.program import AccountType, CouponType

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "loyalty.toml"
FREE = {"type": "free_item"}


def test_the_example_is_a_programme() -> None:
    """A default for everybody, and one tenant's own."""
    programs = read_programs(EXAMPLE)

    default, acme = programs.of("anybody"), programs.of("acme")
    assert default is not None
    assert acme is not None
    assert (12, ["silver", "gold"]) == (default.expiry_months, [tier.code for tier in default.tiers])
    assert default.earn is not None
    assert 12 == default.earn.points_for(Decimal("12.99"), "BRL")
    coupon = default.rewards[1].coupon
    assert (CouponType.DISCOUNT, Decimal("10.00"), "BRL") == (coupon.type, coupon.value, coupon.currency)
    assert (None, None, ["reward-mug"]) == (acme.earn, acme.expiry_months, [one.id for one in acme.rewards])


def test_json_is_taken_too(tmp_path: Path) -> None:
    """Amounts keep their decimals; a tenant without a programme has none."""
    reward = {
        "id": "r",
        "name": "R",
        "cost": 1,
        "available": False,
        "accountType": "cashback",
        "coupon": FREE,
    }
    earn = {"pointsPerUnit": 0.1}
    file = tmp_path / "loyalty.json"
    file.write_text(json.dumps({"tenants": {"acme": {"name": "A", "rewards": [reward], "earn": earn}}}))

    programs = read_programs(file)

    assert programs.of("globex") is None
    acme = programs.of("acme")
    assert acme is not None
    assert acme.earn is not None
    assert (Decimal("0.1"), AccountType.CASHBACK) == (acme.earn.points_per_unit, acme.rewards[0].account_type)


def program(**changes: Any) -> dict[str, Any]:
    """A file with one programme."""
    return {"default": {"name": "Points", **changes}}


def a_reward(**changes: Any) -> dict[str, Any]:
    """A reward that is right but for `changes`."""
    return {"id": "r", "name": "R", "cost": 1, "coupon": FREE, **changes}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({}, "no programme"),
        ([], "PORTICO_LOYALTY_FILE"),
        ({"default": {}}, r"default\.name: Field required"),
        (program(expiryMonths=0), r"default\.expiryMonths"),
        (program(colour="red"), r"default\.colour"),
        (program(rewards=[a_reward(cost=0)]), r"default\.rewards\.0\.cost"),
        (program(rewards=[a_reward(cost=1.5)]), r"default\.rewards\.0\.cost"),
        (program(rewards=[a_reward(), a_reward()]), "two of the rewards are the same"),
        (program(rewards=[a_reward(accountType="cashback")]), "cannot be available"),
        (program(rewards=[a_reward(coupon={"type": "discount"})]), "has a value"),
        (program(rewards=[a_reward(coupon={**FREE, "value": 1})]), "belong together"),
        (program(rewards=[a_reward(coupon={"type": "gift"})]), r"coupon\.type"),
        (program(earn={"pointsPerUnit": 0}), r"default\.earn\.pointsPerUnit"),
        (program(earn={"pointsPerUnit": 1, "currency": "real"}), r"default\.earn\.currency"),
        (program(tiers=[{"code": "a", "name": "A", "minPoints": 1}] * 2), "two of the tiers are the same"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, content: Any, words: str) -> None:
    """With its place."""
    file = tmp_path / "loyalty.json"
    file.write_text(json.dumps(content))

    with pytest.raises(SettingError, match=words):
        read_programs(file)


@pytest.mark.parametrize(
    ("name", "text"), [("a.toml", "="), ("a.json", "{"), ("a.json", "\ufeff{}"), ("b", "")]
)
def test_what_is_no_file_of_programmes(tmp_path: Path, name: str, text: str) -> None:
    """Broken syntax is told from what is not there."""
    with pytest.raises(SettingError, match="cannot be read: No such file"):
        read_programs(tmp_path / name)
    (tmp_path / name).write_text(text)
    with pytest.raises(SettingError, match="neither JSON nor"):
        read_programs(tmp_path / name)
