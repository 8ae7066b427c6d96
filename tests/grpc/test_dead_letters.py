"""DeadLetters: what operators do over gRPC, on a real store."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status

from domain.apply import ApplyRecords
from domain.clock import system_clock
from domain.dead_letters.entities import State
from domain.receipts import DeadLetter
from domain.resolve import MatchPolicy
from gateway.grpc.pb.portico.v1 import dead_letters_pb2 as pb
from gateway.grpc.pb.portico.v1.customers_pb2 import ListCustomersRequest
from gateway.grpc.pb.portico.v1.customers_pb2_grpc import CustomersStub
from gateway.grpc.pb.portico.v1.dead_letters_pb2_grpc import DeadLettersStub
from gateway.grpc.scopes import ROLES
from storage.store import open_store
from tests.storage.builders import a_dead_letter
from tests.support.grpc_surfaces import failure
from tests.support.grpc_world import OTHER, TENANT, World, caller, open_world
from tests.support.odp_v1_bodies import example
from tests.support.proxy import Proxy
from tests.support.replays import Held, runner_of

READ, REPAIR, REPLAY = "operator.read", "operator.repair", "operator.replay"
ANA = caller(None, (REPAIR, REPLAY))
"""An operator of all tenants, with every role."""
BOUND = caller(TENANT, (REPAIR, REPLAY))
READER = caller(None, (READ,))
NOT_FOUND, INVALID = grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT
OF_ACME = pb.LetterSelection(tenant=TENANT)


def a_letter(number: int, **changes: Any) -> DeadLetter:
    """The dead letter of a good customer."""
    facts = {"body": a_customer(number), "index": number, "first_seen": 1_000 + number, **changes}
    return a_dead_letter(f"dl_{number}", **facts)


def a_customer(number: int, **changes: Any) -> bytes:
    """A customer that shares no key with another."""
    own = {"id": f"c-{number}", "externalIds": [f"app:{number}"], "contacts": {}}
    return json.dumps(example("customers", **{**own, **changes})).encode()


def stub(world: World) -> Any:
    """A client."""
    return DeadLettersStub(world.channel)


async def call(world: World, method: str, metadata: Any = ANA, /, **request: Any) -> Any:
    """The answer to a unary call."""
    message = getattr(pb, f"{method}Request")(**request)
    return await getattr(stub(world), method)(message, metadata=metadata)


async def streamed(world: World, method: str, metadata: Any = ANA, /, **request: Any) -> list[Any]:
    """All answers to a call."""
    message = getattr(pb, f"{method}Request")(**request)
    return [one async for one in getattr(stub(world), method)(message, metadata=metadata)]


async def refused(world: World, method: str, metadata: Any = ANA, /, **request: Any) -> grpc.aio.AioRpcError:
    """The error that a call ends with."""
    many = method in {"PatchDeadLetters", "DryRunDeadLetters", "DiscardDeadLetters", "WatchReplayJob"}
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await (streamed if many else call)(world, method, metadata, **request)
    return raised.value


def details(error: grpc.aio.AioRpcError, kind: Any) -> Any:
    """The detail of a kind that an error carries."""
    [packed] = [value for key, value in error.trailing_metadata() or () if key == "grpc-status-details-bin"]
    status = Status.FromString(packed)
    assert (error.code().value[0], error.details()) == (status.code, status.message)
    found = kind()
    assert any(detail.Unpack(found) for detail in status.details)
    return found


def fields(error: grpc.aio.AioRpcError) -> list[str]:
    """The fields that an error says are wrong."""
    assert INVALID == error.code()
    return [violation.field for violation in details(error, BadRequest).field_violations]


async def put(world: World, *letters: DeadLetter) -> None:
    """Keep dead letters."""
    await world.store.dead_letters.put_many(list(letters))


async def audited(world: World) -> list[tuple[str, str, str]]:
    """Who did what with which letter or job, in order."""
    found = await world.store._database.collection("audit").find({}, sort=[("at", 1)])
    return [(one["actor"], one["action"], one["letter_id"]) for one in found]


async def run_job(world: World, name: str) -> None:
    """Run a job to its end, as an ingestor does."""
    store = world.store
    apply = ApplyRecords(store.records, store.identities, store.dedupe, system_clock, MatchPolicy())
    await runner_of(store, apply).run(name.removeprefix("replayJobs/"), Held())


async def test_groups_and_pages(world: World) -> None:
    """Causes with their counts; letters oldest first, in pages that have no end but their own."""
    others = [a_letter(number, code="OTHER") for number in range(3, 6)]
    await put(world, a_letter(1), a_letter(2), *others, a_letter(6, tenant=OTHER))
    groups = (await call(world, "ListDeadLetterGroups", READER)).groups
    assert [(TENANT, "OTHER", 3), (TENANT, "INVALID_FIELD", 2), (OTHER, "INVALID_FIELD", 1)] == sorted(
        ((one.tenant, one.code, one.count) for one in groups), key=lambda one: -one[2]
    )
    assert ("/customers/*/name", "dl_3", "") == (
        groups[0].place,
        groups[0].sample.uid,
        groups[0].sample.masked_payload_json,
    )
    pages: list[list[str]] = []
    token = ""
    while not pages or token:
        answer = await call(
            world, "ListDeadLetters", READER, selection=OF_ACME, page_size=2, page_token=token
        )
        pages.append([one.name for one in answer.dead_letters])
        token = answer.next_page_token
    assert [
        ["deadLetters/dl_1", "deadLetters/dl_2"],
        ["deadLetters/dl_3", "deadLetters/dl_4"],
        ["deadLetters/dl_5"],
    ] == pages


async def test_every_part_of_a_selection_selects(world: World) -> None:
    """Together they narrow; what nothing holds for selects nothing."""
    await put(
        world,
        a_letter(1, tenant=OTHER),
        a_letter(2, operation="od.v2.orders"),
        a_letter(3, code="OTHER", stage="write"),
        a_letter(4, ingestion_id="ing_4", index=None),
    )
    groups = (await call(world, "ListDeadLetterGroups")).groups
    [fingerprint] = [one.fingerprint for one in groups if one.code == "OTHER"]
    at = {number: pb.LetterSelection().first_seen_from for number in (2, 3)}
    for number, moment in at.items():
        moment.FromMilliseconds(1_000 + number)
    for selection, expected in (
        ({}, [1, 2, 3, 4]),
        ({"tenant": OTHER}, [1]),
        ({"operation": "od.v2.orders"}, [2]),
        ({"code": "OTHER"}, [3]),
        ({"fingerprint": fingerprint}, [3]),
        ({"ingestion": "ing_4"}, [4]),
        ({"names": ["deadLetters/dl_2", "deadLetters/dl_9"]}, [2]),
        ({"first_seen_from": at[2], "first_seen_until": at[3]}, [2, 3]),
        ({"customer": "app:3"}, [3]),
        ({"customer": "c-4", "tenant": OTHER}, []),
        ({"text": '"ID": "C-2"'}, [2]),
        ({"states": ["DISCARDED", "RESOLVED"]}, []),
        ({"states": ["OPEN", "REPLAYING"], "tenant": TENANT}, [2, 3, 4]),
    ):
        found = await call(world, "ListDeadLetters", selection=pb.LetterSelection(**selection))
        assert [f"dl_{number}" for number in expected] == [one.uid for one in found.dead_letters], selection


async def test_a_letter_is_masked_until_it_is_revealed(world: World) -> None:
    """All that is known of it; its bytes only for who may mend, and the audit says who looked."""
    await put(world, a_letter(1, headers={"portico.x": "secret"}, index=0))
    shown = await call(world, "GetDeadLetter", READER, name="deadLetters/dl_1")
    assert ("c-1", "secret") != (shown.masked_payload_json, shown.message)
    assert set() == {word for word in ("c-1", "secret", "app:1") if word in str(shown)}
    assert "***" == json.loads(shown.masked_payload_json)["id"]
    assert (0, True, pb.DeadLetter.OPEN, 1, 1_001) == (
        shown.index,
        shown.HasField("index"),
        shown.state,
        shown.revision,
        shown.first_seen_time.ToMilliseconds(),
    )
    assert [4, 10] == [at.ToMilliseconds() for at in shown.attempt_times]
    assert [] == await audited(world)
    revealed = await call(world, "RevealDeadLetter", name="deadLetters/dl_1")
    assert (a_customer(1), b"", {"portico.x": "secret"}, "") == (
        revealed.payload,
        revealed.original,
        dict(revealed.headers),
        revealed.dead_letter.masked_payload_json,
    )
    assert [("caller", "reveal", "dl_1")] == await audited(world)


async def test_what_does_not_fit_into_a_message_is_left_out(world: World) -> None:
    """The rest of the letter is there; nobody is said to have seen what could not be shown."""
    await put(world, a_letter(1, body=b'["' + b'","' * 550_000 + b"x" * 1_600_000 + b'"]'))
    shown = await call(world, "GetDeadLetter", name="deadLetters/dl_1")
    assert (True, "", "dl_1") == (shown.oversized, shown.masked_payload_json, shown.uid)
    change = pb.PayloadChange(json_patch='[{"op": "remove", "path": "/name"}]')
    preview = await call(world, "PreviewDeadLetterPatch", change=change)
    assert [(True, "")] == [(one.oversized, one.masked_before_json) for one in preview.samples]
    error = await refused(world, "RevealDeadLetter", name="deadLetters/dl_1")
    assert grpc.StatusCode.OUT_OF_RANGE == error.code()
    assert [] == await audited(world)


async def test_of_two_editors_the_second_is_told(world: World) -> None:
    """The first one's payload stays, beside the original; the second sees it, masked, with its revision."""
    await put(world, a_letter(1, body=b'{"name": 1}'))
    edit = {"name": "deadLetters/dl_1", "revision": 1}
    edited = await call(world, "EditDeadLetter", **edit, payload=a_customer(1))
    assert (2, "edit", "caller", True) == (
        edited.revision,
        edited.history[0].action,
        edited.history[0].actor,
        bool(edited.masked_original_json),
    )
    error = await refused(world, "EditDeadLetter", **edit, payload=a_customer(2))
    reason = details(error, ErrorInfo)
    assert (grpc.StatusCode.ABORTED, "REVISION_CONFLICT", "portico", {"revision": "2"}) == (
        error.code(),
        reason.reason,
        reason.domain,
        dict(reason.metadata),
    )
    theirs = details(error, pb.DeadLetter)
    assert (2, edited.masked_payload_json) == (theirs.revision, theirs.masked_payload_json)
    kept = await call(world, "RevealDeadLetter", name="deadLetters/dl_1")
    assert (a_customer(1), b'{"name": 1}') == (kept.payload, kept.original)


async def test_an_edit_that_cannot_be_changes_nothing(world: World) -> None:
    """The contract's faults by their place, the rest in words."""
    undecodable = a_dead_letter("dl_2", code="UNDECODABLE_MESSAGE")
    await put(world, a_letter(0), undecodable)
    bad = a_customer(0, name=..., externalIds=7)
    error = await refused(world, "EditDeadLetter", name="deadLetters/dl_0", revision=1, payload=bad)
    assert "INVALID_PAYLOAD" == details(error, ErrorInfo).reason
    [violation] = details(error, BadRequest).field_violations
    assert ("payload", True) == (violation.field, violation.description.startswith("INVALID_TYPE at /"))
    for request, expected in (
        ({"name": "deadLetters/dl_0", "payload": b"{}"}, ["revision"]),
        ({"name": "customers/1", "revision": 1}, ["name"]),
    ):
        assert expected == fields(await refused(world, "EditDeadLetter", **request))
    never = await refused(world, "EditDeadLetter", name="deadLetters/dl_2", revision=1, payload=b"{}")
    assert (grpc.StatusCode.FAILED_PRECONDITION, "NOT_POSSIBLE") == (
        never.code(),
        details(never, ErrorInfo).reason,
    )
    assert [] == await audited(world)


async def test_a_change_is_previewed_and_made(world: World) -> None:
    """Samples, masked, with what a replay would do; then one answer a letter, refusals among them."""
    await put(
        world,
        a_letter(1, body=a_customer(1, externalIds="app:1")),
        a_letter(2),
        a_letter(3, body=b"no JSON", tenant=OTHER),
    )
    change = pb.PayloadChange(
        transform=pb.NamedTransform(name="wrap-in-array", arguments={"pointer": "/externalIds"})
    )
    preview = await call(world, "PreviewDeadLetterPatch", selection=OF_ACME, change=change)
    first, second = preview.samples
    assert (1, ["***"], "***") == (
        first.result.counts.created,
        json.loads(first.masked_after_json)["externalIds"],
        json.loads(first.masked_before_json)["externalIds"],
    )
    assert ("", True) == (second.masked_after_json, bool(second.result.refused))
    assert [] == await audited(world)
    done = await streamed(world, "PatchDeadLetters", selection=OF_ACME, change=change)
    assert [("deadLetters/dl_1", 2, False), ("deadLetters/dl_2", 1, True)] == [
        (one.name, one.revision, bool(one.refused)) for one in done
    ]
    patch = pb.PayloadChange(json_patch='[{"op": "replace", "path": "/name", "value": "Ana"}]')
    [again] = await streamed(
        world, "PatchDeadLetters", selection=pb.LetterSelection(names=["deadLetters/dl_2"]), change=patch
    )
    assert (2, "") == (again.revision, again.refused)
    assert [("caller", "patch", "dl_1"), ("caller", "patch", "dl_2")] == await audited(world)


async def test_a_dry_run_writes_nothing(world: World) -> None:
    """One answer a letter, counts and faults, oldest first; more letters than are tried at once."""
    await put(
        world,
        *(a_letter(number) for number in range(60)),
        a_letter(60, body=a_customer(60, **{"birthDate": "\ud800"})),
    )
    results = await streamed(world, "DryRunDeadLetters", READER)
    assert [f"deadLetters/dl_{number}" for number in range(61)] == [one.name for one in results]
    assert {(1, 0, False)} == {
        (one.counts.created, one.counts.dead, one.HasField("fault")) for one in results[:60]
    }
    last = results[60]
    assert (0, 1, True) == (last.counts.created, last.counts.dead, bool(last.fault.code))
    assert [] == await audited(world)


async def test_letters_are_given_up_for_a_reason(world: World) -> None:
    """Those of the selection, and the audit says why."""
    await put(world, a_letter(1), a_letter(2, code="OTHER"))
    selection = pb.LetterSelection(code="OTHER")
    for reason in ("", "  ", "x" * 1_001):
        assert ["reason"] == fields(
            await refused(world, "DiscardDeadLetters", selection=selection, reason=reason)
        )
    [done] = await streamed(world, "DiscardDeadLetters", selection=selection, reason="of a test")
    assert ("deadLetters/dl_2", pb.DeadLetter.DISCARDED) == (done.name, done.state)
    assert [("caller", "discard", "dl_2")] == await audited(world)


async def test_a_watched_job_shows_its_way_to_the_end(world: World) -> None:
    """Every letter has its result, in pages; the job ends, and so does the watch."""
    await put(
        world,
        *(a_letter(number) for number in range(7)),
        a_letter(7, body=a_customer(7, name=...)),
        a_letter(8, code="UNDECODABLE_MESSAGE"),
    )
    options = pb.ReplayOptions(rate=8_000, breaker=0.5)
    job = await call(world, "ReplayDeadLetters", selection=OF_ACME, options=options)
    assert (pb.ReplayJob.SCHEDULED, 9, 0, 8_000, 0.5, "caller", TENANT) == (
        job.state,
        job.letters,
        job.letters_done,
        job.options.rate,
        job.options.breaker,
        job.actor,
        job.tenant,
    )
    early = await call(world, "ListReplayResults", READER, name=job.name)
    assert (0, True) == (len(early.results), bool(early.next_page_token))
    watch = stub(world).WatchReplayJob(pb.WatchReplayJobRequest(name=job.name), metadata=READER, timeout=30)
    assert pb.ReplayJob.SCHEDULED == (await watch.read()).state
    running = asyncio.create_task(run_job(world, job.name))
    seen = []
    while (one := await watch.read()) is not grpc.aio.EOF:
        seen.append(one)
    await running
    end = seen[-1]
    assert end == await call(world, "GetReplayJob", READER, name=job.name)
    assert (pb.ReplayJob.DONE, 9, 1, 1, 7, 1, True) == (
        end.state,
        end.letters_done,
        end.letters_failed,
        end.letters_refused,
        end.counts.created,
        end.counts.dead,
        end.HasField("finish_time"),
    )
    pages, token = [], early.next_page_token
    while token:
        page = await call(world, "ListReplayResults", READER, name=job.name, page_size=4, page_token=token)
        pages.append([one.name for one in page.results])
        token = page.next_page_token
    names = [f"deadLetters/dl_{number}" for number in range(9)]
    assert [names[:4], names[4:8], names[8:]] == pages


async def test_a_job_is_held_resumed_and_ended(world: World) -> None:
    """What cannot be done with it as it stands is a precondition that failed, with the state."""
    await put(world, a_letter(1))
    job = await call(world, "ReplayDeadLetters", selection=OF_ACME)
    states = [
        (await call(world, f"{verb}ReplayJob", name=job.name)).state for verb in ("Pause", "Resume", "Cancel")
    ]
    assert [pb.ReplayJob.PAUSED, pb.ReplayJob.SCHEDULED, pb.ReplayJob.CANCELLED] == states
    error = await refused(world, "PauseReplayJob", name=job.name)
    assert (grpc.StatusCode.FAILED_PRECONDITION, {"state": "cancelled"}) == (
        error.code(),
        dict(details(error, ErrorInfo).metadata),
    )
    assert ["start", "pause", "resume", "cancel"] == [
        action.removesuffix(" replay job") for _, action, _ in await audited(world)
    ]
    second = await call(world, "ReplayDeadLetters", selection=OF_ACME)
    first_page = await call(world, "ListReplayJobs", READER, page_size=1)
    last_page = await call(
        world, "ListReplayJobs", READER, page_size=1, page_token=first_page.next_page_token
    )
    assert ([second.name], [job.name], "") == (
        [one.name for one in first_page.replay_jobs],
        [one.name for one in last_page.replay_jobs],
        last_page.next_page_token,
    )


async def test_an_operator_of_a_tenant_knows_no_other(world: World) -> None:
    """Letters and jobs of others are as unknown as any that there are not, and none is selected."""
    await put(world, a_letter(1), a_letter(2, tenant=OTHER))
    theirs = await call(world, "ReplayDeadLetters", selection=pb.LetterSelection(tenant=OTHER))
    for method, name in (
        *((verb, "deadLetters/{}") for verb in ("GetDeadLetter", "RevealDeadLetter")),
        *((f"{verb}ReplayJob", "replayJobs/{}") for verb in ("Get", "Pause", "Resume", "Cancel", "Watch")),
        ("ListReplayResults", "replayJobs/{}"),
    ):
        foreign = theirs.name if "Job" in name else "deadLetters/dl_2"
        answers = [
            (error.code(), error.details())
            for error in [
                await refused(world, method, BOUND, name=one) for one in (foreign, name.format("none"))
            ]
        ]
        assert answers[0] == answers[1]
        assert NOT_FOUND == answers[0][0]
    edit = await refused(world, "EditDeadLetter", BOUND, name="deadLetters/dl_2", revision=1, payload=b"{}")
    assert NOT_FOUND == edit.code()
    listed = (await call(world, "ListDeadLetters", BOUND)).dead_letters
    groups = (await call(world, "ListDeadLetterGroups", BOUND)).groups
    assert (["dl_1"], [TENANT]) == ([one.uid for one in listed], [one.tenant for one in groups])
    assert [] == list((await call(world, "ListReplayJobs", BOUND)).replay_jobs)
    every = pb.LetterSelection(names=["deadLetters/dl_1", "deadLetters/dl_2"])
    done = await streamed(world, "DiscardDeadLetters", BOUND, selection=every, reason="ours")
    assert ["deadLetters/dl_1"] == [one.name for one in done]
    assert State.OPEN is (await world.store.kept_letters.get_many(["dl_2"]))["dl_2"].state
    mine = await call(world, "ReplayDeadLetters", BOUND, selection=pb.LetterSelection(tenant=OTHER))
    assert (0, pb.ReplayJob.DONE) == (mine.letters, mine.state)


async def test_a_page_token_is_of_one_list_and_operator(world: World) -> None:
    """Of another selection, tenant or list it is an invalid argument."""
    await put(world, a_letter(1), a_letter(2))
    for number in range(2):
        await call(world, "ReplayDeadLetters", selection=pb.LetterSelection(code=f"C{number}"))
    letters = (await call(world, "ListDeadLetters", page_size=1)).next_page_token
    jobs = (await call(world, "ListReplayJobs", page_size=1)).next_page_token
    assert letters
    assert jobs
    job = (await call(world, "ListReplayJobs")).replay_jobs[0].name
    for method, metadata, request in (
        ("ListDeadLetters", BOUND, {"page_token": letters}),
        ("ListDeadLetters", ANA, {"page_token": letters, "selection": OF_ACME}),
        ("ListDeadLetters", ANA, {"page_token": jobs}),
        ("ListReplayJobs", BOUND, {"page_token": jobs}),
        ("ListReplayResults", ANA, {"page_token": jobs, "name": job}),
        ("ListReplayResults", ANA, {"page_token": "x", "name": job}),
    ):
        assert INVALID == (await refused(world, method, metadata, **request)).code()


BAD: Sequence[tuple[str, Mapping[str, Any], str]] = (
    ("ListDeadLetters", {"selection": {"states": [9]}}, "selection.states"),
    ("ListDeadLetters", {"selection": {"states": [0]}}, "selection.states"),
    ("ListDeadLetters", {"selection": pb.LetterSelection(names=["dl_1"])}, "selection.names"),
    ("ListDeadLetters", {"selection": pb.LetterSelection(names=["x"] * 1_001)}, "selection.names"),
    ("ListDeadLetters", {"selection": pb.LetterSelection(tenant="x" * 513)}, "selection.tenant"),
    (
        "DryRunDeadLetters",
        {"selection": {"first_seen_from": {"seconds": 1 << 62}}},
        "selection.first_seen_from",
    ),
    ("ListDeadLetters", {"page_size": -1}, "page_size"),
    ("ListDeadLetterGroups", {"selection": pb.LetterSelection(names=["deadLetters/1"])}, "selection.names"),
    ("GetDeadLetter", {"name": ""}, "name"),
    ("RevealDeadLetter", {"name": "replayJobs/x"}, "name"),
    ("GetReplayJob", {"name": "deadLetters/x"}, "name"),
    ("WatchReplayJob", {"name": "replayJobs/%ff"}, "name"),
    ("DiscardDeadLetters", {"reason": "all of it"}, "selection"),
    ("PatchDeadLetters", {"selection": {"states": ["OPEN"]}}, "selection"),
    ("PatchDeadLetters", {"selection": {"code": "X"}}, "change"),
    ("PatchDeadLetters", {"selection": {"code": "X"}, "change": {"json_patch": "{}"}}, "change"),
    ("PatchDeadLetters", {"selection": {"code": "X"}, "change": {"transform": {"name": "x"}}}, "change"),
    ("PreviewDeadLetterPatch", {"change": {"transform": {"name": "drop-member"}}}, "change"),
    (
        "PreviewDeadLetterPatch",
        {"change": {"transform": {"name": "trim-strings"}}, "samples": 101},
        "samples",
    ),
    ("ReplayDeadLetters", {}, "selection"),
    ("ReplayDeadLetters", {"selection": {"code": "X"}, "options": {"rate": 0}}, "options"),
    ("ReplayDeadLetters", {"selection": {"code": "X"}, "options": {"rate": float("nan")}}, "options"),
    ("ReplayDeadLetters", {"selection": {"code": "X"}, "options": {"breaker": 1.1}}, "options"),
    ("ReplayDeadLetters", {"selection": {"code": "X"}, "options": {"ramp": {"seconds": 1}}}, "options"),
    ("ReplayDeadLetters", {"selection": {"code": "X"}, "options": {"start_at": {"seconds": 1}}}, "options"),
)


async def test_what_is_wrong_with_a_request_is_said_by_its_field(world: World) -> None:
    """INVALID_ARGUMENT with BadRequest, and nothing is done."""
    await put(world, a_letter(1))
    for method, request, field in BAD:
        error = await refused(world, method, **request)
        assert [field] == fields(error), (method, request)
    assert [] == await audited(world)


async def test_each_method_needs_its_role(world: World) -> None:
    """No other scope gives one, however much it grants; without a token nobody is anybody."""
    assert {f"/portico.v1.DeadLetters/{name}" for name in pb_methods()} == set(ROLES)
    everything_else = caller(TENANT, ("customer.read", "customer.write", "orders.crm.read", "operator"))
    for full, role in ROLES.items():
        method = full.rpartition("/")[2]
        lacking = [(caller(None, (one,)), role) for one in (READ, REPAIR, REPLAY) if role not in (one, READ)]
        for metadata, needed in ((everything_else, READ), *lacking):
            error = await refused(world, method, metadata)
            assert (grpc.StatusCode.PERMISSION_DENIED, f"the scope {needed} is required") == (
                error.code(),
                error.details(),
            )
    assert grpc.StatusCode.UNAUTHENTICATED == (await refused(world, "GetDeadLetter", ())).code()


def pb_methods() -> list[str]:
    """The methods of the service."""
    return [method.name for method in pb.DESCRIPTOR.services_by_name["DeadLetters"].methods]


async def test_internal_services_do_not_take_operators_of_all_tenants(world: World) -> None:
    """A token without a tenant opens nothing but DeadLetters."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await CustomersStub(world.channel).ListCustomers(
            ListCustomersRequest(), metadata=caller(None, (REPAIR, REPLAY, "customer.read"))
        )
    assert grpc.StatusCode.UNAUTHENTICATED == failure(raised)[0]


async def test_a_watch_ends_with_its_deadline_or_its_watcher(world: World) -> None:
    """Nobody runs the job: the deadline is over, or the watcher left, and a drain waits for nothing."""
    await put(world, a_letter(1))
    job = await call(world, "ReplayDeadLetters", selection=OF_ACME)
    request = pb.WatchReplayJobRequest(name=job.name)
    watch = stub(world).WatchReplayJob(request, metadata=READER, timeout=1)
    assert job == await watch.read()
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await watch.read()
    assert grpc.StatusCode.DEADLINE_EXCEEDED == raised.value.code()
    left = stub(world).WatchReplayJob(request, metadata=READER)
    await left.read()
    left.cancel()
    with pytest.raises(asyncio.CancelledError):
        await left.read()
    began = time.monotonic()
    await world.server.stop(20)
    assert time.monotonic() - began < 10


async def test_while_the_store_is_away_it_says_so(mongodb_url: str, database_name: str) -> None:
    """UNAVAILABLE, in place of the store's own words."""
    port = urlsplit(mongodb_url).port
    assert port is not None
    async with Proxy(port) as proxy:
        url = mongodb_url.replace(f":{port}", f":{proxy.port}")
        store_opened = open_store(url, name=database_name, selection_timeout=0.5)
        async with store_opened as store, open_world(store) as world:
            await put(world, a_letter(1))
            await proxy.refuse()
            error = await refused(world, "DryRunDeadLetters")
            assert (grpc.StatusCode.UNAVAILABLE, "temporarily unavailable; try again later") == (
                error.code(),
                error.details(),
            )
