"""What the payloads of dead letters call customers, and what operators type to find them.

A payload may break its contract, or not even be JSON: what names somebody is taken from wherever it
stands, as well as can be. Each name has one form, whoever wrote it: e-mail addresses as identity keys
have them, numbers (phones, documents) as their digits, all others without regard to case.
"""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

import phonenumbers

from domain.identity import IDENTIFIER_TYPES, normalize_email

DEFAULT_REGION = "BR"
"""The country (ISO 3166-1 alpha-2) of phone numbers written without one."""

MOST_NAMES = 10_000
"""Names of one payload; those beyond find nothing."""

_LONGEST = 500
"""Characters of a name."""
_NAMING = frozenset({"customerid", "customerref", "externalid", "documentnumber", "cpf", "cnpj"})
"""Members, in lower case, whose values name a customer."""
_HOLDING = frozenset(
    {"externalids", "identifier", "document", "contacts", "contact", "emails", "phones", "email", "phone"}
)
"""Members in which all does, besides those that say of what kind it is."""
_KINDS = frozenset({"type", "country", "countrycode", "issuer", "source", "sourcename", "key", "extension"})
_WHOLE = frozenset({"", "customer", "customers"})
"""Where the id of a customer stands: in a record that is his, or in another's `customer`."""

_NUMBER = re.compile(r"\+?[\d\s()./-]+")
_MAILBOX, _HOST = re.compile(r"[\w.+-]{1,64}$"), re.compile(r"@[\w-]{1,63}(?:\.[\w-]{1,63})+")
"""The two sides of an e-mail address; one pattern for both takes minutes on a long text without any."""
_PAIR = re.compile(r'"(\w{1,40})"\s*:\s*"([^"\\]{1,500})"')
_IN_PAIRS = _NAMING | {"email", "phone", "number", "value", "document", "contact"}


def names_in(operation: str, payload: bytes, region: str) -> frozenset[str]:
    """The names of customers in a payload of `operation`, each in its one form and in no order.

    A phone number is named with its country and without; `region` is that of numbers that have none.
    """
    of_customers = operation.endswith(".customers")
    try:
        texts = _texts(json.loads(payload), of_customers=of_customers)
        return frozenset(islice(_forms_of(texts, region), MOST_NAMES))
    except (ValueError, RecursionError):
        texts = _loose_texts(payload.decode("utf-8", "replace"), of_customers=of_customers)
        return frozenset(islice(_forms_of(texts, region), MOST_NAMES))


def name_typed(text: str) -> str:
    """The one form of what an operator typed: a name, or `kind:name` with a kind of identifier."""
    kind, colon, value = text.strip().partition(":")
    return _form(value if colon and value and kind in IDENTIFIER_TYPES else text)


def _texts(root: Any, *, of_customers: bool) -> Iterator[str]:
    """What names customers in a JSON value, as it was written."""
    waiting: list[tuple[Any, str, bool]] = [(root, "", False)]
    while waiting:
        value, member, held = waiting.pop()
        if isinstance(value, list):
            waiting += [(one, member, held) for one in value]
        elif isinstance(value, dict):
            if held and isinstance(value.get("source"), str) and isinstance(value.get("value"), str):
                yield f"{value['source']}:{value['value']}"
            if "id" in value and (member == "customer" or (of_customers and member in _WHOLE)):
                waiting.append((value["id"], "customerid", True))
            waiting += [(one, str(name).lower(), held or _holds(name)) for name, one in value.items()]
        elif _is_name(value) and member not in _KINDS and (held or member in _NAMING):
            yield str(value)


def _holds(member: str) -> bool:
    return member.lower() in _HOLDING


def _is_name(value: Any) -> bool:
    return (isinstance(value, str) and bool(value.strip())) or type(value) is int


def _loose_texts(text: str, *, of_customers: bool) -> Iterator[str]:
    """The same of what is not JSON: e-mail addresses, and texts that look like members' values."""
    for host in _HOST.finditer(text):
        if mailbox := _MAILBOX.search(text[max(0, host.start() - 64) : host.start()]):
            yield mailbox[0] + host[0]
    for found in _PAIR.finditer(text):
        member = found[1].lower()
        if member in _IN_PAIRS or (of_customers and member == "id"):
            yield found[2]


def _forms_of(texts: Iterator[str], region: str) -> Iterator[str]:
    seen: set[str] = set()
    for text in texts:
        for form in _forms(text, region):
            if form and form not in seen:
                seen.add(form)
                yield form


@lru_cache(maxsize=4_096)
def _forms(text: str, region: str) -> tuple[str, ...]:
    """All names that one text is."""
    text = text.strip()[:_LONGEST]
    _, colon, value = text.partition(":")
    forms = [_form(text), *([_form(value)] if colon else [])]
    if _NUMBER.fullmatch(text):
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            return tuple(forms)
        national = phonenumbers.national_significant_number(number)
        forms += [f"{number.country_code}{national}", national]
    return tuple(forms)


def _form(text: str) -> str:
    text = text.strip()[:_LONGEST]
    if _NUMBER.fullmatch(text):
        return re.sub(r"\D", "", text)
    if "@" in text and (address := normalize_email(text)):
        return address
    return text.casefold()
