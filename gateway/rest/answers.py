"""Answers besides errors: acceptances and receipts."""

from collections.abc import Sequence
from typing import Any

import orjson
from aiohttp import web

from contracts.operations import Malformed
from contracts.times import rfc3339
from domain.clock import from_millis
from domain.receipts import Receipt
from gateway.accept import Acceptance
from gateway.rest.preferences import Preferences


def accepted(acceptance: Acceptance, preferences: Preferences) -> web.Response:
    """202: every record is safe on the durable queue (ruling R4)."""
    body: dict[str, Any] = {
        "status": "ACCEPTED",
        "correlationId": acceptance.ingestion_id,
        "records": acceptance.records,
    }
    if preferences.lenient:
        body["verdicts"] = _verdicts(acceptance)
    if acceptance.receipt is not None:
        body["receipt"] = receipt_json(acceptance.receipt)
    return _named(json_response(body, status=202), acceptance, preferences)


def accepted_without_body(acceptance: Acceptance, preferences: Preferences, status: int) -> web.Response:
    """The same by a binding whose successes have no body (seed 002); lenient verdicts need one."""
    if not preferences.lenient:
        return _named(web.Response(status=status), acceptance, preferences)
    body = {
        "correlationId": acceptance.ingestion_id,
        "records": acceptance.records,
        "verdicts": _verdicts(acceptance),
    }
    return _named(json_response(body, status=status), acceptance, preferences)


def _named(response: web.Response, acceptance: Acceptance, preferences: Preferences) -> web.Response:
    response.headers["Portico-Ingestion"] = acceptance.ingestion_id
    response.headers["Location"] = f"/v1/ingestions/{acceptance.ingestion_id}"
    if applied := preferences.applied():
        response.headers["Preference-Applied"] = applied
    return response


def json_response(body: Any, status: int = 200) -> web.Response:
    """`body` as JSON."""
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json")


def receipt_json(receipt: Receipt) -> dict[str, Any]:
    """A receipt as the wire has it."""
    return {
        "correlationId": receipt.ingestion_id,
        "status": "done",
        "operation": receipt.operation,
        "records": receipt.records,
        "counts": {str(outcome): count for outcome, count in receipt.counts.items()},
        "results": [
            {
                "index": result.index,
                "outcome": str(result.outcome),
                "code": result.code,
                "message": result.message,
                "pointer": result.pointer,
                "recordId": result.record_id,
            }
            for result in receipt.results
        ],
        "acceptedAt": rfc3339(from_millis(receipt.accepted_at)),
        "doneAt": rfc3339(from_millis(receipt.done_at)),
    }


def faults_json(malformed: Sequence[Malformed]) -> list[dict[str, str]]:
    """Every fault with its JSON Pointer, as `details.fields` has them."""
    return [
        {"pointer": fault.pointer, "code": fault.code, "message": fault.message}
        for one in malformed
        for fault in one.faults
    ]


def _verdicts(acceptance: Acceptance) -> list[dict[str, Any]]:
    malformed = {one.index: one for one in acceptance.malformed}
    return [
        {"index": index, "status": "MALFORMED", "faults": faults_json([malformed[index]])}
        if index in malformed
        else {"index": index, "status": "ACCEPTED"}
        for index in range(acceptance.records)
    ]
