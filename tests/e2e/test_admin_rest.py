"""Operators and dead letters over the admin port's REST, on a running Portico."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import jsonschema_rs
import pytest

from contracts.admin.openapi import openapi
from storage.driver import open_database
from tests.support.odp_v1_bodies import example
from tests.support.operators import FAULTS, posted
from tests.support.portico import Client
from tests.support.stacks import Stack
from tests.support.tokens import minted

ANY = {"selection": {"tenant": "nobody-s"}}
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


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """HTTP."""
    async with aiohttp.ClientSession() as one:
        yield one


@pytest.fixture
def admin(embedded: Stack, session: aiohttp.ClientSession) -> Admin:
    """An operator of all tenants with every role."""
    return as_operator(embedded, session, None, ALL_ROLES)


def customer(number: int, **changes: Any) -> dict[str, Any]:
    """A customer that shares no key with another."""
    own = {"id": f"c-{number}", "externalIds": [f"app:{number}"], "contacts": {"email": f"m{number}@x.br"}}
    return example("customers", **{**own, **changes})


async def test_letters_are_found_edited_tried_and_given_up(
    admin: Admin, embedded: Stack, caller: Client, tenant: str
) -> None:
    """Answers are as the document says; the audit names the token's subject for each act."""
    faulty = [customer(n, **fault) for n, fault in enumerate(list(FAULTS.values()) * 2)]
    await posted(caller, *faulty)

    groups = (await admin.sees(f"/admin/v1/dead-letter-groups?tenant={tenant}", "Groups"))["groups"]
    assert dict.fromkeys(FAULTS, 2) == {group["code"]: group["count"] for group in groups}
    first = await admin.ask("GET", f"{LETTERS}?tenant={tenant}&pageSize=4")
    following = first.headers["Link"].removeprefix("<").partition(">")[0]
    assert_is("Letters", first.body)
    second = await admin.ask("GET", following)
    assert (4, 2) == (len(first.body["letters"]), len(second.body["letters"]))
    assert "Link" not in second.headers
    letters = first.body["letters"] + second.body["letters"]
    assert 6 == len({letter["id"] for letter in letters})

    nameless = next(letter for letter in letters if letter["code"] == "REQUIRED")
    one = f"{LETTERS}/{nameless['id']}"
    masked = await admin.sees(one, "WholeLetter")
    assert {"email": "***"} == masked["payload"]["contacts"]
    revealed = await admin.sees(f"{one}?reveal=true", "WholeLetter")
    assert faulty[nameless["index"]] == revealed["payload"]

    mended = {**revealed["payload"], "name": "Mended"}
    assert 428 == (await admin.ask("PUT", f"{one}/payload", mended)).status
    assert "If-Match" in str((await admin.ask("PUT", f"{one}/payload", mended, If_Match="1")).body["fields"])
    unfit = await admin.ask("PUT", f"{one}/payload", revealed["payload"], If_Match='"1"')
    assert (422, "REQUIRED") == (unfit.status, unfit.body["fields"][0]["code"])
    edited = await admin.ask("PUT", f"{one}/payload", mended, If_Match='"1"')
    assert (200, '"2"') == (edited.status, edited.headers["ETag"])
    late = await admin.ask("PUT", f"{one}/payload", mended, If_Match='"1"')
    assert (412, 2) == (late.status, late.body["letter"]["revision"])
    assert_is("Problem", late.body)
    assert "Mended" not in json.dumps(late.body)

    tried = await admin.ask("POST", f"{LETTERS}:dry-run", {"selection": {"tenant": tenant}})
    assert_is("Results", tried.body)
    assert [{"would create": 1}] == [
        result["outcomes"] for result in tried.body["results"] if result["id"] == nameless["id"]
    ]
    given_up = {"selection": {"tenant": tenant, "code": "INVALID_TYPE"}, "reason": "test data"}
    discarded = await admin.ask("POST", f"{LETTERS}:discard", given_up)
    assert_is("Results", discarded.body)
    assert (["discarded"] * 2, False) == (
        [result["state"] for result in discarded.body["results"]],
        discarded.body["truncated"],
    )
    gone = {"selection": {"ids": [discarded.body["results"][0]["id"]]}, "reason": "x"}
    assert [] == (await admin.ask("POST", f"{LETTERS}:discard", gone)).body["results"]
    other = next(letter for letter in letters if letter["code"] == "INVALID_TYPE")
    closed = await admin.ask("PUT", f"{LETTERS}/{other['id']}/payload", mended, If_Match='"2"')
    assert (409, "it is discarded") == (closed.status, closed.body["detail"])

    async with open_database(embedded.mongodb_url, embedded.database) as database:
        audit = await database.collection("audit").find({"tenant": tenant}, sort=[("at", 1)])
    assert [("ana", "reveal"), ("ana", "edit"), ("ana", "discard"), ("ana", "discard")] == [
        (entry["actor"], entry["action"]) for entry in audit
    ]


async def finished(admin: Admin, id: str) -> Any:
    """The replay job `id`, once it is over."""
    async with asyncio.timeout(30):
        while True:
            job = await admin.sees(f"{JOBS}/{id}", "ReplayJob")
            if job["finishedAt"]:
                return job
            await asyncio.sleep(0.1)


async def test_letters_are_patched_and_replayed(
    admin: Admin, embedded: Stack, session: aiohttp.ClientSession, caller: Client, tenant: str
) -> None:
    """Samples first, masked until asked for; then one change of all, and a job that replays them, which
    is shown with a line for each letter, and is over for good."""
    await posted(caller, *(customer(n, externalIds=f"app:{n}") for n in range(3)))
    selection = {"tenant": tenant, "code": "INVALID_TYPE"}
    wrap = {"selection": selection, "transform": "wrap-in-array", "arguments": {"pointer": "/externalIds"}}
    seen = await admin.ask("POST", f"{LETTERS}:patch", {**wrap, "preview": True, "samples": 2})
    assert_is("Samples", seen.body)
    assert [({"would create": 1}, "***", ["***"])] * 2 == [
        (one["outcomes"], one["before"]["externalIds"], one["after"]["externalIds"])
        for one in seen.body["samples"]
    ]
    revealed = {**wrap, "preview": True, "reveal": True, "samples": 1}
    [sample] = (await admin.ask("POST", f"{LETTERS}:patch", revealed)).body["samples"]
    assert sample["before"]["externalIds"].startswith("app:")
    patched = await admin.ask("POST", f"{LETTERS}:patch", wrap, Accept=LINES)
    assert [("open", 2, "")] * 3 == [(one["state"], one["revision"], one["refused"]) for one in patched.lines]
    assert all(line.keys() <= {"id", "state", "revision", "refused"} for line in patched.lines)
    unfit = [{"op": "remove", "path": "/name"}]
    refused = await admin.ask("POST", f"{LETTERS}:patch", {"selection": selection, "patch": unfit})
    assert_is("Results", refused.body)
    assert all("REQUIRED at /customers/" in one["refused"] for one in refused.body["results"])

    started = await admin.ask("POST", JOBS, {"selection": selection, "rate": 1000, "breaker": 0.5})
    assert (202, f"{JOBS}/{started.body['id']}") == (started.status, started.headers["Location"])
    assert_is("ReplayJob", started.body)
    job = await finished(admin, started.body["id"])
    assert ("done", "ana", tenant, 3, {"created": 3}) == tuple(
        job[name] for name in ("state", "actor", "tenant", "letters", "outcomes")
    )
    one = f"{JOBS}/{job['id']}"
    [part] = (await admin.sees(f"{one}/lines", "ReplayLines"))["parts"]
    assert [({"created": 1}, "resolved")] * 3 == [(line["outcomes"], line["state"]) for line in part["lines"]]
    assert [] == (await admin.sees(f"{one}/lines?after=1", "ReplayLines"))["parts"]
    for act in ("pause", "resume", "cancel"):
        over = await admin.ask("POST", f"{one}/{act}")
        assert (409, "done") == (over.status, over.body["job"]["state"])
        assert_is("Problem", over.body)

    other = as_operator(embedded, session, "somebody-else", ALL_ROLES)
    assert 404 == (await other.ask("GET", one)).status
    assert 404 == (await other.ask("GET", f"{one}/lines")).status
    assert 404 == (await other.ask("POST", f"{one}/cancel")).status


async def test_jobs_are_held_let_go_and_ended(
    embedded: Stack, session: aiohttp.ClientSession, caller: Client, tenant: str
) -> None:
    """A job that is to begin later can be held and ended before; the list has them, newest first."""
    await posted(caller, customer(1, name=...))
    own = as_operator(embedded, session, tenant, ALL_ROLES)
    ids: list[str] = []
    for _ in range(3):
        later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        body = {"selection": {"code": "REQUIRED"}, "startAt": later}
        ids.insert(0, (await own.ask("POST", JOBS, body)).body["id"])
    for act, state in (("pause", "paused"), ("resume", "scheduled"), ("cancel", "cancelled")):
        changed = await own.ask("POST", f"{JOBS}/{ids[0]}/{act}")
        assert (200, state) == (changed.status, changed.body["state"])
    first = await own.ask("GET", f"{JOBS}?pageSize=2")
    assert_is("ReplayJobs", first.body)
    following = first.headers["Link"].removeprefix("<").partition(">")[0]
    second = await own.sees(following, "ReplayJobs")
    assert ids == [job["id"] for job in first.body["jobs"] + second["jobs"]]
    assert second == await own.sees(f"{JOBS}?after={ids[1]}", "ReplayJobs")


async def test_an_operator_of_one_tenant_finds_nothing_of_another(
    embedded: Stack, session: aiohttp.ClientSession, caller: Client, tenant: str
) -> None:
    """Letters of others are ids that nobody knows, whatever is asked; his own are found."""
    await posted(caller, customer(1, name=...))
    own = as_operator(embedded, session, tenant, ALL_ROLES)
    other = as_operator(embedded, session, "somebody-else", ALL_ROLES)
    [letter] = (await own.sees(LETTERS, "Letters"))["letters"]

    for query in ("", f"?tenant={tenant}", f"?fingerprint={letter['fingerprint']}"):
        assert [] == (await other.sees(LETTERS + query, "Letters"))["letters"]
        assert [] == (await other.sees(f"/admin/v1/dead-letter-groups{query}", "Groups"))["groups"]
    one = f"{LETTERS}/{letter['id']}"
    assert 404 == (await other.ask("GET", one)).status
    assert 404 == (await other.ask("GET", f"{one}?reveal=true")).status
    assert 404 == (await other.ask("PUT", f"{one}/payload", customer(1), If_Match='"1"')).status
    for selection in ({"ids": [letter["id"]]}, {"tenant": tenant}):
        body = {"selection": selection, "reason": "not his"}
        assert [] == (await other.ask("POST", f"{LETTERS}:discard", body)).body["results"]
        tried = await other.ask("POST", f"{LETTERS}:dry-run", {"selection": selection})
        assert [] == tried.body["results"]
    assert "open" == (await own.sees(one, "WholeLetter"))["state"]


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
