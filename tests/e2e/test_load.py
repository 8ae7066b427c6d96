"""`portico load`: it finds that all of it arrived, and it would find if not."""

import json
from pathlib import Path

import grpc
import pytest
from typer.testing import CliRunner

from cli.load.book import Accepted, Book
from cli.load.check import Check, Findings
from cli.load.plan import Batch
from cli.load_command import app
from domain.clock import system_clock
from tests.cli.test_commands import run
from tests.support.portico import SECRETS, Client
from tests.support.stacks import Stack
from tests.support.tokens import minted

MIX = ("--mix", "customers=3,leads,orders,reviews,events", "--batch", "1-40", "--faulty", "0.05")


async def loaded(stack: Stack, home: Path, *arguments: str) -> tuple[int | None, str, str]:
    """What `portico load` says, against a stack."""
    target = ("--url", stack.gateway.url, "--grpc", stack.gateway.grpc)
    return await run("load", *target, *arguments, cwd=home, **SECRETS, **stack.beside)


async def test_every_accepted_record_is_found(stack: Stack, tenant: str, tmp_path: Path) -> None:
    """Of all kinds, versions and faults; the ledger holds as many outcomes as there were records."""
    plan = ("--tenant", tenant, "--seed", "7", "--records", "1500", *MIX)
    status, out, err = await loaded(stack, tmp_path, *plan, "--json")

    assert 0 == status, err
    report = json.loads(out)
    ledger = report["ledger"]
    assert ({}, 0, 0, 0) == (
        {name for name in report["requests"] if name != "202"} or {},
        ledger["lost"],
        ledger["unexpected"],
        ledger["duplicated"],
    )
    assert ledger["acknowledged"] >= 1_500
    outcomes = sum(ledger[name] for name in ("stored", "unchanged", "stale", "dead"))
    assert ledger["acknowledged"] == outcomes
    assert ledger["dead"] > 20


async def test_a_rate_is_kept(embedded: Stack, tenant: str, tmp_path: Path) -> None:
    """And the figures are for people."""
    pace = ("--tenant", tenant, "--rate", "100", "--duration", "1", "--batch", "10")
    status, out, err = await loaded(embedded, tmp_path, *pace)

    assert 0 == status, err
    assert "time to 202" in out
    [acknowledged] = [line.split()[1] for line in out.splitlines() if line.startswith("acknowledged")]
    assert 50 <= int(acknowledged) <= 120


async def found(embedded: Stack, tenant: str, run: str, book: Book, begun: int) -> Findings:
    """What the check says of a book."""
    async with grpc.aio.insecure_channel(embedded.gateway.grpc) as channel:
        return await Check(channel, minted(tenant), run, book).run(begun, 0.0, lambda records: None)


async def test_what_is_missing_or_was_never_sent_is_found(
    embedded: Stack, caller: Client, tenant: str
) -> None:
    """A record that a 202 promised and that is not there, one that nobody sent, and a receipt for nothing."""
    begun = system_clock() - 5_000
    wait = {"Prefer": "wait=20"}
    sent = {"id": "run1-4", "source": "campaign", "status": "new"}
    _, answer = await caller.post("/v1/customer/leads:ingest", {"lead": sent}, **wait)
    other = {"id": "run1-0", "source": "elsewhere", "status": "new"}
    await caller.post("/v1/customer/leads:ingest", {"lead": other}, **wait)
    book = Book()
    promised = Batch("leads", (0, 1), (1, 1), b"", "key")
    book.sending(promised)
    book.acknowledge(promised, answer["correlationId"], 0.1, after_failure=False)
    book.accepted.append(Accepted("ing_none", 1, ()))

    findings = await found(embedded, tenant, "run1", book, begun)

    assert not findings.clean
    assert {"ing_none: no outcome of 1 records", "leads 0 is not stored", "leads 1 is not stored"} == {
        one for one in findings.lost if "outcomes of" not in one
    }
    assert {
        "leads run1-0 is not as it was sent",
        "leads 4 is stored in version 1, which was never sent",
    } == set(findings.unexpected)


async def test_a_token_that_nobody_takes_is_said(embedded: Stack, tmp_path: Path) -> None:
    """Not a lost record: nothing was accepted."""
    (tmp_path / "token").write_text("nobody's")
    status, _, err = await loaded(embedded, tmp_path, "--token-file", "token", "--records", "10")
    assert 2 == status
    assert "cannot be read over gRPC" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--mix", "cats=1"), "no cats to load"),
        (("--mix", "leads=many"), "share of leads"),
        (("--batch", "0"), "from 1 to 1000"),
        (("--token-file", "none"), "cannot be read"),
    ],
)
def test_what_cannot_be_is_said_in_words(arguments: tuple[str, ...], words: str) -> None:
    """With the exit status 2, before anything is sent."""
    done = CliRunner().invoke(app, arguments)
    assert 2 == done.exit_code
    assert words in done.output
