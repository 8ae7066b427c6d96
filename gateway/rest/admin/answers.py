"""JSON of what senders wrote, which may hold what a strict writer refuses: half characters."""

import json
from typing import Any

from aiohttp import web


def json_bytes(body: Any) -> bytes:
    """`body` as JSON in ASCII."""
    return json.dumps(body, separators=(",", ":")).encode()


def answer(body: Any) -> web.Response:
    """`body` as JSON, which nobody between keeps: it may hold personal data."""
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=json_bytes(body), content_type="application/json", headers=headers)
