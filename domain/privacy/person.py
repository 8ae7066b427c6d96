"""A person, as far as he is to be recognized in whatever is kept, well-formed or not. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from domain.identity import (
    IDENTIFIER_TYPES,
    IdentityKey,
    KeyKind,
    identifier_keys,
    normalize_document,
    normalize_email,
    normalize_phone,
    split_external_id,
)
from domain.records import Entity

# Bounded, as whoever sends a payload chooses what is searched.
_EMAIL = re.compile(r"[^\s<>()\"',;:@]{1,64}@[^\s<>()\"',;:@]{1,255}")
_NUMBER = re.compile(r"\+?\(?\d[\d ().\-/]{4,40}\d")
_SURE_DIGITS = 9
"""A document number as long as this is one wherever it stands."""
_TAIL = 8
"""Last digits of a phone number that are compared before it is read as one."""
_NAMES_IN_TEXT = r'"(?:id|customerId|customerRef|externalIds|value)"\s*:\s*\[?\s*"{}"'
_Path = tuple[str, ...]


@dataclass(frozen=True)
class Person:
    """Whom it is about."""

    tenant: str
    customer_id: str
    """Empty where no customer is stored."""
    keys: frozenset[str]
    """Encoded identity keys that are his alone."""
    references: frozenset[str]
    """How stored records name him, and nobody else."""
    region: str
    """Country (ISO 3166-1 alpha-2) of phone numbers that are written without one."""

    def values(self, kind: KeyKind) -> frozenset[str]:
        """The values of his keys of one kind."""
        pairs = (key.partition(":") for key in self.keys)
        return frozenset(value for found, _, value in pairs if found == kind)

    @cached_property
    def names(self) -> frozenset[str]:
        """What a record may call its customer and mean him."""
        of_references = {one.removeprefix("id:") for one in self.references if one.startswith("id:")}
        external = self.values(KeyKind.EXTERNAL)
        own = self.values(KeyKind.LOGICAL) | external | {self.customer_id}
        return frozenset(of_references | own) - {""}


def person_called(tenant: str, name: str, region: str) -> Person:
    """Somebody of whom no customer is stored, and who is called `name`, or `type:value`."""
    source, value = split_external_id(name)
    keys = {IdentityKey(KeyKind.LOGICAL, name), IdentityKey(KeyKind.EXTERNAL, f"{source}:{value}")}
    kind, colon, rest = name.partition(":")
    if colon and rest and kind in IDENTIFIER_TYPES:
        keys |= set(identifier_keys(kind, rest, region))
    elif normalize_email(name):
        keys |= set(identifier_keys("email", name, region))
    encoded = frozenset(key.encode() for key in keys)
    return Person(tenant, "", encoded, frozenset([f"id:{name}", *encoded]), region)


class Hit(NamedTuple):
    """What some content says of a person."""

    named: bool = False
    """It names him."""
    contact: bool = False
    """It holds a way to reach him, or his document."""
    others: frozenset[str] = frozenset()
    """Names that it has for its customer, and that are not his."""


class Likeness:
    """Looks for one person in content."""

    def __init__(self, person: Person) -> None:
        """Knows no records of his yet."""
        self._person = person
        self._emails = person.values(KeyKind.EMAIL)
        self._phones = person.values(KeyKind.PHONE)
        self._tails = frozenset(phone[-_TAIL:] for phone in self._phones)
        self._documents = person.values(KeyKind.DOCUMENT)
        self.record_ids: set[str] = {person.customer_id} - {""}
        """Ids of his records."""
        self.order_ids: set[str] = set()
        """What senders call his orders."""

    def in_json(self, entity: Entity | None, value: Any) -> Hit:
        """What one record, or whatever was to be one, says of him."""
        named = contact = False
        others: set[str] = set()
        for path, found in _everything(value):
            if isinstance(found, dict):
                named = named or self._is_his_identifier(path, found) or self._is_of_his_order(found)
                continue
            text = str(found)
            if self._is_name(entity, path):
                named = named or text in self._person.names
                others |= {text} - self._person.names
            named = named or text in self.record_ids or self._is_his_external_id(path, text)
            contact = contact or self._is_contact(path, text)
        return Hit(named, contact, frozenset(others))

    def in_text(self, text: str) -> Hit:
        """What a text that nobody can parse says of him."""
        named = any(re.search(_NAMES_IN_TEXT.format(re.escape(name)), text) for name in self._person.names)
        return Hit(named or any(id in text for id in self.record_ids), self._is_contact((), text))

    def _is_name(self, entity: Entity | None, path: _Path) -> bool:
        """Whether what stands there names the customer of the record."""
        member, parent = path[-1:], path[-2:-1]
        if member in (("customerId",), ("customerRef",), ("logicalIds",)):
            return True
        return member == ("id",) and (parent == ("customer",) or (entity is Entity.CUSTOMER and not parent))

    def _is_his_identifier(self, path: _Path, value: dict[str, Any]) -> bool:
        if path[-1:] == ("externalIds",):
            key = IdentityKey(KeyKind.EXTERNAL, f"{value.get('source')}:{value.get('value')}")
            return key.encode() in self._person.keys
        kind, text = value.get("type"), value.get("value")
        if path[-1:] not in (("identifier",), ("customerIdentifier",)) or not isinstance(text, str):
            return False
        keys = identifier_keys(str(kind), text, self._person.region)
        return keys[0].encode() in self._person.keys

    def _is_his_external_id(self, path: _Path, text: str) -> bool:
        if path[-1:] != ("externalIds",):
            return False
        key = IdentityKey(KeyKind.EXTERNAL, ":".join(split_external_id(text)))
        return key.encode() in self._person.keys

    def _is_of_his_order(self, value: dict[str, Any]) -> bool:
        orders = [value.get("orderId")]
        if value.get("referenceType") == "order":
            orders.append(value.get("referenceId"))
        return any(isinstance(one, str) and one in self.order_ids for one in orders)

    def _is_contact(self, path: _Path, text: str) -> bool:
        if "@" in text and any(normalize_email(one) in self._emails for one in _EMAIL.findall(text)):
            return True
        in_document = bool(self._documents) and any("document" in name.lower() for name in path)
        if in_document and normalize_document(text) in self._documents:
            return True
        return any(self._is_his_number(one) for one in _NUMBER.findall(text))

    def _is_his_number(self, written: str) -> bool:
        digits = re.sub(r"\D", "", written)
        if len(digits) >= _SURE_DIGITS and digits in self._documents:
            return True
        return digits[-_TAIL:] in self._tails and (
            normalize_phone(written, self._person.region) in self._phones or f"+{digits}" in self._phones
        )


def _everything(value: Any) -> Iterator[tuple[_Path, Any]]:
    """Every object, text and number in `value`, with the last names on the way to it; of names themselves
    those that may be somebody's."""
    left: list[tuple[_Path, Any]] = [((), value)]
    while left:
        path, one = left.pop()
        if isinstance(one, dict):
            yield path, one
            yield from ((path, str(name)) for name in one if "@" in name or _NUMBER.search(name))
            left += [((*path, str(name))[-3:], member) for name, member in one.items()]
        elif isinstance(one, list):
            left += [(path, element) for element in one]
        elif one is not None and not isinstance(one, bool):
            yield path, one
