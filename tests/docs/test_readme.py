"""The README's quick start, run for real: its own commands, in its own order."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, blocks, chapter
from tests.support.ports import free_ports

_DEFAULT_PORTS = ("8080", "9090", "8081")
_PATIENCE = 60.0
_BETWEEN = "-- next block --"


@pytest.fixture(scope="module")
def ports() -> list[str]:
    """What stands for the default ports."""
    return [str(port) for port in free_ports(len(_DEFAULT_PORTS))]


@pytest.fixture
def console(ports: list[str]) -> str:
    """Where the console is."""
    return f"http://127.0.0.1:{ports[2]}/console"


@pytest.fixture(scope="module")
def outputs(ports: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """What each block of the quick start printed, after `make run`."""
    home = tmp_path_factory.mktemp("readme")
    start, *commands = blocks(chapter((ROOT / "README.md").read_text(), "Quick start"), "bash")
    assert start.strip() == "make run"
    with (home / "portico.log").open("wb") as log:
        options = ("--port", ports[0], "--grpc-port", ports[1], "--admin-port", ports[2])
        portico = subprocess.Popen(
            [_command("portico"), "up", *options], cwd=home, env=_environment(), stdout=log, stderr=log
        )
    try:
        _wait_until_ready(portico, f"http://127.0.0.1:{ports[2]}/readyz", home / "portico.log")
        yield _run(commands, home, dict(zip(_DEFAULT_PORTS, ports, strict=True)))
    finally:
        portico.send_signal(signal.SIGTERM)
        try:
            portico.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            portico.kill()
            portico.wait()


def test_the_token_is_exported_in_silence(outputs: list[str]) -> None:
    """`portico token` prints the token alone, and the shell keeps it."""
    assert outputs[0] == ""


def test_a_customer_is_accepted(outputs: list[str]) -> None:
    """The first post is answered with the ingestion id."""
    answer = json.loads(outputs[1])

    assert answer["status"] == "ACCEPTED"
    assert re.fullmatch(r"ing_[0-9A-Z]{34}", answer["correlationId"])


def test_the_customer_is_read_back_as_it_was_sent(outputs: list[str]) -> None:
    """A read after the ingestion finds the customer."""
    [customer] = json.loads(outputs[2])["customers"]

    assert ("customer-123", "Maria Souza") == (customer["id"], customer["name"])
    assert customer["contacts"] == {"email": "maria@example.com", "phone": "+55-11-99999-0000"}


def test_the_receipt_says_what_became_of_it(outputs: list[str]) -> None:
    """One record, created."""
    assert {"created": 1} == _counts(outputs[3])


def test_the_customer_is_found_over_grpc(outputs: list[str]) -> None:
    """The lookup by e-mail address finds the same customer."""
    assert 'display_name: "Maria Souza"' in outputs[4]


def test_the_broken_record_is_a_dead_letter(outputs: list[str]) -> None:
    """Of the lenient batch the good record is stored, the other is dead, with its reason."""
    assert {"created": 1, "dead": 1} == _counts(outputs[5])
    [result] = json.loads(outputs[5])["results"]
    assert (1, "REQUIRED", "/customers/1/name") == (result["index"], result["code"], result["pointer"])


def test_an_operator_signs_in_at_the_console(outputs: list[str], console: str) -> None:
    """With the token as it was printed: the console's groups follow."""
    form = urllib.parse.urlencode({"token": outputs[6], "next": "/console/groups"}).encode()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with browser.open(f"{console}/login", form, timeout=_PATIENCE) as page:
        assert f"{console}/groups" == page.url


def test_the_dead_letter_is_found_by_its_cause(outputs: list[str]) -> None:
    """A table with the one group there is."""
    [line] = [line for line in outputs[7].splitlines() if "odp.v1.customers" in line]
    assert ["1", "acme", "odp.v1.customers", "decode", "REQUIRED", "/customers/*/name"] == line.split()[:6]


def test_the_broken_record_is_mended_and_replayed(outputs: list[str]) -> None:
    """The dry run says what the replay then does."""
    edited, tried, replayed = outputs[7].splitlines()[-3:]
    assert edited.endswith("has revision 2 now")
    assert (tried.split("\t")[1], replayed.split("\t")[1]) == ("would create 1", "created 1")


def test_the_mended_customer_is_read_like_any_other(outputs: list[str]) -> None:
    """Over gRPC by her e-mail address, over REST among the others."""
    found, _, customers = outputs[8].rpartition("\n")

    assert 'display_name: "Ana Reis"' in found
    assert "Ana Reis" in [one["name"] for one in json.loads(customers)["customers"]]


def test_customers_of_open_delivery_are_accepted_without_a_body(outputs: list[str]) -> None:
    """The status is all there is."""
    assert "200" == outputs[9]


def test_a_customer_of_open_delivery_is_found_by_name(outputs: list[str]) -> None:
    """An external id is one of the names of a customer."""
    customer = json.loads(outputs[10])

    assert ("Maria Silva", "crm:customer:93821") == (customer["name"], customer["identifier"]["value"])
    assert {"customTags": ["vip"]} == customer["metadata"]


def _counts(receipt: str) -> dict[str, int]:
    return {outcome: count for outcome, count in json.loads(receipt)["counts"].items() if count}


def _run(commands: list[str], home: Path, ports: dict[str, str]) -> list[str]:
    script = f"\necho '{_BETWEEN}'\n".join(commands)
    for default, port in ports.items():
        script = script.replace(f"127.0.0.1:{default}", f"127.0.0.1:{port}")
    script = script.replace(".venv/bin/portico", _command("portico")).replace(
        ".venv/bin/python", sys.executable
    )
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=home,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return [output.strip() for output in done.stdout.split(_BETWEEN)]


def _command(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def _environment() -> dict[str, str]:
    """The embedded default, whatever this machine's own settings are."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PORTICO_")}
    return {**plain, "PYTHONPATH": str(ROOT)}


def _wait_until_ready(portico: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and portico.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    pytest.fail(f"portico up is not ready:\n{log.read_text()}")
