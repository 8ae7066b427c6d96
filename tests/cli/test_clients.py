"""`portico clients`, as an operator types it, beside a running Portico and without one."""

import os
from collections.abc import Mapping
from pathlib import Path

import aiohttp

from cli.embedded_url import announced, find_url
from tests.cli.test_commands import run
from tests.support.portico import PorticoProcess


async def clients(*arguments: str, home: Path, **environment: str) -> str:
    """What `portico clients` prints."""
    status, out, err = await run("clients", *arguments, cwd=home, **environment)
    assert 0 == status, err
    return out


def credentials(printed: str) -> dict[str, str]:
    """The client id and secret that were printed."""
    return dict(line.split(": ") for line in printed.splitlines())


async def token(portico: PorticoProcess, given: Mapping[str, str]) -> tuple[int, str]:
    """The status of the token endpoint, and the token."""
    form = {"grant_type": "client_credentials", **given}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{portico.url}/oauth/token", data=form) as response,
    ):
        return response.status, (await response.json()).get("access_token", "")


async def test_a_client_lives_its_life_beside_a_running_portico(tmp_path: Path) -> None:
    """Added, rotated, listed and revoked; its tokens open what their scopes say."""
    portico = PorticoProcess("up", tmp_path, {})
    where = ("--data-dir", str(tmp_path / "data"))
    try:
        await portico.start()
        printed = await clients("add", "--tenant", "acme", "--scope", "customer.read", *where, home=tmp_path)
        first = credentials(printed)
        status, bearer = await token(portico, first)
        assert 200 == status
        headers = {"Authorization": f"Bearer {bearer}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            async with session.get(f"{portico.url}/v1/customer/customers") as response:
                assert 200 == response.status
            async with session.get(f"{portico.url}/v1/customer/orders") as response:
                assert 403 == response.status
            async with session.get(f"{portico.url}/.well-known/opendelivery") as response:
                block = (await response.json())["authentication"]
                assert ["client_credentials_application"] == block["supportedModels"]

        second = credentials(await clients("rotate", first["client_id"], *where, home=tmp_path))
        assert [200, 200] == [(await token(portico, one))[0] for one in (first, second)]
        await clients("revoke", first["client_id"], *where, home=tmp_path)
        assert 401 == (await token(portico, second))[0]
        listed = await clients("list", "--tenant", "acme", *where, home=tmp_path)
        assert f"{first['client_id']}\tacme\t\tcustomer.read\trevoked " in listed
        assert 0 == await portico.terminate()
    finally:
        await portico.close()
    assert not (tmp_path / "data" / "mongodb" / "url").exists()


async def test_a_client_is_added_before_portico_ever_ran(tmp_path: Path) -> None:
    """The embedded MongoDB runs for the command; what an operator gets wrong is said in words."""
    where = ("--data-dir", "data")
    added = credentials(
        await clients("add", "--tenant", "acme", "--scope", "a b", "--name", "n", *where, home=tmp_path)
    )

    assert f"{added['client_id']}\tacme\tn\ta b\tactive\n" == await clients("list", *where, home=tmp_path)
    status, out, err = await run("clients", "revoke", "cli_nobody", *where, cwd=tmp_path)
    assert (2, "", "there is no client cli_nobody\n") == (status, out, err)


async def test_what_cannot_be_a_client_is_refused(tmp_path: Path) -> None:
    """Before anything is opened."""
    for tenant, scope, word in (
        ("two words", "a", "tenant"),
        ("acme", "", "scopes"),
        ("acme", 'a"b', "scopes"),
    ):
        status, out, err = await run("clients", "add", "--tenant", tenant, "--scope", scope, cwd=tmp_path)
        assert (2, "") == (status, out)
        assert word in err
    assert [] == list(tmp_path.iterdir())


async def test_a_store_that_is_away_is_said_in_words(tmp_path: Path) -> None:
    """Without the URL, which may hold a password."""
    url = "mongodb://user:s3cret@127.0.0.1:1/?directConnection=true"
    status, out, err = await run("clients", "list", cwd=tmp_path, PORTICO_MONGODB_URL=url)

    assert (2, "") == (status, out)
    assert "cannot be reached" in err
    assert "s3cret" not in err


def test_a_url_is_found_while_its_process_lives(tmp_path: Path) -> None:
    """Nobody finds one that was left behind by a process that was killed."""
    assert None is find_url(tmp_path)
    with announced(tmp_path, "mongodb://here"):
        assert "mongodb://here" == find_url(tmp_path)
        assert 0o600 == os.stat(tmp_path / "url").st_mode & 0o777
    assert None is find_url(tmp_path)

    (tmp_path / "url").write_text("mongodb://a-server-that-is-gone-and-had-a-longer-name")
    assert None is find_url(tmp_path)
    with announced(tmp_path, "mongodb://here"):
        assert "mongodb://here" == find_url(tmp_path)
