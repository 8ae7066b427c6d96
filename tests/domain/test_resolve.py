"""Which customer a record is about (contracts E.3)."""

from domain.identity import IdentityKey, KeyKind
from domain.records import Entity, Record, Stored
from domain.resolve import MatchPolicy, Resolver
from domain.version import Version

LOGICAL_1 = IdentityKey(KeyKind.LOGICAL, "customer-1")
LOGICAL_2 = IdentityKey(KeyKind.LOGICAL, "customer-2")
EXTERNAL = IdentityKey(KeyKind.EXTERNAL, "app:123")
EMAIL = IdentityKey(KeyKind.EMAIL, "maria@example.com")
PHONE = IdentityKey(KeyKind.PHONE, "+5511999990000")


def _customer(*keys: IdentityKey, name: str = "Maria") -> Record:
    return Record(
        entity=Entity.CUSTOMER,
        tenant="acme",
        source="odp_v1",
        key=keys[0].value,
        version=Version(1, "ing_A", 0),
        digest="",
        document="{}",
        fields={"display_name": name},
        identities=keys,
    )


def _stored(customer_id: str, *, logical_ids: list[str] | None = None, name: str = "Maria") -> Stored:
    fields = {"logical_ids": logical_ids or [], "display_name": name}
    return Stored(customer_id, Entity.CUSTOMER, "acme", 1, fields, {}, 0, 0)


def _resolver(owners: dict[IdentityKey, str], *known: Stored, on_contact: bool = True) -> Resolver:
    encoded = {key.encode(): owner for key, owner in owners.items()}
    return Resolver("acme", encoded, known, MatchPolicy(on_contact=on_contact))


def test_a_newcustomer_gets_the_same_id_wherever_it_is_first_met() -> None:
    """Two ingestors that race on a new customer agree without a lock."""
    one, other = _resolver({}), _resolver({})

    assert one.resolve(_customer(LOGICAL_1)) == other.resolve(_customer(LOGICAL_1, EMAIL))


def test_all_keys_of_a_newcustomer_are_claimed() -> None:
    """Whatever it is next met by, it is found."""
    one = _resolver({})

    customer_id = one.resolve(_customer(LOGICAL_1, EXTERNAL, EMAIL)).customer_id

    assert {key.encode(): customer_id for key in (LOGICAL_1, EXTERNAL, EMAIL)} == one.claims


def test_the_logical_id_goes_before_every_other_key() -> None:
    """E.3 rule 1; the external id that belongs to another is a conflict, and stays with its owner."""
    one = _resolver({LOGICAL_1: "cust_1", EXTERNAL: "cust_2"}, _stored("cust_1"), _stored("cust_2"))

    resolution = one.resolve(_customer(LOGICAL_1, EXTERNAL))

    assert "cust_1" == resolution.customer_id
    assert [(EXTERNAL, "cust_2")] == [(one.key, one.owner) for one in resolution.conflicts]
    assert {} == one.claims


def test_an_external_id_finds_acustomer_that_the_sender_has_not_named_yet() -> None:
    """A customer that came by another surface gets the sender's own id."""
    one = _resolver({EXTERNAL: "cust_2"}, _stored("cust_2"))

    assert "cust_2" == one.resolve(_customer(LOGICAL_1, EXTERNAL)).customer_id
    assert {LOGICAL_1.encode(): "cust_2"} == one.claims


def test_what_the_sender_calls_something_else_is_somebody_else() -> None:
    """Two logical ids with one external id stay two customers, in conflict (contracts A.3)."""
    one = _resolver({EXTERNAL: "cust_1"}, _stored("cust_1", logical_ids=["customer-1"]))

    resolution = one.resolve(_customer(LOGICAL_2, EXTERNAL))

    assert "cust_1" != resolution.customer_id
    assert [EXTERNAL] == [one.key for one in resolution.conflicts]


def test_records_of_one_batch_see_those_before_them() -> None:
    """The second of two records that share a key is about the first's customer."""
    one = _resolver({})

    first = one.resolve(_customer(EXTERNAL, EMAIL))
    second = one.resolve(_customer(EXTERNAL))

    assert first == second


def test_contacts_match_only_where_the_policy_says_so() -> None:
    """E.3 rule 5: a setting decides whether an e-mail address identifies."""
    known = _stored("cust_1")

    assert "cust_1" == _resolver({EMAIL: "cust_1"}, known).resolve(_customer(EXTERNAL, EMAIL)).customer_id
    without = _resolver({EMAIL: "cust_1"}, known, on_contact=False)
    assert "cust_1" != without.resolve(_customer(EXTERNAL, EMAIL)).customer_id


def test_a_shared_phone_needs_equal_or_empty_names() -> None:
    """A household's phone must not merge its members (E.3)."""
    known = _stored("cust_1", name="João")

    assert "cust_1" != _resolver({PHONE: "cust_1"}, known).resolve(_customer(EXTERNAL, PHONE)).customer_id
    same = _customer(EXTERNAL, PHONE, name="joão")
    assert "cust_1" == _resolver({PHONE: "cust_1"}, known).resolve(same).customer_id


def test_our_own_id_is_a_hint_that_nobody_claims() -> None:
    """Who sends back the id he read means that customer; an unknown one means nothing."""
    hint = IdentityKey(KeyKind.CUSTOMER, "cust_9")

    assert (
        "cust_9" == _resolver({hint: "cust_9"}, _stored("cust_9")).resolve(_customer(hint, EMAIL)).customer_id
    )
    unknown = _resolver({})
    assert unknown.resolve(_customer(EMAIL)) == _resolver({}).resolve(_customer(hint, EMAIL))
    assert [EMAIL.encode()] == list(unknown.claims)
