"""The `portico` command, as somebody types it."""

import asyncio
import os
import socket
from pathlib import Path

import jwt
import pytest
from typer.testing import CliRunner

from cli.commands import app
from tests.support.portico import COMMAND, SECRETS, PorticoProcess
from tests.support.ports import free_ports
from tests.support.stacks import embedded_stack

KEY = SECRETS["PORTICO_JWT_KEY"]


async def run(*arguments: str, cwd: Path, **environment: str) -> tuple[int | None, str, str]:
    """Exit status, standard output and standard error of `portico` with `arguments`."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PORTICO_")}
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        *arguments,
        cwd=cwd,
        env={**plain, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_token_prints_the_token_alone(tmp_path: Path) -> None:
    """Good for the settings' key, issuer and audience, for as long as asked."""
    status, out, err = await run(
        *("token", "--tenant", "acme", "--scope", "customer.read lead.write", "--ttl", "60"),
        cwd=tmp_path,
        PORTICO_JWT_KEY=KEY,
    )
    assert (0, "") == (status, err)
    assert 1 == len(out.splitlines())
    claims = jwt.decode(out.strip(), KEY, algorithms=["HS256"], issuer="portico", audience="portico")
    assert ("acme", "customer.read lead.write", 60) == (
        claims["org"],
        claims["scope"],
        claims["exp"] - claims["iat"],
    )


async def test_token_makes_the_embedded_key_for_its_owner_alone(tmp_path: Path) -> None:
    """The first token makes the key in the data directory, the next one uses it."""
    arguments = ("token", "--tenant", "acme", "--scope", "od.crm", "--data-dir", str(tmp_path / "data"))
    tokens = [(await run(*arguments, cwd=tmp_path))[1].strip() for _ in range(2)]
    [key] = tmp_path.rglob("jwt.key")
    assert 0o600 == key.stat().st_mode & 0o777
    for token in tokens:
        claims = jwt.decode(
            token, key.read_bytes(), algorithms=["HS256"], issuer="portico", audience="portico"
        )
        assert "acme" == claims["org"]


@pytest.mark.parametrize("tenant", ["", "a b", "../x", "x" * 65])
def test_token_refuses_a_tenant_that_nobody_would_accept(tenant: str) -> None:
    """Exit status 2, in words."""
    result = CliRunner().invoke(
        app, ["token", "--tenant", tenant, "--scope", "x"], env={"PORTICO_JWT_KEY": KEY}
    )
    assert (2, "") == (result.exit_code, result.stdout)
    assert "tenant" in result.stderr


def test_a_token_for_all_tenants_is_an_operators_alone() -> None:
    """Without --tenant it has no `org`, and names whom --subject says; with any other scope it is refused."""
    environment = {"PORTICO_JWT_KEY": KEY}
    good = ["token", "--scope", "operator.read operator.repair", "--subject", "ana"]
    made = CliRunner().invoke(app, good, env=environment)
    claims = jwt.decode(made.stdout.strip(), KEY, algorithms=["HS256"], audience="portico")
    assert ("ana", False) == (claims["sub"], "org" in claims)
    for scope in ("od.crm", "operator.read od.crm", "", "operator.everything"):
        refused = CliRunner().invoke(app, ["token", "--scope", scope], env=environment)
        assert (2, "") == (refused.exit_code, refused.stdout)
        assert "give --tenant" in refused.stderr


WRONG = {
    "host": ({"PORTICO_HOST": "0.0.0.0"}, "PORTICO_HOST is not a loopback address"),  # noqa: S104
    "grpc host": ({"PORTICO_GRPC_HOST": "::"}, "PORTICO_GRPC_HOST is not a loopback address"),
    "host name": ({"PORTICO_HOST": "gateway.example"}, "PORTICO_BEHIND_TLS_PROXY"),
    "port": ({"PORTICO_PORT": "hunter2"}, "PORTICO_PORT"),
    "port beyond": ({"PORTICO_PORT": "70000"}, "PORTICO_PORT"),
    "half a certificate": ({"PORTICO_TLS_CERT_FILE": "x"}, "PORTICO_TLS_KEY_FILE belong together"),
    "short key": ({"PORTICO_JWT_KEY": "hunter2"}, "PORTICO_JWT_KEY needs at least 32 bytes"),
    "short secret": ({"PORTICO_INGESTION_SECRET": "hunter2"}, "PORTICO_INGESTION_SECRET needs at least 16"),
    "broker URL": ({"PORTICO_AMQP_URL": "http://u:hunter2@x"}, "PORTICO_AMQP_URL is not a URL"),
    "broken URL": ({"PORTICO_AMQP_URL": "amqp://[hunter2"}, "PORTICO_AMQP_URL is not a URL"),
    "algorithm": ({"PORTICO_JWT_ALGORITHM": "none"}, "PORTICO_JWT_ALGORITHM"),
    "no public key": ({"PORTICO_JWT_ALGORITHM": "RS256"}, "PORTICO_JWT_PUBLIC_KEY_FILE"),
    "published secret": ({"PORTICO_JWT_JWKS_URL": "https://x/jwks"}, "PORTICO_JWT_JWKS_URL"),
    "no JWKS URL": (
        {"PORTICO_JWT_ALGORITHM": "ES256", "PORTICO_JWT_JWKS_URL": "file:///hunter2"},
        "PORTICO_JWT_JWKS_URL is not a URL",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_setting_that_is_wrong_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    """Exit status 2 and words, before anything is started; values, which may be secrets, stay out."""
    environment, said = WRONG[case]
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["up"], env=environment)
    assert (2, "") == (result.exit_code, result.stdout)
    assert said in result.stderr
    assert "hunter2" not in result.stderr
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["gateway", "ingestor"])
async def test_what_production_needs_is_named(tmp_path: Path, command: str) -> None:
    """Each missing setting in turn, until there are all."""
    given: dict[str, str] = {"PORTICO_ADMIN_PORT": str(free_ports(1)[0])}
    for name, value in (
        ("PORTICO_MONGODB_URL", "mongodb://127.0.0.1:1"),
        ("PORTICO_AMQP_URL", "amqp://127.0.0.1:1"),
        ("PORTICO_INGESTION_SECRET", SECRETS["PORTICO_INGESTION_SECRET"]),
        ("PORTICO_JWT_KEY", KEY),
    ):
        if command == "ingestor" and name != "PORTICO_MONGODB_URL":
            break  # without a MongoDB the ingestor waits for one
        status, _, err = await run(command, cwd=tmp_path, **given)
        assert 2 == status
        assert name in err
        assert "Traceback" not in err
        given[name] = value


@pytest.mark.parametrize("place", ["rest", "grpc", "admin"])
async def test_a_port_that_is_taken_is_said(tmp_path: Path, place: str) -> None:
    """Exit status 2 and words, and nothing is left running."""
    rest, grpc, admin = free_ports(3)
    ports = {"rest": rest, "grpc": grpc, "admin": admin}
    with socket.create_server(("127.0.0.1", ports[place])):
        status, _, err = await run(
            *("up", "--port", str(rest), "--grpc-port", str(grpc), "--admin-port", str(admin)),
            cwd=tmp_path,
        )
    option = "" if place == "rest" else f"{place}-"
    assert 2 == status
    assert f" cannot listen on port {ports[place]}" in err
    assert f"PORTICO_{option.replace('-', '_').upper()}PORT" in err
    assert f"--{option}port " in err
    assert "Traceback" not in err


async def test_a_certificate_that_is_none_is_said(tmp_path: Path) -> None:
    """As is a public key that is none."""
    file = tmp_path / "file.pem"
    file.write_text("hunter2")
    ports = ("--port", "0", "--grpc-port", "0", "--admin-port", "0")
    for environment, named in (
        ({"PORTICO_TLS_CERT_FILE": str(file), "PORTICO_TLS_KEY_FILE": str(file)}, "PORTICO_TLS_CERT_FILE"),
        (
            {"PORTICO_JWT_ALGORITHM": "RS256", "PORTICO_JWT_PUBLIC_KEY_FILE": str(file)},
            "PORTICO_JWT_PUBLIC_KEY_FILE",
        ),
    ):
        status, _, err = await run("up", *ports, cwd=tmp_path, **environment)
        assert 2 == status
        assert named in err
        assert "hunter2" not in err
        assert "Traceback" not in err


async def test_status_tells_ready_from_not_ready_from_nobody(tmp_path: Path) -> None:
    """Exit status 0, 1 and 2; what was accepted and became of it stands in the answer."""
    async with embedded_stack(tmp_path) as stack:
        status, out, _ = await run("status", "--admin-url", stack.gateway.admin, cwd=tmp_path)
        assert (0, "ready") == (status, out.splitlines()[0])
        assert {"  queue: ready", "  consumer: ready", "  serving: ready", "  created: 0"} <= set(
            out.splitlines()
        )
    status, out, err = await run("status", "--admin-url", stack.gateway.admin, cwd=tmp_path)
    assert (2, "") == (status, out)
    assert "no Portico answers" in err

    nowhere = free_ports(1)[0]
    gateway = PorticoProcess(
        "gateway",
        tmp_path,
        {
            "PORTICO_AMQP_URL": f"amqp://127.0.0.1:{nowhere}",
            "PORTICO_MONGODB_URL": f"mongodb://127.0.0.1:{nowhere}",
        },
    )
    try:
        await gateway.start(ready=False)
        async with asyncio.timeout(30):
            seen = await run("status", "--admin-url", gateway.admin, cwd=tmp_path)
            while seen[0] == 2:
                seen = await run("status", "--admin-url", gateway.admin, cwd=tmp_path)
    finally:
        await gateway.close()
    assert (1, "not ready") == (seen[0], seen[1].splitlines()[0])


async def test_up_prints_a_curl_that_works_when_pasted(tmp_path: Path) -> None:
    """In a shell, as it stands: 202, and the customer is created."""
    rest, grpc, admin = free_ports(3)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PORTICO_")}
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        *("up", "--port", str(rest), "--grpc-port", str(grpc), "--admin-port", str(admin)),
        *("--data-dir", str(tmp_path / "a place")),
        cwd=tmp_path,
        env=plain,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            printed = (await process.stdout.readuntil(b"}}'\n")).decode()
        where, example = printed.split("Try it:\n")
        for said in (f"http://127.0.0.1:{rest}", f"127.0.0.1:{grpc}", f"http://127.0.0.1:{admin}"):
            assert said in where
        shell = await asyncio.create_subprocess_exec(
            *("bash", "-euc", example),
            cwd=tmp_path,
            env=plain,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await shell.communicate()
        assert b"202 Accepted" in out, err
        assert b'"created":1' in out
    finally:
        process.terminate()
        assert 0 == await process.wait()
