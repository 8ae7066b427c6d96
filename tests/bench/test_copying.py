"""The customers that fill a large store are those that Portico would have stored."""

from typing import Any

import bson

from bench.bodies import batch, customers
from bench.measures.copying import FIRST, Model, uid
from bench.portico import TENANT
from contracts.operations import Origin
from contracts.registry import OPERATIONS
from domain.decide import decide
from storage.documents import to_document
from storage.identities import identity_id

_NOW = 1_795_262_068_787


def _stored(number: int) -> dict[str, Any]:
    origin = Origin(TENANT, "ing_01M7YZADSJJ44QZY04A2VB4KG28PDV2YZ5", _NOW)
    body = batch(customers(FIRST + number, 1))
    [(_, record)] = OPERATIONS["odp.v1.customers"].decode(body, origin).records
    written = decide(None, record, uid(number), _NOW).stored
    assert written is not None
    return to_document(written)


def _identity(number: int) -> dict[str, Any]:
    return {"_id": identity_id(TENANT, f"logical:bench-{FIRST + number}"), "customer_id": uid(number)}


def test_a_copy_is_what_the_encoder_makes_of_that_customer() -> None:
    """Ids, texts and digests: byte for byte, and the identities lead to the copy."""
    model = Model(_stored(0), [_identity(0)])

    for number in (0, 1, 2_345_678):
        assert (bson.encode(_stored(number)), [bson.encode(_identity(number))]) == model.copy(number)
