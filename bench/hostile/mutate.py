"""Bodies that were good once: real examples, bent by bytes and by members, the same for the same seed."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from contracts.od_v2.examples import EXAMPLES as OD_V2
from contracts.odp_v1.examples import EXAMPLES as ODP_V1

_TOKENS = [
    *(b'"', b"\\", b"{", b"}", b"[", b"]", b":", b",", b"null", b"true", b"-", b"1e999", b"9" * 400, b"NaN"),
    *(b"\x00", b"\xff", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"\xef\xbb\xbf", b"\r\n", b"[" * 200),
    *(b'"$ne"', b"0001-01-01T00:00:00Z", b"9999-12-31T23:59:59.999999999Z", b"+99:99", b'"' + b"a" * 5000),
]
_VALUES: list[Any] = [
    *(None, True, 0, -1, 2**31, 2**63, 2**64, -(2**63) - 1, 1e308, 5e-324, "", "\0", "$ne", "a" * 3000, "@"),
    *("+", "a@b", "2026-02-30T00:00:00Z", "0000-00-00", "é" * 300, "\u202e", [], {}, [[]], [None] * 20),
    *({"$gt": ""}, {"": {"": {"": 0}}}, [{"id": "x"}] * 3, "-0", "1970-01-01T00:00:00+23:59", ["a:b"]),
]
_PREFER = [
    "",
    "",
    "",
    "",
    "handling=lenient",
    "wait=0",
    "handling=lenient, respond-async",
    "wait=99999999999",
]


@dataclass(frozen=True, slots=True)
class Bent:
    """One request."""

    path: str
    body: bytes
    prefer: str
    key: str


def _seeds() -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for plural, bodies in ODP_V1.items():
        path = "/v1/customer/events" if plural == "events" else f"/v1/customer/{plural}:ingest"
        found += [(path, body) for body in bodies.values()]
    for plural, records in OD_V2.items():
        path = "/v2/customer/events" if plural == "events" else f"/v2/{plural}"
        alone = plural in ("reviews", "events")
        found += [(path, record if alone else [record]) for record in records.values()]
    return found


class Mutator:
    """Makes one request after another."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - what is sent must be the same again
        self._seeds = _seeds()
        self._texts = [json.dumps(body).encode() for _, body in self._seeds]
        self._by_bytes: list[Callable[[bytearray], None]] = [
            self._flip,
            self._cut,
            self._insert,
            self._repeat,
            self._splice,
        ]

    def next(self) -> Bent:
        """The next request."""
        random = self._random
        path, good = random.choice(self._seeds)
        if random.random() < 0.5:
            body = self._bent_members(good)
        else:
            body = self._bent_bytes(random.choice(self._texts))
        key = f"key-{random.randrange(50)}" if random.random() < 0.05 else ""
        return Bent(path, body, random.choice(_PREFER), key)

    def _bent_bytes(self, text: bytes) -> bytes:
        data = bytearray(text)
        for _ in range(self._random.choice([1, 1, 1, 2, 4, 16])):
            self._random.choice(self._by_bytes)(data)
        return bytes(data)

    def _place(self, data: bytearray) -> int:
        return self._random.randrange(len(data) + 1)

    def _flip(self, data: bytearray) -> None:
        if data:
            data[self._random.randrange(len(data))] = self._random.randrange(256)

    def _cut(self, data: bytearray) -> None:
        place = self._place(data)
        del data[place : place + self._random.choice([1, 2, 8, 1000])]

    def _insert(self, data: bytearray) -> None:
        place = self._place(data)
        data[place:place] = self._random.choice(_TOKENS)

    def _repeat(self, data: bytearray) -> None:
        place = self._place(data)
        data[place:place] = data[place : place + self._random.choice([1, 8, 60])] * self._random.choice(
            [1, 3]
        )

    def _splice(self, data: bytearray) -> None:
        other = self._random.choice(self._texts)
        data[self._place(data) :] = other[self._random.randrange(len(other)) :]

    def _bent_members(self, good: Any) -> bytes:
        body = json.loads(json.dumps(good))
        for _ in range(self._random.choice([0, 1, 1, 2, 5])):
            self._bend_one(body)
        return json.dumps(body, ensure_ascii=self._random.random() < 0.5).encode("utf-8", "surrogatepass")

    def _bend_one(self, body: Any) -> None:
        """Replace, drop or add a member anywhere."""
        random, parent = self._random, body
        while True:
            keys: list[Any] = list(parent) if isinstance(parent, dict) else list(range(len(parent)))
            if not keys:
                return
            key = random.choice(keys)
            if isinstance(parent[key], dict | list) and random.random() < 0.8:
                parent = parent[key]
                continue
            match random.randrange(4):
                case 0:
                    del parent[key]
                case 1 if isinstance(parent, dict):
                    name = random.choice(["extra", "", "$set", "id", "a.b", "__proto__"])
                    parent[name] = copy.deepcopy(parent[key])
                case _:
                    parent[key] = copy.deepcopy(random.choice(_VALUES))
            return
