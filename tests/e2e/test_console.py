"""Operators and dead letters at the console of a running Portico."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from storage.driver import open_database
from tests.support.console import ROLES, Answer, ConsoleVisitor
from tests.support.odp_v1_bodies import example
from tests.support.operators import FAULTS, posted
from tests.support.portico import Client
from tests.support.stacks import Stack
from tests.support.tokens import minted

_PATIENCE = 30.0


def customer(number: int, **changes: Any) -> dict[str, Any]:
    """A customer that shares no key with another."""
    own = {"id": f"c-{number}", "externalIds": [f"app:{number}"], "contacts": {}}
    return example("customers", **{**own, **changes})


@asynccontextmanager
async def visitor(stack: Stack) -> AsyncIterator[ConsoleVisitor]:
    """Somebody with a browser of his own."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        yield ConsoleVisitor.of(stack, session)


@pytest.fixture
async def ana(embedded: Stack, tenant: str) -> AsyncIterator[ConsoleVisitor]:
    """An operator of the test's tenant with every role, signed in."""
    async with visitor(embedded) as one:
        await one.signs_in(tenant)
        yield one


@pytest.fixture
async def nameless(caller: Client, ana: ConsoleVisitor) -> str:
    """The id of a letter of a customer without a name."""
    await posted(caller, customer(1, name=..., contacts={"email": "maria@example.com"}))
    [id] = (await ana.opens("/console/letters")).ids("data-letter")
    return id


async def audited(stack: Stack, tenant: str) -> list[tuple[str, str]]:
    """Who did what, in order, as the audit has it."""
    async with open_database(stack.mongodb_url, stack.database) as database:
        entries = await database.collection("audit").find({"tenant": tenant}, sort=[("at", 1)])
    return [(entry["actor"], entry["action"]) for entry in entries]


async def test_a_token_signs_in_and_signing_out_ends_it(embedded: Stack, tenant: str) -> None:
    """One is led to where he wanted, and only to pages of the console; scripts cannot read the cookie."""
    async with visitor(embedded) as one:
        asked = await one.opens("/console/letters?state=all")
        assert asked.path.startswith("/console/login?next=")
        assert "/console/letters?state=all" == asked.field("next")
        assert 401 == (await one.posts("/console/login", token="no.such.token")).status
        assert 401 == (await one.posts("/console/login", token="x" * 5_000)).status
        assert 401 == (await one.posts("/console/login", token=minted(tenant, "od.crm"))).status

        token = minted(tenant, ROLES, sub="ana")
        elsewhere = await one.posts("/console/login", token=token, next="//elsewhere.example/console/")
        assert (200, "/console") == (elsewhere.status, elsewhere.path)
        led = await one.posts("/console/login", token=token, next="/console/letters?state=all")
        assert (200, "/console/letters?state=all") == (led.status, led.path)
        one.csrf = led.field("csrf")
        assert (await one.sends("/console/logout")).path == "/console/login"
        assert (await one.opens("/console/letters")).path.startswith("/console/login")


@pytest.mark.parametrize(("scheme", "is_secure"), [("http", False), ("https", True)])
async def test_the_cookie_is_kept_from_scripts_and_other_sites(
    embedded: Stack, tenant: str, scheme: str, is_secure: bool
) -> None:
    """It is sent over TLS alone where the browser came by TLS."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{embedded.gateway.admin}/console/login",
            data={"token": minted(tenant, ROLES)},
            headers={"X-Forwarded-Proto": scheme},
            allow_redirects=False,
        ) as response,
    ):
        cookie = response.headers["Set-Cookie"]

    assert 303 == response.status
    flags = {flag.strip() for flag in cookie.split(";")[1:]}
    assert {"HttpOnly", "SameSite=Strict", "Path=/console"} == flags - {"Secure"}
    assert is_secure == ("Secure" in flags)


async def test_forms_that_are_not_of_the_session_change_nothing(
    embedded: Stack, tenant: str, ana: ConsoleVisitor, nameless: str
) -> None:
    """Without its digest, with that of another session, and from another site."""
    discard = f"/console/discard?state=open&tenant={tenant}"
    async with visitor(embedded) as other:
        await other.signs_in(tenant, name="bia")
    foreign = {"Origin": "https://elsewhere.example"}
    for fields, headers in (
        ({}, {}),
        ({"csrf": other.csrf}, {}),
        ({"csrf": ana.csrf}, foreign),
        ({"csrf": ana.csrf}, {"Origin": "null"}),
    ):
        assert 403 == (await ana.posts(discard, headers, reason="x", **fields)).status
        reveal = f"/console/letters/{nameless}/reveal"
        assert 403 == (await ana.posts(reveal, headers, **fields)).status
    assert 403 == (await ana.posts("/console/login", foreign, token=minted(tenant, ROLES))).status
    as_json = {"Content-Type": "text/plain"}
    assert 415 == (await ana.posts(discard, as_json, csrf=ana.csrf, reason="x")).status

    assert [] == await audited(embedded, tenant)
    assert 200 == (await ana.posts(discard, {"Origin": ana.url}, csrf=ana.csrf, reason="x")).status
    assert [("ana", "discard")] == await audited(embedded, tenant)


async def test_roles_are_kept(embedded: Stack, tenant: str, ana: ConsoleVisitor, nameless: str) -> None:
    """Who may only read is shown no forms, and is refused by a page where he sends them all the same."""
    async with visitor(embedded) as one:
        await one.signs_in(tenant, "operator.read")
        shown = await one.opens(f"/console/letters/{nameless}")
        assert [] == [act for act in ("patch", "replay", "discard") if f"/console/{act}?" in shown.text]
        assert not shown.has("Show personal data")
        assert (await one.opens(f"/console/dry-run?id={nameless}")).has("1 still fails: REQUIRED")
        for path in (f"/console/discard?id={nameless}", f"/console/replay?id={nameless}"):
            assert 403 == (await one.opens(path)).status
            refused = await one.sends(path, reason="x")
            assert (403, True) == (refused.status, refused.has("Your token lacks the role operator.re"))
            assert "/console/groups" in refused.ids("href")
        for path in (f"/console/letters/{nameless}/reveal", f"/console/patch?id={nameless}"):
            assert 403 == (await one.sends(path)).status
    assert [] == await audited(embedded, tenant)


async def test_personal_data_is_masked_until_asked_for(
    embedded: Stack, tenant: str, ana: ConsoleVisitor, nameless: str
) -> None:
    """The fault's place is marked; the asking is audited."""
    masked = await ana.opens(f"/console/letters/{nameless}")
    assert "maria" not in masked.text
    assert masked.has('"email": "***"')
    assert masked.has("REQUIRED: name is required")
    assert [] == await audited(embedded, tenant)

    shown = await ana.sends(f"/console/letters/{nameless}/reveal")
    assert shown.has('"email": "maria@example.com"')
    assert "maria@example.com" == json.loads(shown.textarea)["contacts"]["email"]
    assert [("ana", "reveal")] == await audited(embedded, tenant)


async def test_two_editors_at_once(embedded: Stack, tenant: str, ana: ConsoleVisitor, nameless: str) -> None:
    """The contract is kept; the second editor sees what the first made, beside his own."""
    at = f"/console/letters/{nameless}"
    record = json.loads((await ana.sends(f"{at}/reveal")).textarea)
    invalid = await ana.sends(f"{at}/edit", payload=json.dumps({**record, "externalIds": 1}), revision="1")
    assert (422, True) == (invalid.status, invalid.has("The contract does not take this"))
    assert 1 == json.loads(invalid.textarea)["externalIds"]

    kept = await ana.sends(f"{at}/edit", payload=json.dumps({**record, "name": "First"}), revision="1")
    assert (200, at) == (kept.status, kept.path)
    assert kept.has("Payload, as edited")
    assert ["edit"] == kept.ids("data-action")

    late = await ana.sends(f"{at}/edit", payload=json.dumps({**record, "name": "Second"}), revision="1")
    assert (409, True) == (late.status, late.has("Somebody else changed"))
    assert late.has('- "name": "First"')
    assert late.has('+ "name": "Second"')
    assert ("2", "Second") == (late.field("revision"), json.loads(late.textarea)["name"])
    assert 400 == (await ana.sends(f"{at}/edit", payload="{}", revision="x")).status
    revealed = [("ana", "reveal")] * 3
    assert sorted([*revealed, ("ana", "edit")]) == sorted(await audited(embedded, tenant))


async def test_a_form_sent_as_it_was_opened_changes_nothing(
    embedded: Stack, tenant: str, ana: ConsoleVisitor, nameless: str
) -> None:
    """The form is indented, and its lines end in CR LF."""
    at = f"/console/letters/{nameless}"
    record = json.loads((await ana.sends(f"{at}/reveal")).textarea)
    await ana.sends(f"{at}/edit", payload=json.dumps({**record, "name": "First"}), revision="1")
    opened = await ana.sends(f"{at}/reveal")

    sent = opened.textarea.replace("\n", "\r\n")
    kept = await ana.sends(f"{at}/edit", payload=sent, revision="2")

    assert "\r\n" in sent
    assert (200, at, ["edit"]) == (kept.status, kept.path, kept.ids("data-action"))
    assert [("ana", "edit")] == [one for one in await audited(embedded, tenant) if one[1] == "edit"]


async def test_groups_are_found_tried_and_given_up(
    embedded: Stack, caller: Client, tenant: str, ana: ConsoleVisitor
) -> None:
    """By cause with their counts; those that were ticked, and all of a list; for a reason."""
    faulty = [customer(n, **fault) for n, fault in enumerate(list(FAULTS.values()) * 20)]
    await posted(caller, *faulty)

    groups = await ana.opens("/console/groups")
    assert sorted(FAULTS) == sorted(groups.ids("data-code"))
    assert groups.has("60 letters in 3 groups")
    first = await ana.opens(f"/console/letters?tenant={tenant}")
    [more] = [link for link in first.ids("href") if "after=" in link]
    listed = first.ids("data-letter") + (await ana.opens(more)).ids("data-letter")
    assert (50, 60) == (len(first.ids("data-letter")), len(set(listed)))

    ticked = urlencode([("scope", "ticked"), ("id", listed[0]), ("id", listed[1])])
    assert (await ana.opens(f"/console/dry-run?{ticked}")).has("2 letters that you ticked")
    discard = f"/console/discard?code=REQUIRED&tenant={tenant}"
    assert (await ana.opens(discard)).has("20 letters")
    assert 400 == (await ana.sends(discard, reason=" ")).status
    done = await ana.sends(discard, reason="test data")
    assert (200, True) == (done.status, done.has("20 discarded"))
    assert (await ana.opens(f"/console/groups?tenant={tenant}")).has("40 letters in 2 groups")
    assert [("ana", "discard")] * 20 == await audited(embedded, tenant)


async def test_a_letter_is_found_by_whom_it_names(
    caller: Client, tenant: str, ana: ConsoleVisitor, nameless: str
) -> None:
    """By the customer's e-mail address, and by a text in the payload, in any case."""
    await posted(caller, customer(2, name=..., contacts={"email": "other@example.com"}))
    for query in ("customer=MARIA@example.com", "text=Maria%40", "customer=maria@example.com&text=c-1"):
        found = await ana.opens(f"/console/letters?{query}")
        assert [nameless] == found.ids("data-letter"), query
        assert (await ana.opens(f"/console/groups?{query}")).has("1 letter in 1 group")
        assert (await ana.opens(f"/console/dry-run?{query}")).has("1 still fails: REQUIRED")
    assert (await ana.opens("/console/letters?text=nowhere")).has("There are none")


async def test_a_group_is_patched_and_replayed(
    embedded: Stack, caller: Client, tenant: str, ana: ConsoleVisitor
) -> None:
    """A preview first, which changes nothing; then a job that can be watched and shows each letter."""
    await posted(caller, *[customer(n, externalIds=f"app:{n}") for n in range(3)])
    selected = f"code=INVALID_TYPE&tenant={tenant}"
    change = {"transform": "wrap-in-array", "pointer": "/externalIds"}

    preview = await ana.sends(f"/console/patch?{selected}", do="preview", **change)
    assert preview.has("A replay: would create")
    assert preview.has('+ "externalIds": [')
    assert [] == await audited(embedded, tenant)
    patched = await ana.sends(f"/console/patch?{selected}", do="apply", **change)
    assert patched.has("3 patched")
    assert (await ana.opens(f"/console/dry-run?{selected}")).has("3 would create")

    wrong = await ana.sends(f"/console/replay?{selected}", rate="fast")
    assert (400, True) == (wrong.status, wrong.has("The rate is no number"))
    started = await ana.sends(f"/console/replay?{selected}", rate="100")
    assert started.path.startswith("/console/jobs/job_")
    finished = await _finished(ana, started)
    assert finished.has("created 3")
    assert ["resolved"] * 3 == [name[6:] for name in finished.ids("class") if name == "state resolved"]
    listed = await ana.opens("/console/jobs")
    assert [started.path.rpartition("/")[2]] == listed.ids("data-job")
    over = await ana.sends(f"{started.path}/pause")
    assert (409, True) == (over.status, over.has("is done already"))
    [letter, *_] = finished.ids("data-letter")
    shown = await ana.opens(f"/console/letters/{letter}")
    assert ["patch", "replay"] == shown.ids("data-action")
    assert started.path in shown.ids("href")


async def test_a_job_is_held_and_ended(caller: Client, tenant: str, ana: ConsoleVisitor) -> None:
    """One that is to begin later is paused, resumed and cancelled from its page."""
    await posted(caller, customer(1, name=...))
    later = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() + 7_200))
    job = await ana.sends(f"/console/replay?tenant={tenant}", at=later, breaker="50")
    assert job.has("50%")
    assert job.has("scheduled")
    for action, state in (("pause", "paused"), ("resume", "scheduled"), ("cancel", "cancelled")):
        assert (await ana.sends(f"{job.path}/{action}")).has(f"{job.path.rpartition('/')[2]} {state}")


async def test_other_tenants_are_not_there(embedded: Stack, nameless: str) -> None:
    """An operator of one tenant sees no letter, group or job of another."""
    async with visitor(embedded) as one:
        await one.signs_in("tenant-without-any-letter")
        for path in ("/console/groups", "/console/letters?state=all", "/console/jobs"):
            assert (await one.opens(path)).has("There are none")
        assert 404 == (await one.opens(f"/console/letters/{nameless}")).status
        assert 404 == (await one.sends(f"/console/letters/{nameless}/reveal")).status
        assert (await one.opens(f"/console/dry-run?state=all&id={nameless}")).has("No letters")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/console/nothing", 404),
        ("/console/static/nothing.css", 404),
        ("/console/static/..%2fsurface.py", 404),
        ("/console/letters/dl_none", 404),
        ("/console/letters?after=dl_none", 400),
        ("/console/jobs/job_none", 404),
        ("/console/jobs/job_none/figures", 404),
        ("/console/groups?state=shut", 400),
        ("/console/groups?since=yesterday", 400),
        ("/console/letters?until=9999-12-31", 400),
        ("/console/letters?tenant=" + "x" * 600, 400),
        ("/console/dry-run", 400),
        ("/console/dry-run?scope=ticked", 400),
        ("/console/groups", 200),
        ("/console/static/console.css", 200),
    ],
)
async def test_every_answer_is_strict_with_the_browser(ana: ConsoleVisitor, path: str, status: int) -> None:
    """What is wrong is said by a page; none holds a script or style of its own, or loads one from afar."""
    answer = await ana.opens(path)

    assert status == answer.status
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} <= set(policy)
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "no-store" == answer.headers["Cache-Control"]
    assert answer.text.count("<script") == answer.text.count('<script src="/console/static/')
    assert not any(sign in answer.text for sign in ("<style", " style=", "http://", "https://", " onclick"))


async def _finished(visitor: ConsoleVisitor, job: Answer) -> Answer:
    """The page of a job once it is done."""
    deadline = time.monotonic() + _PATIENCE
    while '"state": "done"' not in (answer := await visitor.opens(f"{job.path}/figures")).text:
        assert time.monotonic() < deadline, answer.text
        await asyncio.sleep(0.05)
    return await visitor.opens(job.path)
