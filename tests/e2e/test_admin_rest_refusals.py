"""The admin API: who may do what, and how a request that cannot be is refused."""

import io
import json
from typing import Any

import aiohttp
import pytest

from tests.support.admin_rest import ALL_ROLES, DOCUMENT, JOBS, LETTERS, Admin, as_operator, assert_is
from tests.support.stacks import Stack
from tests.support.tokens import minted

ANY = {"selection": {"tenant": "nobody-s"}}


@pytest.mark.parametrize(
    ("scope", "answers"),
    [
        ("operator.read", (200, 403, 403)),
        ("operator.repair", (200, 200, 403)),
        ("operator.replay", (200, 403, 202)),
        ("od.all od.crm", (403, 403, 403)),
        ("", (403, 403, 403)),
    ],
)
@pytest.mark.parametrize("bound", [True, False])
async def test_each_role_opens_its_own(
    embedded: Stack,
    session: aiohttp.ClientSession,
    tenant: str,
    scope: str,
    answers: tuple[int, int, int],
    bound: bool,
) -> None:
    """Repairing and replaying imply reading; nothing else implies anything."""
    reads, repairs, replays = answers
    operator = as_operator(embedded, session, tenant if bound else None, scope)
    read = await operator.ask("GET", f"{LETTERS}?tenant={tenant}")
    discard = {"selection": {"tenant": tenant}, "reason": "x"}
    repaired = await operator.ask("POST", f"{LETTERS}:discard", discard)
    patch = {"selection": {"tenant": tenant}, "transform": "trim-strings"}
    patched = await operator.ask("POST", f"{LETTERS}:patch", patch)
    listed = await operator.ask("GET", JOBS)
    replayed = await operator.ask("POST", JOBS, {"selection": {"tenant": tenant}})
    assert (reads, repairs) == (read.status, repaired.status)
    assert (reads, repairs, replays) == (listed.status, patched.status, replayed.status)
    if repairs == 403:
        assert "insufficient_scope" in repaired.headers["WWW-Authenticate"]
        assert repaired.body["requiredScope"].startswith("operator.")
        revealed = await operator.ask("GET", f"{LETTERS}/dl_none?reveal=true")
        assert 403 == revealed.status


async def test_operator_tokens_open_nothing_else(
    embedded: Stack, session: aiohttp.ClientSession, tenant: str
) -> None:
    """Without a tenant they are no callers; with one they have no scope there. Without a token only
    health, metrics and the document are answered on the admin port."""
    for org, status in ((None, 401), (tenant, 403)):
        headers = {"Authorization": f"Bearer {minted(scope=ALL_ROLES, org=org)}"}
        url = f"{embedded.gateway.url}/v1/customer/customers"
        async with session.get(url, headers=headers) as response:
            assert status == response.status
    nobody = Admin(session, embedded.gateway.admin)
    refused = await nobody.ask("GET", LETTERS)
    assert (401, "Bearer") == (refused.status, refused.headers["WWW-Authenticate"])
    forged = await nobody.ask("GET", LETTERS, Authorization="Bearer nonsense")
    assert (401, False) == (forged.status, "nonsense" in str(forged.body))
    assert 200 == (await nobody.ask("GET", "/healthz")).status
    served = (await nobody.ask("GET", "/admin/v1/openapi.json")).body
    assert DOCUMENT["paths"] == served["paths"]


@pytest.mark.parametrize(
    ("method", "path", "data", "status", "word"),
    [
        ("GET", f"{LETTERS}?state=lost", None, 400, "state"),
        ("GET", f"{LETTERS}?since=yesterday", None, 400, "since"),
        ("GET", f"{LETTERS}?tennant=acme", None, 400, "tennant"),
        ("GET", f"{LETTERS}?tenant=", None, 400, "tenant"),
        ("GET", f"{LETTERS}?tenant=a&tenant=b", None, 400, "tenant"),
        ("GET", f"{LETTERS}?cursor=AAAA", None, 400, "cursor"),
        ("GET", f"{LETTERS}?pageSize=0", None, 400, "pageSize"),
        ("GET", f"{LETTERS}?code=%ED%A0%80%00", None, 200, "letters"),
        ("GET", f"{LETTERS}/dl_none", None, 404, "no such dead letter"),
        ("GET", f"{LETTERS}/%00%ED%A0%80", None, 404, "no such dead letter"),
        ("GET", f"{LETTERS}/dl_none?reveal=1", None, 400, "reveal"),
        ("GET", "/admin/v1/nothing", None, 404, "NOT_FOUND"),
        ("DELETE", LETTERS, None, 405, "METHOD_NOT_ALLOWED"),
        ("PUT", f"{LETTERS}/dl_none/payload", {}, 428, "If-Match"),
        ("POST", f"{LETTERS}:dry-run", b"{", 400, "JSON_INVALID"),
        ("POST", f"{LETTERS}:dry-run", b"[" * 100_000, 400, "JSON_INVALID"),
        ("POST", f"{LETTERS}:dry-run", {}, 400, "/selection"),
        ("POST", f"{LETTERS}:dry-run", {"selection": {"code": "\ud800"}}, 400, "JSON_INVALID"),
        ("POST", f"{LETTERS}:dry-run", {"selection": {"states": ["lost"]}}, 400, "must be 'open'"),
        ("POST", f"{LETTERS}:dry-run", {"selection": {"since": "2026"}}, 400, "/selection/since"),
        ("GET", f"{LETTERS}?after=dl_none", None, 404, "no such dead letter"),
        ("GET", f"{LETTERS}?after=dl_none&cursor=AAAA", None, 400, "after"),
        ("GET", "/admin/v1/dead-letter-groups?id=dl_none", None, 400, "id"),
        ("POST", f"{LETTERS}:patch", {"selection": {"tenant": "t"}}, 400, "patch"),
        ("POST", f"{LETTERS}:patch", {**ANY, "patch": [{"op": "bend", "path": ""}]}, 400, "JSON Patch"),
        ("POST", f"{LETTERS}:patch", {**ANY, "patch": [{"op": "add", "path": "/a"}]}, 400, "needs value"),
        ("POST", f"{LETTERS}:patch", {**ANY, "patch": [], "transform": "x"}, 400, "not both"),
        ("POST", f"{LETTERS}:patch", {**ANY, "transform": "bend"}, 400, "no transform bend"),
        ("POST", f"{LETTERS}:patch", {**ANY, "transform": "drop-member"}, 400, "needs"),
        ("POST", f"{LETTERS}:patch", {"selection": {}, "transform": "trim-strings"}, 400, "besides states"),
        ("POST", JOBS, {"selection": {}}, 400, "besides states"),
        ("POST", JOBS, {**ANY, "rate": 0}, 400, "/rate must be at least 0.01"),
        ("POST", JOBS, {**ANY, "ramp": 5}, 400, "a ramp needs a rate"),
        ("POST", JOBS, {**ANY, "breaker": 2}, 400, "/breaker"),
        ("POST", JOBS, {**ANY, "startAt": "2020-01-01T00:00:00Z"}, 400, "is over"),
        ("GET", f"{JOBS}?after=job_none", None, 404, "no such replay job"),
        ("GET", f"{JOBS}/job_none", None, 404, "no such replay job"),
        ("GET", f"{JOBS}/job_none/lines?after=x", None, 400, "after"),
        ("POST", f"{JOBS}/job_none/resume", None, 404, "no such replay job"),
        ("POST", f"{LETTERS}:discard", {"selection": {}, "reason": "x"}, 400, "besides states"),
        ("POST", f"{LETTERS}:discard", {"selection": {"tenant": "t"}, "reason": " "}, 400, "not be blank"),
        ("POST", f"{LETTERS}:discard", {"selection": {"tenant": "t"}}, 400, "/reason is required"),
    ],
)
async def test_what_is_wrong_is_named(
    admin: Admin, method: str, path: str, data: Any, status: int, word: str
) -> None:
    """With a status below 500, and nothing changed."""
    reply = await admin.ask(method, path, data)
    assert status == reply.status
    assert word in json.dumps(reply.body)
    if status >= 400:
        assert_is("Problem", reply.body)


async def test_a_body_that_cannot_be_is_refused(admin: Admin) -> None:
    """415 for another media type, 413 beyond 8 MiB."""
    large = {**admin.headers, "Content-Type": "application/json"}
    url, body = f"{admin.url}{LETTERS}:discard", io.BytesIO(b"x" * (8 * 1024 * 1024 + 1))
    async with admin.session.post(url, data=body, headers=large) as response:
        assert 413 == response.status
    reply = await admin.ask("POST", f"{LETTERS}:dry-run", b"a=b", Content_Type="text/plain")
    assert 415 == reply.status
