"""Where a Portico elsewhere is, and who asks it."""

from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from cli.counter import Desk
from cli.errors import SettingError
from cli.remote.desk import remote_desk
from cli.remote.link import linked
from cli.settings import Settings

_T = TypeVar("_T")


async def use_remote(url: str, token: str, use: Callable[[Desk], Awaitable[_T]]) -> _T:
    """What `use` makes of the desk at the admin port at `url`, of the operator of `token`.

    Raises SettingError for a URL that a token must not be sent to, RemoteError, and as the use cases.
    """
    async with linked(_sound(url), token) as link:
        return await use(remote_desk(link))


def operator_token(settings: Settings, file: Path | None) -> str:
    """The token in `file`, else that of the settings. Raises SettingError."""
    if file is not None:
        try:
            text = file.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingError(f"{file} is no readable file of a token") from error
    elif settings.operator_token is not None:
        text = settings.operator_token.get_secret_value()
    else:
        raise SettingError("--url needs an operator's token: give --token-file, or PORTICO_OPERATOR_TOKEN")
    token = text.strip()
    if not token.isascii() or not token.isprintable() or " " in token or not token:
        raise SettingError("the operator's token is none")
    return token


def _sound(url: str) -> str:
    """`url` without a slash at its end, where nobody between can read the token."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise SettingError("--url is no URL") from error
    if (
        parts.scheme not in ("http", "https")
        or not host
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
    ):
        raise SettingError("--url is that of an admin port, such as https://portico.example.com:8081")
    if parts.scheme == "http" and not _is_loopback(host):
        raise SettingError("--url must begin with https: only on this machine itself is http safe")
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
