"""Payloads on the console, and what it answers while something behind it is away."""

import json
import time
from typing import NoReturn

import aiohttp
import pytest
from aiohttp import web

from domain.dead_letters.desk import Desk, OpenDesk
from domain.errors import StoreUnavailableError
from gateway.console.letters import LetterPages
from gateway.console.payloads import difference, editable, lines_of
from gateway.console.surface import Console
from gateway.errors import KeysUnavailableError
from gateway.operators import READ, Operator, SignIn
from gateway.rest.body import BodyBudget
from gateway.rest.server import serve

_BODY = b'{"id":"c-1","name":"Maria","contacts":{"email":"m@example.com"},"tags":["a",1,true,null]}'


@pytest.mark.parametrize(
    ("pointer", "marked"),
    [
        ("/customers/3/name", ['  "name": "***",']),
        ("/customers/3/contacts/email", ['    "email": "***"']),
        ("/customers/3/contacts", ['  "contacts": {', '    "email": "***"', "  },"]),
        ("/customers/3/contacts/phone", ['  "contacts": {', "  },"]),
        ("/customers/3/tags/1", ['    "***",']),
        ("/customers/3/missing", ["{", "}"]),
        ("/customers/3", ["{", "}"]),
        ("", []),
    ],
)
def test_the_place_of_the_fault_is_marked(pointer: str, marked: list[str]) -> None:
    """The end of a pointer into the whole body is about the record; what is missing marks what lacks it."""
    lines = lines_of(_BODY, pointer, reveal=False)

    assert marked == [line.text for line in lines if line.kind == "fault"]


def test_only_what_says_nothing_of_a_person_is_shown() -> None:
    """Names of members, truth values and null; of what is no JSON its length."""
    shown = "\n".join(line.text for line in lines_of(_BODY, "", reveal=False))
    assert not any(one in shown for one in ("c-1", "Maria", "example", '"a"'))
    assert "true" in shown
    assert "7 bytes that are not JSON" == lines_of(b"<maria>", "/x", reveal=False)[0].text
    assert "<maria>" == lines_of(b"<maria>", "/x", reveal=True)[0].text


def test_an_edit_is_shown_line_by_line() -> None:
    """What was taken away and what was put there; masked, a change of a text alone shows nothing."""
    after = _BODY.replace(b'"Maria"', b'"Mary"')

    changes = difference(_BODY, after, reveal=True)

    kinds = [(line.kind, line.text) for line in changes if line.kind]
    assert [("removed", '-  "name": "Maria",'), ("added", '+  "name": "Mary",')] == kinds
    assert [] == difference(_BODY, after, reveal=False)


@pytest.mark.parametrize("body", [b'{"a": 1.10}', b'{"a": 1, "a": 2}', b'{"a": 1e400}', b"{", b"\xff"])
def test_what_indenting_would_change_is_edited_as_it_is(body: bytes) -> None:
    """Digits, keys that come twice, and what is no JSON."""
    assert body.decode("utf-8", "replace") == editable(body)


def test_other_payloads_are_indented_to_be_edited() -> None:
    """One member on each line."""
    assert '{\n  "a": [\n    "é"\n  ]\n}' == editable('{"a":["é"]}'.encode())


def test_gaps_between_changes_are_marked() -> None:
    """Three lines stand around each change, as far as there are any."""
    before = {f"m{n}": n for n in range(30)}
    after = before | {"m1": None, "m20": None}

    lines = difference(json.dumps(before).encode(), json.dumps(after).encode(), reveal=True)

    shown = [line.text.strip(" ,") for line in lines]
    assert ["{", '"m0": 0', '-  "m1": 1', '+  "m1": null', '"m2": 2'] == shown[:5]
    assert ["\u22ef", '"m17": 17'] == shown[7:9]
    assert '"m23": 23' == shown[-1]


@pytest.mark.parametrize("reveal", [False, True])
def test_large_payloads_are_laid_out_in_time(reveal: bool) -> None:
    """However much of one was changed: what would take long to compare is said to, the rest is cut."""
    one, other = ({"id": 1, "name": "x", "tags": [1, 2]}, {"tags": [1, 2], "name": "x", "id": 1})
    before, after = (json.dumps([record] * 5_000).encode() for record in (one, other))

    begun = time.process_time()
    assert ["note"] == [line.kind for line in difference(before, after, reveal=reveal)]
    lines = lines_of(before, "/customers/7/name", reveal=reveal)
    assert ("note", 4_001) == (lines[-1].kind, len(lines))
    assert time.process_time() - begun < 10


async def _in(token: str) -> Operator:
    return Operator("ana", None, frozenset({READ}))


async def _keyless(token: str) -> NoReturn:
    raise KeysUnavailableError("no key yet")


def _storeless(actor: str, tenant: str | None = None) -> Desk:
    raise StoreUnavailableError("away")


def _broken(actor: str, tenant: str | None = None) -> Desk:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("sign_in", "open_desk", "status", "words"),
    [
        (_in, _storeless, 503, "The store is away"),
        (_keyless, _storeless, 503, "A part that this needs is away"),
        (_in, _broken, 500, "Something went wrong here; the log has it as err_"),
    ],
)
async def test_what_is_away_or_broken_is_said_by_a_page(
    sign_in: SignIn, open_desk: OpenDesk, status: int, words: str
) -> None:
    """With the time to come again where that may help, and nothing of what went wrong inside."""
    console = Console(sign_in, open_desk, BodyBudget(1_000_000), [LetterPages()])
    app = web.Application()
    app.router.add_routes(console.routes())
    async with (
        serve(app, "127.0.0.1", 0) as address,
        aiohttp.ClientSession() as session,
        session.get(f"{address.url}/console/letters") as response,
    ):
        text = await response.text()

    assert status == response.status
    assert words in text.replace("&#39;", "'")
    assert (status == 503) == ("Retry-After" in response.headers)
