"""`portico dead-letters --url`: what an operator types who is not on the machine of the letters."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.counter import Desk
from cli.errors import RemoteError, SettingError
from cli.remote.place import operator_token, use_remote
from cli.settings import Settings
from contracts.letter_changes import json_patch, named_transform
from domain.clock import to_millis
from domain.dead_letters.entities import KeptLetter, Selection, State
from domain.dead_letters.errors import (
    EditConflictError,
    InvalidPayloadError,
    NoSuchLetterError,
    RepairError,
)
from domain.dead_letters.use_case import Done
from domain.errors import StoreUnavailableError
from domain.reading import Cursor
from domain.records import Outcome
from domain.replay.entities import JobState, ReplayOptions
from domain.replay.errors import JobStateError, NoSuchJobError
from storage.driver import open_database
from tests.cli.test_commands import run
from tests.support.odp_v1_bodies import example
from tests.support.operators import posted
from tests.support.portico import Client
from tests.support.ports import free_ports
from tests.support.stacks import Stack
from tests.support.tokens import minted

ALL_ROLES = "operator.read operator.repair operator.replay"

Types = Callable[..., Awaitable[tuple[int | None, str, str]]]


def customer(number: int, **changes: Any) -> dict[str, Any]:
    """A customer that shares no key with another."""
    own = {"id": f"c-{number}", "externalIds": [f"app:{number}"], "contacts": {"email": f"r{number}@x.br"}}
    return example("customers", **{**own, **changes})


@pytest.fixture
def types(embedded: Stack, tenant: str, tmp_path: Path) -> Types:
    """What somebody types elsewhere, with a token in a file; exit status, output and errors."""
    file = tmp_path / "token"
    file.write_text(minted(tenant, ALL_ROLES, sub="ana") + "\n")

    async def typed(command: str, *arguments: str) -> tuple[int | None, str, str]:
        place = ("--url", embedded.gateway.admin, "--token-file", str(file))
        return await run("dead-letters", command, *arguments, *place, cwd=tmp_path)

    return typed


async def at_desk(
    stack: Stack, tenant: str | None, use: Callable[[Desk], Awaitable[Any]], scope: str = ALL_ROLES
) -> Any:
    """What `use` makes of a desk over the admin port."""
    return await use_remote(stack.gateway.admin, minted(scope=scope, sub="bia", org=tenant), use)


async def test_an_operators_story_from_elsewhere(
    embedded: Stack, caller: Client, tenant: str, types: Types, tmp_path: Path
) -> None:
    """Found, looked at by a sample, patched and replayed as on the machine itself: the same tables, JSON
    and exit statuses; history and audit name the token's subject."""
    await posted(caller, *(customer(n, externalIds=f"app:{n}") for n in range(3)), customer(3, name=...))
    mine = ("--tenant", tenant)

    table = await types("groups", *mine)
    assert (0, "") == (table[0], table[2])
    assert table == await run("dead-letters", "groups", *mine, cwd=tmp_path, **embedded.beside)
    wrap = named_transform("wrap-in-array", {"pointer": "/externalIds"})
    faulty = Selection(tenant=tenant, code="INVALID_TYPE")

    async def look(desk: Desk) -> None:
        [masked] = await desk.patching.preview(faulty, wrap, 1)
        [sample] = await desk.patching.preview(faulty, wrap, 1, reveal=True)
        assert {"***", "app"} == {
            json.loads(one.letter.payload)["externalIds"][:3] for one in (masked, sample)
        }
        assert isinstance(json.loads(sample.after or b"{}")["externalIds"], list)
        assert {Outcome.CREATED: 1} == (sample.trial and sample.trial.outcomes)

    await at_desk(embedded, tenant, look)
    change = ("--code", "INVALID_TYPE", "--transform", "wrap-in-array", "--arg", "pointer=/externalIds")
    status, out, _ = await types("patch", *change)
    assert (0, 3) == (status, out.count("patched: revision 2"))
    status, out, _ = await types("replay", *mine, "--json")
    assert (1, 4) == (status, len(json.loads(out)))
    assert sorted(["created", "created", "created", "fails again"]) == sorted(
        next(iter(line["outcomes"])) for line in json.loads(out)
    )

    id = next(line["id"] for line in json.loads(out) if line["fault"])
    shown = await run("dead-letters", "show", id, "--json", cwd=tmp_path, **embedded.beside)
    assert shown == await types("show", id, "--json")
    assert [("ana", "replay")] == [(one["actor"], one["action"]) for one in json.loads(shown[1])["history"]]


async def test_what_is_refused_there_is_refused_here(embedded: Stack, caller: Client, tenant: str) -> None:
    """With the errors of the use cases, so that commands say the same; nothing is changed."""
    await posted(caller, customer(1, name=...))
    selection = Selection(tenant=tenant)

    async def use(desk: Desk) -> None:
        [letter] = (await desk.letters.search(selection, after=None, limit=5)).letters
        mended = json.dumps(customer(1, name="Mended")).encode()
        with pytest.raises(NoSuchLetterError, match="dl_none"):
            await desk.letters.get("dl_none")
        with pytest.raises(NoSuchLetterError):
            await desk.letters.get("../openapi.json")
        with pytest.raises(InvalidPayloadError, match="REQUIRED"):
            await desk.letters.edit(letter.id, json.dumps(customer(1, name=...)).encode(), 1)
        assert 2 == (await desk.letters.edit(letter.id, mended, 1)).revision
        with pytest.raises(EditConflictError) as conflict:
            await desk.letters.edit(letter.id, mended, 1)
        assert (2, {"***"}) == (
            conflict.value.kept.revision,
            set(json.loads(conflict.value.kept.payload)["contacts"].values()),
        )
        revealed = await desk.letters.reveal(letter.id)
        assert (json.loads(mended), True) == (
            json.loads(revealed.payload),
            b"r1@x.br" in revealed.letter.body,
        )

        with pytest.raises(RepairError, match="at least one"):
            await desk.patching.preview(selection, json_patch(b"[]"))
        nameless = json_patch(b'[{"op": "remove", "path": "/name"}]')
        [unfit] = [one async for one in desk.patching.patch(selection, nameless)]
        assert "REQUIRED" in unfit.refused
        [again] = [one async for one in desk.letters.discard(Selection(ids=(letter.id,)), "test data")]
        assert (State.DISCARDED, "") == (again.letter.state, again.refused)
        assert [] == [one async for one in desk.letters.dry_run(selection)]

        with pytest.raises(NoSuchJobError, match="job_none"):
            await desk.jobs.cancel("job_none")
        with pytest.raises(RepairError, match="a ramp needs a rate"):
            await desk.jobs.start(selection, ReplayOptions(ramp=5))
        with pytest.raises(RepairError, match="besides states"):
            await desk.jobs.start(Selection())

    await at_desk(embedded, tenant, use)


async def test_jobs_are_held_let_go_and_ended_from_elsewhere(
    embedded: Stack, caller: Client, tenant: str
) -> None:
    """A job is the same from there and from here, in pages, newest first."""
    await posted(caller, customer(1, name=...))
    later = to_millis(datetime.now(UTC) + timedelta(hours=1))

    async def use(desk: Desk) -> None:
        options = ReplayOptions(rate=2.5, ramp=10, start_at=later, breaker=0.5)
        jobs = [await desk.jobs.start(Selection(tenant=tenant), options) for _ in range(3)]
        assert [job.id for job in reversed(jobs)] == [
            job.id for job in await desk.jobs.page(after=None, limit=1_000)
        ]
        first, second = jobs[2], jobs[1]
        [found] = await desk.jobs.page(after=Cursor(0, first.id), limit=1)
        assert (second, 2.5, 10, 0.5) == (
            found,
            found.options.rate,
            found.options.ramp,
            found.options.breaker,
        )
        assert JobState.PAUSED is (await desk.jobs.pause(first.id)).state
        assert JobState.SCHEDULED is (await desk.jobs.resume(first.id)).state
        assert JobState.CANCELLED is (await desk.jobs.cancel(first.id)).state
        with pytest.raises(JobStateError) as over:
            await desk.jobs.pause(first.id)
        assert JobState.CANCELLED is over.value.job.state
        assert [] == await desk.jobs.lines(first.id)

    await at_desk(embedded, tenant, use)


async def test_more_letters_than_one_page_or_answer_holds(
    embedded: Stack, caller: Client, tenant: str
) -> None:
    """Lists go on behind a page of 200, and what concerns many goes on behind 1,000, each letter once."""
    for start in (0, 600):
        await posted(caller, *(customer(n, name=...) for n in range(start, start + 600)))
    selection = Selection(tenant=tenant)

    async def use(desk: Desk) -> None:
        found = await desk.letters.search(selection, after=None, limit=450)
        rest = await desk.letters.search(selection, after=found.next, limit=1_000)
        ids = {kept.id for kept in (*found.letters, *rest.letters)}
        assert (450, 750, 1_200, None) == (len(found.letters), len(rest.letters), len(ids), rest.next)
        [group] = await desk.letters.groups(selection)
        assert (1_200, "REQUIRED") == (group.count, group.code)
        tried = [one async for one in desk.letters.dry_run(selection)]
        assert (1_200, {Outcome.DEAD}) == (len(tried), {*(one for done in tried for one in _outcomes(done))})
        assert ids == {one.letter.id for one in tried}

    await at_desk(embedded, tenant, use)


def _outcomes(done: Done) -> set[Outcome]:
    return set() if done.trial is None else set(done.trial.outcomes)


async def test_letters_are_taken_out_and_brought_in_from_elsewhere(
    embedded: Stack, caller: Client, tenant: str, types: Types, tmp_path: Path
) -> None:
    """As beside the store: whole, whatever their size, under their own ids; all or none; and audited."""
    await posted(caller, customer(1, name=...), customer(2, name=..., note="ä" * 100_000))
    file = tmp_path / "letters.jsonl"
    status, out, said = await types("export", "--tenant", tenant, "--output", str(file), "--json")
    assert (0, 2) == (status, json.loads(out)["exported"]), said
    assert 0o600 == file.stat().st_mode & 0o777
    lines = [json.loads(line) for line in file.read_bytes().splitlines()]
    moved = [{**line, "id": f"{line['id']}-moved"} for line in lines]
    file.write_text("".join(json.dumps(line) + "\n" for line in [*moved, lines[0]]))
    status, out, said = await types("import", str(file), "--json")
    assert (0, {"imported": 2, "existing": 1}) == (status, json.loads(out)), said

    async def use(desk: Desk) -> list[KeptLetter]:
        exported = desk.transfer.export(Selection(tenant=tenant, ids=tuple(line["id"] for line in moved)))
        found = [kept async for page in exported for kept in page]
        others = [replace(kept, letter=replace(kept.letter, id="dl_a", tenant="other")) for kept in found]
        for letters, word in (
            (others, "line 1: it is another tenant's"),
            (found * 2, "line 3: it has the id"),
        ):
            with pytest.raises(RepairError, match=word):
                await desk.transfer.bring_in(letters, "file x")
        return found

    found = await at_desk(embedded, tenant, use)
    assert sorted(line["body"]["text"] for line in lines) == sorted(kept.payload.decode() for kept in found)
    assert [("ana", "import")] * 2 == [(kept.history[-1].actor, kept.history[-1].action) for kept in found]
    exporting = Selection(tenant=tenant)

    async def take(desk: Desk) -> None:
        await anext(desk.transfer.export(exporting))

    with pytest.raises(RemoteError, match=r"the token lacks the role operator\.repair"):
        await at_desk(embedded, tenant, take, "operator.read operator.replay")
    async with open_database(embedded.mongodb_url, embedded.database) as database:
        audit = await database.collection("audit").find({"tenant": tenant}, sort=[("at", 1)])
    said_of_each = [("ana", "export")] * 2 + [("ana", "import")] * 2 + [("bia", "export")] * 2
    assert said_of_each == [(one["actor"], one["action"]) for one in audit]


async def test_who_may_not_is_told_so(embedded: Stack, tenant: str) -> None:
    """Without the role, without a good token, and where nothing of Portico answers."""

    async def replay(desk: Desk) -> None:
        await desk.jobs.start(Selection(tenant=tenant))

    async def look(desk: Desk) -> None:
        await desk.letters.get("dl_none")

    with pytest.raises(RemoteError, match=r"lacks the role operator\.replay"):
        await at_desk(embedded, tenant, replay, "operator.read operator.repair")
    with pytest.raises(RemoteError, match="not accepted"):
        await use_remote(embedded.gateway.admin, "nonsense", look)
    token = minted(scope=ALL_ROLES, org=None)
    with pytest.raises(RemoteError, match="no admin port"):
        await use_remote(embedded.gateway.url, token, look)
    [port] = free_ports(1)
    with pytest.raises(StoreUnavailableError):
        await use_remote(f"http://127.0.0.1:{port}", token, look)


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://portico.example.com:8081", "https"),
        ("http://10.0.0.1", "https"),
        ("ftp://localhost", "admin port"),
        ("localhost:8081", "admin port"),
        ("https://", "admin port"),
        ("https://ana:secret@localhost", "admin port"),
        ("https://localhost/?a=b", "admin port"),
        ("http://[::1", "no URL"),
        ("http://localhost:x", "no URL"),
    ],
)
async def test_a_token_is_sent_nowhere_in_the_clear(url: str, word: str) -> None:
    """Plain HTTP is for this machine alone."""

    async def use(desk: Desk) -> None:
        raise AssertionError("it was used")

    with pytest.raises(SettingError, match=word):
        await use_remote(url, "token", use)


async def test_what_was_typed_wrong_is_said(embedded: Stack, tmp_path: Path, types: Types) -> None:
    """With the exit status 2, and never the token."""
    with pytest.raises(SettingError, match="PORTICO_OPERATOR_TOKEN"):
        operator_token(Settings(), None)
    with pytest.raises(SettingError, match="no readable file"):
        operator_token(Settings(), tmp_path / "none")
    (tmp_path / "two").write_text("one\ntwo\n")
    with pytest.raises(SettingError, match="is none"):
        operator_token(Settings(), tmp_path / "two")
    elsewhere = ("dead-letters", "list", "--url", embedded.gateway.admin)
    secret = minted("acme", "od.crm")
    refused = await run(*elsewhere, cwd=tmp_path, PORTICO_OPERATOR_TOKEN=secret)
    assert (2, "", "the token lacks the role operator.read\n") == refused
    status, _, said = await types("discard", "--id", "dl_none", "--reason", "x", "--actor", "eva")
    assert (2, True) == (status, "the token says who you are" in said)
