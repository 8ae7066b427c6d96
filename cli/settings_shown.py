"""The settings as operators may see them: nothing of a secret."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from cli.settings import Settings
from gateway.console.settings_page import SettingRow

_HIDDEN = "set, not shown"


def shown_settings(settings: Settings) -> Sequence[SettingRow]:
    """Each setting with its value, in their order."""
    return [
        SettingRow(
            name=f"PORTICO_{name.upper()}",
            value=_shown(name, getattr(settings, name)),
            is_default=name not in settings.model_fields_set,
            description=(field.description or "").replace("`", ""),
        )
        for name, field in type(settings).model_fields.items()
    ]


def _shown(name: str, value: Any) -> str:
    match value:
        case None:
            return "not set"
        case bool():
            return str(value).lower()
        case SecretStr():
            return _place(value.get_secret_value()) if name.endswith("_url") else _HIDDEN
        case str() if "://" in value:
            return _place(value)
        case _:
            return str(value)


def _place(url: str) -> str:
    """Where `url` leads, without who goes there and what he brings."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return _HIDDEN
    hosts = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{hosts}{parts.path}" if parts.scheme and hosts else _HIDDEN
