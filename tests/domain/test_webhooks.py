import json
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.decide import decide
from domain.endpoints import Endpoint
from domain.facts import Fact
from domain.records import Entity, Record, Stored
from domain.version import Version
from domain.webhooks import MOST, with_facts

NOW = 1_800_000_000_000


def a_record(entity: Entity, at: int = 1, document: str = "{}", **fields: Any) -> Record:
    """A record whose digest is its document."""
    return Record(entity, "acme", "odp_v1", "k", Version(at, "ing", 0), document, document, fields)


def told(records: list[Record], stored: Stored | None = None) -> Stored | None:
    """What is stored once all of `records` came, with the facts about it."""
    for record in records:
        decision = decide(stored, record, "x_1", NOW)
        if decision.stored is not None:
            stored = with_facts(decision.stored, stored, record, decision.outcome)
    return stored


def facts(*records: Record) -> tuple[Fact, ...]:
    """The facts that `records` make."""
    stored = told(list(records))
    return () if stored is None else stored.outbox


@pytest.mark.parametrize("entity", [Entity.CUSTOMER, Entity.LEAD, Entity.ORDER])
def test_a_record_is_created_and_updated(entity: Entity) -> None:
    """What changes nothing, or is stale, is no fact."""
    made = facts(
        a_record(entity, 2, "1"), a_record(entity, 3, "2"), a_record(entity, 4, "2"), a_record(entity, 1, "0")
    )

    assert [f"{entity}.created", f"{entity}.updated"] == [fact.type for fact in made]
    assert sorted(fact.position for fact in made) == [fact.position for fact in made]


def test_an_order_that_ends_is_a_fact_of_its_own() -> None:
    """Once, however often it is said again."""
    made = facts(
        a_record(Entity.ORDER, 1, "1", status="CONFIRMED"),
        a_record(Entity.ORDER, 2, "2", status="CONCLUDED"),
        a_record(Entity.ORDER, 3, "3", status="CONCLUDED", amount="1.00"),
        a_record(Entity.ORDER, 4, "4", status="CANCELLED"),
    )

    assert [
        "order.created",
        "order.updated",
        "order.completed",
        "order.updated",
        "order.updated",
        "order.canceled",
    ] == [fact.type for fact in made]


def test_a_received_event_is_the_fact() -> None:
    """Its type, its time and its whole text."""
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    [made] = facts(a_record(Entity.EVENT, 9, '{"a":1}', event_type="ORDER_COMPLETED", occurred_at=moment))

    assert ("ORDER_COMPLETED", '{"a":1}') == (made.type, made.payload)
    assert int(moment.timestamp() * 1000) == made.occurred_at


def test_the_same_cause_makes_the_same_fact() -> None:
    """Another version, another fact."""
    first, again = facts(a_record(Entity.LEAD)), facts(a_record(Entity.LEAD))

    assert [one.id for one in first] == [one.id for one in again]
    assert first[0].id != facts(a_record(Entity.LEAD, 2))[0].id


def test_facts_hold_nothing_that_reaches_a_person() -> None:
    """Whoever may know it reads it through the API, under its rules."""
    personal: dict[str, Any] = {
        "name": "Maria",
        "display_name": "Maria",
        "emails": [{"value": "maria@example.com"}],
        "phones": [{"value": "+5511999990000"}],
        "document": {"number": "52998224725"},
        "identifier": {"type": "email", "value": "maria@example.com"},
        "birth_date": "1990-01-01",
    }
    [made] = facts(a_record(Entity.CUSTOMER, logical_ids=["customer-1"], **personal))

    assert {"id": "x_1", "logicalIds": ["customer-1"]} == json.loads(made.payload)
    assert {} == made.names


def test_an_outbox_is_bounded() -> None:
    """A record must stay one that can be stored."""
    made = facts(*(a_record(Entity.LEAD, at, str(at)) for at in range(1, MOST + 11)))

    assert MOST == len(made)
    assert "lead.updated" == made[0].type


@pytest.mark.parametrize(
    ("events", "wanted"),
    [((), True), (("order.*",), True), (("customerEvent",), True), (("loyaltyEvent", "lead.*"), False)],
)
def test_an_endpoint_wants_what_its_patterns_say(events: tuple[str, ...], wanted: bool) -> None:
    """Nothing: all; and never what is another tenant's."""
    [made] = facts(a_record(Entity.ORDER))
    mine = Endpoint("e", "acme", "https://x.example", "s", events, "m", 0)
    others = Endpoint("e", "globex", "https://x.example", "s", events, "m", 0)

    assert [wanted, False] == [mine.wants(made), others.wants(made)]
    assert "https" not in repr(mine)
