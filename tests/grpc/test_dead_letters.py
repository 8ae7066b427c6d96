"""DeadLetters: find, see, edit, change, try and give up, over gRPC and on a real store."""

import json

import grpc
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo

from gateway.grpc.pb.portico.v1 import dead_letters_pb2 as pb
from tests.storage.builders import a_dead_letter
from tests.support.grpc_dead_letters import (
    OF_ACME,
    READER,
    a_customer,
    a_letter,
    audited,
    call,
    details,
    fields,
    put,
    refused,
    streamed,
)
from tests.support.grpc_world import OTHER, TENANT, World


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
