"""Requests byte for byte, for what a well-behaved client would not send."""

import json
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from multidict import CIMultiDictProxy
from yarl import URL

from tests.support.portico import Client


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The error, once it is seen to follow the ODP error model with all its members (contracts A.4)."""
        assert "application/json" == self.headers["Content-Type"], self
        assert self.headers["X-Request-Id"]
        error: dict[str, Any] = self.json["error"]
        assert {"error"} == set(self.json)
        assert {"code", "message", "details", "retryable", "timestamp"} == set(error)
        assert isinstance(error["details"], dict)
        assert (self.status in (429, 503)) == ("Retry-After" in self.headers)
        assert error["timestamp"].endswith("Z")
        assert datetime.fromisoformat(error["timestamp"]).tzinfo is not None
        return error

    @property
    def pointers(self) -> list[str]:
        """Where the faults are that the error names."""
        return [field["pointer"] for field in self.error["details"]["fields"]]

    def refused(self, status: int, code: str) -> dict[str, Any]:
        """The error's details, once status and code are seen to be these."""
        assert (status, code) == (self.status, self.error["code"]), self
        details: dict[str, Any] = self.error["details"]
        return details

    @property
    def flat_error(self) -> dict[str, Any]:
        """The error, once it is seen to be Open Delivery v2's flat one (contracts B.3)."""
        assert "application/json" == self.headers["Content-Type"], self
        assert self.headers["X-Request-Id"]
        error: dict[str, Any] = self.json
        assert {"code", "message"} <= error.keys() <= {"code", "message", "details"}, self
        assert all(isinstance(error[name], str) and error[name] for name in ("code", "message"))
        assert error.get("details", {"": None})
        assert (self.status in (429, 503)) == ("Retry-After" in self.headers)
        return error

    @property
    def flat_pointers(self) -> list[str]:
        """Where the faults are that the flat error names."""
        return [field["pointer"] for field in self.flat_error["details"]["fields"]]

    def refused_flat(self, status: int, code: str) -> dict[str, Any]:
        """The flat error's details, once status and code are seen to be these; {} where there are none."""
        assert (status, code) == (self.status, self.flat_error["code"]), self
        details: dict[str, Any] = self.flat_error.get("details", {})
        return details


async def ask(
    client: Client,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str | None] | None = None,
) -> Reply:
    """Send exactly `path`, `body` and `headers`; None leaves out a header that is sent otherwise."""
    sent: dict[str, str | None] = {
        "Authorization": f"Bearer {client.token}",
        "Content-Type": None if body is None else "application/json",
        "Content-Length": None if body is None else str(len(body)),
        **(headers or {}),
    }
    async with client.session.request(
        method,
        URL(client.url + path, encoded=True),
        data=None if body is None else BytesIO(body),
        headers={name: value for name, value in sent.items() if value is not None},
        skip_auto_headers=["Content-Type", "User-Agent"],
        allow_redirects=False,
        compress=None,
    ) as response:
        return Reply(response.status, response.headers, await response.read())


async def ingest(client: Client, plural: str, body: bytes, **headers: str | None) -> Reply:
    """POST `body` to the operation that takes `plural`."""
    path = "/v1/customer/events" if plural == "events" else f"/v1/customer/{plural}:ingest"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await ask(client, "POST", path, body, named)
