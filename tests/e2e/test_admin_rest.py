"""The admin API of a running Portico: what operators do with dead letters and replay jobs."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from storage.driver import open_database
from tests.support.admin_rest import ALL_ROLES, JOBS, LETTERS, LINES, Admin, as_operator, assert_is, customer
from tests.support.operators import FAULTS, posted
from tests.support.portico import Client
from tests.support.stacks import Stack


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
