"""The paths of dead letters in the admin port's document."""

from contracts.admin.models import NDJSON
from contracts.admin.parts import (
    GET,
    POST,
    READ,
    REPAIR,
    TEXT,
    TIME,
    Json,
    body,
    paging,
    parameter,
    responses,
    with_lines,
)
from contracts.openapi_parts import json_content, operation

TAG = "dead letters"
_LETTERS = "/admin/v1/dead-letters"
_STATES = ["open", "replaying", "resolved", "discarded", "all"]
_ID = parameter("path", "id", "The dead letter's id.", TEXT)


def letter_paths() -> Json:
    """The paths."""
    return {**_found(), **_one(), **_many(), **_moved()}


def _found() -> Json:
    ids = parameter("query", "id", "This one; may be given again.", {"type": "array", "items": TEXT})
    return {
        "/admin/v1/dead-letter-groups": {
            "get": {
                **operation("listDeadLetterGroups", "List causes with their counts.", TAG, READ),
                "parameters": _filters(),
                "responses": responses("Groups", GET),
            }
        },
        _LETTERS: {
            "get": {
                **operation("listDeadLetters", "List dead letters, oldest first.", TAG, READ),
                "parameters": [*_filters(), ids, *paging("Letters")],
                "responses": responses("Letters", (*GET, "404"), "Link"),
            }
        },
    }


def _one() -> Json:
    reveal = parameter(
        "query",
        "reveal",
        "Show personal data; needs `operator.repair`, and is audited.",
        {"type": "boolean", "default": False},
    )
    revision = {
        **parameter("header", "If-Match", "The revision that was edited, as `ETag` had it.", TEXT),
        "required": True,
    }
    return {
        f"{_LETTERS}/{{id}}": {
            "get": {
                **operation("getDeadLetter", "Read one dead letter.", TAG, READ),
                "parameters": [_ID, reveal],
                "responses": responses("WholeLetter", (*GET, "404"), "ETag"),
            }
        },
        f"{_LETTERS}/{{id}}/payload": {
            "put": {
                **operation("editDeadLetter", "Put another payload in place, for a replay.", TAG, REPAIR),
                "parameters": [_ID, revision],
                "requestBody": {"required": True, "content": json_content({})},
                "responses": responses("WholeLetter", (*POST, "404", "409", "412", "422", "428"), "ETag"),
            }
        },
    }


def _many() -> Json:
    patched = responses("Results", POST)
    either = {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("Results", "Samples")]}
    patched["200"]["content"] = json_content(either)
    return {
        f"{_LETTERS}:dry-run": {
            "post": {
                **operation("dryRunDeadLetters", "Say what a replay would do now.", TAG, READ),
                "requestBody": body("DryRun"),
                "responses": with_lines(responses("Results", POST)),
            }
        },
        f"{_LETTERS}:patch": {
            "post": {
                **operation("patchDeadLetters", "Change many payloads alike, or see samples.", TAG, REPAIR),
                "requestBody": body("Patch"),
                "responses": with_lines(patched),
            }
        },
        f"{_LETTERS}:discard": {
            "post": {
                **operation("discardDeadLetters", "Give letters up. Nothing is deleted.", TAG, REPAIR),
                "requestBody": body("Discard"),
                "responses": with_lines(responses("Results", POST)),
            }
        },
    }


def _moved() -> Json:
    lines: Json = {NDJSON: {"schema": {"type": "string", "description": "One dead letter a line, whole."}}}
    exported = responses("Imported", POST)
    exported["200"]["content"] = lines
    source = parameter("query", "source", "Where the letters come from, for the audit.", TEXT)
    taken = "Write dead letters out, with their personal data; the audit names each."
    return {
        f"{_LETTERS}:export": {
            "post": {
                **operation("exportDeadLetters", taken, TAG, REPAIR),
                "requestBody": body("Export"),
                "responses": exported,
            }
        },
        f"{_LETTERS}:import": {
            "post": {
                **operation("importDeadLetters", "Bring in what was exported, all or nothing.", TAG, REPAIR),
                "parameters": [source],
                "requestBody": {"required": True, "content": lines},
                "responses": responses("Imported", POST),
            }
        },
    }


def _filters() -> list[Json]:
    names = ("tenant", "operation", "code", "fingerprint", "ingestion")
    states = {"type": "array", "items": {"enum": _STATES}, "default": ["open"]}
    return [
        parameter("query", "state", "In one of these states.", states),
        *(parameter("query", name, f"Of this {name}.", TEXT) for name in names),
        parameter("query", "since", "First seen then or later.", TIME),
        parameter("query", "until", "First seen then or earlier.", TIME),
        parameter("query", "customer", "That name this customer, by any key of his.", TEXT),
        parameter("query", "text", "With this text in the payload, in any case.", TEXT),
    ]
