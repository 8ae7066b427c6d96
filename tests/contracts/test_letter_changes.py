"""Changes to the payloads of dead letters: what they make, and what they refuse."""

import json
from typing import Any

import pytest

from contracts.letter_changes import json_patch, named_transform
from domain.dead_letters.changes import CannotChangeError
from domain.dead_letters.errors import RepairError


def patched(payload: bytes, *operations: dict[str, Any]) -> bytes:
    """`payload` after the operations of a JSON Patch."""
    return json_patch(json.dumps(operations).encode())(payload)


@pytest.mark.parametrize(
    "number", ["1.10", "-0.0", "123456789012345678901234567890", "0.1000000000000000055511"]
)
def test_numbers_keep_every_digit(number: str) -> None:
    """A patch beside them does not harm them; nor those that the patch itself brings."""
    payload = f'{{ "n": {number}, "é": "x" }}'.encode()

    assert f'{{"n":{number},"é":"y"}}'.encode() == patched(
        payload, {"op": "replace", "path": "/é", "value": "y"}
    )
    brought = json_patch(f'[{{"op": "add", "path": "/m", "value": {number}}}]'.encode())
    assert f'{{"m":{number}}}'.encode() == brought(b"{}")


def test_a_patch_leaves_nothing_from_one_payload_in_another() -> None:
    """Values that a patch adds and then changes are its own for each payload."""
    change = json_patch(
        b'[{"op": "add", "path": "/a", "value": []}, {"op": "add", "path": "/a/-", "value": 1}]'
    )

    assert [b'{"a":[1]}'] * 3 == [change(b"{}") for _ in range(3)]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"{}",
        b"[]",
        b"[1]",
        b'[{"op": "grow", "path": "/a"}]',
        b'[{"op": "add", "path": "a", "value": 1}]',
        b'[{"op": "add", "path": "/a"}]',
        b'[{"op": "add", "value": 1}]',
        b'[{"op": "add", "path": 1, "value": 1}]',
        b'[{"op": "move", "path": "/a"}]',
        b'[{"op": "remove", "path": "/a", "path": "/b"}]',
        b'"\xff"',
    ],
)
def test_what_is_no_patch_is_said_so_before_anything_is_changed(text: bytes) -> None:
    """In words."""
    with pytest.raises(RepairError, match="no JSON Patch"):
        json_patch(text)


@pytest.mark.parametrize(
    ("payload", "operation"),
    [
        (b'{"secret": 1}', {"op": "remove", "path": "/a"}),
        (b'{"secret": 1}', {"op": "replace", "path": "/a/b", "value": 1}),
        (b'{"a": "secret"}', {"op": "replace", "path": "/a/0", "value": "x"}),
        (b'{"a": "secret"}', {"op": "test", "path": "/a", "value": "x"}),
        (b'{"a": "secret"}', {"op": "replace", "path": "/a", "value": "secret"}),
        (b'["secret"]', {"op": "remove", "path": "/7"}),
        (b'"secret"', {"op": "remove", "path": ""}),
        (b'{"a": 1, "a": "secret"}', {"op": "remove", "path": "/a"}),
        (b"secret", {"op": "remove", "path": "/a"}),
        (b'{"a": 1, "b": NaN}', {"op": "remove", "path": "/a"}),
        (b"[" * 100_000, {"op": "remove", "path": "/0"}),
    ],
)
def test_a_payload_that_a_patch_does_not_fit_is_refused(payload: bytes, operation: dict[str, Any]) -> None:
    """In words that quote nothing of the payload, which may be personal data."""
    with pytest.raises(CannotChangeError) as refused:
        patched(payload, operation)

    assert "secret" not in str(refused.value)


def test_words_name_a_patch_without_its_values() -> None:
    """They are kept in the history and in the audit for good."""
    words = json_patch(b'[{"op": "add", "path": "/email", "value": "ana@example.com"}]').words

    assert "add /email" in words
    assert "ana" not in words


@pytest.mark.parametrize(
    ("name", "arguments", "before", "after"),
    [
        ("trim-strings", {}, {"a": [" x "], "b": {"c": "y\n"}}, {"a": ["x"], "b": {"c": "y"}}),
        ("drop-member", {"pointer": "/a/b"}, {"a": {"b": 1, "c": 2}}, {"a": {"c": 2}}),
        ("rename-member", {"pointer": "/a", "to": "b"}, {"a": 1, "c": 2}, {"b": 1, "c": 2}),
        ("set-default", {"pointer": "/a", "value": '"x"'}, {}, {"a": "x"}),
        ("set-default", {"pointer": "/a", "value": "[1.10]"}, {"a": None}, {"a": [1.1]}),
        ("wrap-in-array", {"pointer": "/a"}, {"a": "app:1"}, {"a": ["app:1"]}),
        ("parse-date", {"pointer": "/a"}, {"a": "25/03/2026"}, {"a": "2026-03-25T00:00:00Z"}),
        (
            "parse-date",
            {"pointer": "/a", "zone": "America/Sao_Paulo"},
            {"a": "25.03.2026 14:30"},
            {"a": "2026-03-25T14:30:00-03:00"},
        ),
    ],
)
def test_a_transform_mends(name: str, arguments: dict[str, str], before: Any, after: Any) -> None:
    """Each does what it says."""
    assert after == json.loads(named_transform(name, arguments)(json.dumps(before).encode()))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("shout", {}),
        ("drop-member", {}),
        ("drop-member", {"pointer": ""}),
        ("drop-member", {"pointer": "a"}),
        ("drop-member", {"pointer": "/a", "size": "1"}),
        ("set-default", {"pointer": "/a", "value": "text"}),
        ("parse-date", {"pointer": "/a", "zone": "Mars/Olympus"}),
    ],
)
def test_a_bad_transform_is_refused_before_anything_is_changed(name: str, arguments: dict[str, str]) -> None:
    """In words."""
    with pytest.raises(RepairError):
        named_transform(name, arguments)


@pytest.mark.parametrize(
    ("name", "arguments", "payload"),
    [
        ("trim-strings", {}, b'{"a":"x"}'),
        ("drop-member", {"pointer": "/a/b"}, b'{"a":"x"}'),
        ("drop-member", {"pointer": "/b"}, b'{"a":"x"}'),
        ("rename-member", {"pointer": "/a", "to": "b"}, b'{"a":1,"b":2}'),
        ("set-default", {"pointer": "/a", "value": "1"}, b'{"a":0}'),
        ("wrap-in-array", {"pointer": "/a"}, b'{"a":[]}'),
        ("parse-date", {"pointer": "/a"}, b'{"a":"yesterday"}'),
        ("parse-date", {"pointer": "/a"}, b'{"a":"31/02/2026"}'),
    ],
)
def test_a_payload_that_a_transform_does_not_fit_is_refused(
    name: str, arguments: dict[str, str], payload: bytes
) -> None:
    """Also one in which nothing would change."""
    with pytest.raises(CannotChangeError):
        named_transform(name, arguments)(payload)
