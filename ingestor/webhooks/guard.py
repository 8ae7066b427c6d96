"""Which addresses a webhook may go to: a tenant's URL must not reach what only we can reach (SSRF)."""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult

_LOWEST_OPEN_PORT = 1024
_TLS_PORT = 443
_TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
"""IPv4 addresses behind a translator (RFC 6052, RFC 8215)."""


class ForbiddenTargetError(OSError):
    """A URL or address that no webhook goes to."""


def check_url(url: str, *, allow_private: bool) -> None:
    """Raise ForbiddenTargetError, in words without the URL, where no webhook goes to `url`.

    A name in it is judged when it is resolved (`GuardedResolver`), an address here.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ForbiddenTargetError("it is not a URL") from error
    if parts.scheme not in (("https", "http") if allow_private else ("https",)):
        raise ForbiddenTargetError("it is not an https URL")
    if not parts.hostname or parts.username is not None or parts.password is not None:
        raise ForbiddenTargetError("it needs a host, and has no user or password")
    if any(character.isspace() or not character.isprintable() for character in url):
        raise ForbiddenTargetError("it holds spaces or control characters")
    if allow_private:
        return
    if port is not None and port != _TLS_PORT and port < _LOWEST_OPEN_PORT:
        raise ForbiddenTargetError(f"its port is neither {_TLS_PORT} nor {_LOWEST_OPEN_PORT} or above")
    if _is_address(parts.hostname):
        check_address(parts.hostname)


def check_address(text: str) -> None:
    """Raise ForbiddenTargetError where `text` is not an IP address of the public Internet."""
    try:
        address = ip_address(text)
    except ValueError as error:
        raise ForbiddenTargetError("it is not an IP address") from error
    if not _is_public(address):
        raise ForbiddenTargetError("its address is not one of the public Internet")


class GuardedResolver(AbstractResolver):
    """Resolves names, and refuses those with an address that is not public.

    What it answers is what is connected to: nothing is resolved a second time, so that a name
    cannot mean another address by then.
    """

    def __init__(self, inner: AbstractResolver, *, allow_private: bool) -> None:
        """`inner` looks names up."""
        self._inner = inner
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of `host`. Raises ForbiddenTargetError where any is not public."""
        found = await self._inner.resolve(host, port, family)
        if not self._allow_private:
            for one in found:
                check_address(one["host"])
        return found

    async def close(self) -> None:
        """Close what looks names up."""
        await self._inner.close()


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(address.ipv4_mapped)
        # Addresses that carry another one, which some router may take out of them.
        carries_another = address.sixtofour is not None or address.teredo is not None
        if carries_another or address.is_site_local or any(address in one for one in _TRANSLATED):
            return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    )
