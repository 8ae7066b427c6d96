"""The OpenAPI document of the admin port's REST."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import schemathesis

from contracts.admin.openapi import openapi

DOCUMENT = openapi(version="1.2.3")


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _references(one)


def test_every_reference_resolves() -> None:
    """No `$ref` leads nowhere."""
    for found in set(_references(DOCUMENT)):
        target: Any = DOCUMENT
        for step in found.removeprefix("#/").split("/"):
            target = target[step]
        assert isinstance(target, dict)


def test_it_is_openapi_31_with_json_schemas() -> None:
    """Each schema is valid by its own dialect; the document loads, and is JSON."""
    assert "3.1.0" == DOCUMENT["openapi"]
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": DOCUMENT["jsonSchemaDialect"], **schema})
    assert 16 == sum(1 for _ in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations())
    assert DOCUMENT == json.loads(json.dumps(DOCUMENT))


def test_every_operation_says_which_role_it_needs() -> None:
    """Reading needs `operator.read`, changing letters `operator.repair`, jobs `operator.replay`."""
    found = {
        operation["operationId"]: operation["security"][0]["bearer"]
        for item in DOCUMENT["paths"].values()
        for operation in item.values()
    }
    assert {
        "listDeadLetterGroups": ["operator.read"],
        "listDeadLetters": ["operator.read"],
        "exportDeadLetters": ["operator.repair"],
        "importDeadLetters": ["operator.repair"],
        "getDeadLetter": ["operator.read"],
        "dryRunDeadLetters": ["operator.read"],
        "editDeadLetter": ["operator.repair"],
        "patchDeadLetters": ["operator.repair"],
        "discardDeadLetters": ["operator.repair"],
        "listReplayJobs": ["operator.read"],
        "startReplayJob": ["operator.replay"],
        "getReplayJob": ["operator.read"],
        "listReplayLines": ["operator.read"],
        "pauseReplayJob": ["operator.replay"],
        "resumeReplayJob": ["operator.replay"],
        "cancelReplayJob": ["operator.replay"],
    } == found
