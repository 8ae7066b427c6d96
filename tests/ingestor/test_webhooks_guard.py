import socket
from dataclasses import replace

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from domain.deliveries import Delivery
from domain.endpoints import Endpoint
from ingestor.webhooks.guard import ForbiddenTargetError, check_address, check_url
from ingestor.webhooks.send import Sender
from tests.support.webhooks import receiving

ENDPOINT = Endpoint("an-id", "acme", "https://hooks.example/in", "a-secret", (), "store-1", 0)
DELIVERY = Delivery("d", "an-id", "acme", "fct_1", "a.fact", "lane", "0", 0, 0, b'{"id": "fct_1"}')


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",  # noqa: S104 - nothing binds it
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001:0:1::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "not an address",
    ],
)
def test_addresses_that_only_we_can_reach_are_refused(address: str) -> None:
    """However they are written, and whatever carries them."""
    with pytest.raises(ForbiddenTargetError):
        check_address(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_are_not_refused(address: str) -> None:
    """They are what webhooks are for."""
    check_address(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/in",
        "ftp://hooks.example/in",
        "file:///etc/passwd",
        "//hooks.example/in",
        "hooks.example",
        "",
        "https://",
        "https://user@hooks.example/in",
        "https://user:password@hooks.example/in",
        "https://hooks.example:22/in",
        "https://hooks.example:80/in",
        "https://hooks.example:99999/in",
        "https://[::1]/in",
        "https://[hooks/in",
        "https://127.0.0.1/in",
        "https://hooks.example/in out",
        "https://hooks.example/in\r\nX-Header: 1",
    ],
)
def test_urls_that_no_webhook_goes_to(url: str) -> None:
    """The refusal does not repeat the URL, which may hold a secret."""
    with pytest.raises(ForbiddenTargetError) as caught:
        check_url(url, allow_private=False)

    assert not url or url not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "allow_private"),
    [
        ("https://hooks.example/in?key=1", False),
        ("https://hooks.example:443/", False),
        ("https://hooks.example:8443/", False),
        ("https://8.8.8.8/", False),
        ("http://127.0.0.1:80/", True),
        ("http://localhost:8080/", True),
    ],
)
def test_urls_that_webhooks_go_to(url: str, allow_private: bool) -> None:
    """Public ones, and any where that is configured."""
    check_url(url, allow_private=allow_private)


class Names(AbstractResolver):
    """Names with the addresses that they are given, one set after the other."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        return [
            ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)
            for address in self.answers.pop(0)
        ]

    async def close(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"]])
async def test_a_name_of_a_private_address_is_refused(addresses: list[str]) -> None:
    """Also where only one of its addresses is; nothing is connected to."""
    names = Names(addresses)
    async with Sender(allow_private=False, timeout=5, resolver=names) as sender:
        attempt = await sender.send(ENDPOINT, DELIVERY)

    assert not attempt.delivered
    assert "its address is not one of the public Internet" == attempt.reason
    assert ["hooks.example"] == names.asked


async def test_the_address_that_was_judged_is_the_one_connected_to() -> None:
    """A name is resolved once an attempt, so that it cannot mean something else by then."""
    async with receiving() as receiver:
        port = receiver.url.rpartition(":")[2]
        names = Names(["127.0.0.1"])
        endpoint = replace(ENDPOINT, url=f"http://hooks.example:{port}/ok")
        async with Sender(allow_private=True, timeout=5, resolver=names) as sender:
            attempt = await sender.send(endpoint, DELIVERY)

    assert attempt.delivered
    assert ["hooks.example"] == names.asked
    assert f"hooks.example:{port}" == receiver.received[0].headers["Host"]
