"""An operator's client of the admin API, which holds every answer against the OpenAPI document."""

import json
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import jsonschema_rs

from contracts.admin.openapi import openapi
from tests.support.odp_v1_bodies import example
from tests.support.stacks import Stack
from tests.support.tokens import minted

ALL_ROLES = "operator.read operator.repair operator.replay"
DOCUMENT = openapi(version="1.2.3")
LETTERS = "/admin/v1/dead-letters"
JOBS = "/admin/v1/replay-jobs"
LINES = "application/x-ndjson"


@dataclass
class Reply:
    """An answer."""

    status: int
    headers: Any
    body: Any
    lines: list[Any] = field(default_factory=list)


@dataclass
class Admin:
    """A client of the admin port."""

    session: aiohttp.ClientSession
    url: str
    headers: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, data: Any = None, **headers: str) -> Reply:
        """The answer, which is never one of the server's failures."""
        named = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if data is not None:
            named.setdefault("Content-Type", "application/json")
            data = data if isinstance(data, bytes) else json.dumps(data).encode()
        async with self.session.request(method, self.url + path, data=data, headers=named) as response:
            assert response.status < 500
            text = await response.text()
            assert response.status < 400 or "application/problem+json" == response.content_type
            if response.content_type == LINES:
                return Reply(
                    response.status, response.headers, None, list(map(json.loads, text.splitlines()))
                )
            return Reply(response.status, response.headers, json.loads(text))

    async def sees(self, path: str, model: str) -> Any:
        """What GET answers, which is as the document says."""
        reply = await self.ask("GET", path)
        assert 200 == reply.status, reply.body
        assert_is(model, reply.body)
        return reply.body


def assert_is(model: str, body: Any) -> None:
    """`body` is a `model` of the document."""
    schema = {"$ref": f"#/components/schemas/{model}", "components": DOCUMENT["components"]}
    jsonschema_rs.Draft202012Validator(schema).validate(body)


def as_operator(stack: Stack, session: aiohttp.ClientSession, tenant: str | None, scope: str) -> Admin:
    """An operator called ana."""
    token = minted(scope=scope, sub="ana", org=tenant)
    return Admin(session, stack.gateway.admin, {"Authorization": f"Bearer {token}"})


def customer(number: int, **changes: Any) -> dict[str, Any]:
    """A customer that shares no key with another."""
    own = {"id": f"c-{number}", "externalIds": [f"app:{number}"], "contacts": {"email": f"m{number}@x.br"}}
    return example("customers", **{**own, **changes})
