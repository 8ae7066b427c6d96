"""Keys that a customer is recognized by, normalized (contracts E.3)."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from domain.identity import IdentityKey, KeyKind, identifier_keys, normalize_email, normalize_phone


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("  Maria@Example.COM ", "maria@example.com"),
        ("a@xn--mnchen-3ya.de", "a@münchen.de"),
        ("A@MÜNCHEN.de", "a@münchen.de"),
        ("maria", None),
        ("maria@", None),
        ("a b@example.com", None),
        ("a\x00@example.com", None),
        ("", None),
    ],
)
def test_an_email_address_is_one_key_however_it_is_written(written: str, key: str | None) -> None:
    """And what cannot be an address is no key (RFC 5321, RFC 5322)."""
    assert key == normalize_email(written)


@given(
    st.from_regex(r"[A-Za-z0-9._+=&'/-]{1,70}@[A-Za-z0-9.-]{1,40}(\.[A-Za-z]{1,22})?", fullmatch=True)
    | st.emails()
    | st.text("aZ09.-_@K \t%xn", max_size=20)
)
def test_plain_addresses_are_the_keys_that_the_library_makes(written: str) -> None:
    """Whatever needs no library comes out as if it had been asked."""
    try:
        address = validate_email(
            written.strip(), check_deliverability=False, globally_deliverable=False, test_environment=True
        )
    except EmailNotValidError:
        expected = None
    else:
        expected = address.normalized.lower()
    assert expected == normalize_email(written)


@pytest.mark.parametrize(
    ("written", "region", "key"),
    [
        ("+55-11-99999-0000", "BR", "+5511999990000"),
        ("(11) 99999-0000", "BR", "+5511999990000"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("none", "BR", None),
        ("12", "BR", None),
    ],
)
def test_a_phone_number_is_one_key_however_it_is_written(written: str, region: str, key: str | None) -> None:
    """In E.164; the region gives the country of numbers written without one."""
    assert key == normalize_phone(written, region)


def test_an_identifier_is_a_key_by_itself_and_the_key_that_others_know_it_by() -> None:
    """A customer who came by another contract is found by it (E.3 rule 2)."""
    pair = IdentityKey(KeyKind.IDENTIFIER, "phone:+5511999990000")

    assert [pair, IdentityKey(KeyKind.PHONE, "+5511999990000")] == identifier_keys(
        "phone", "(11) 99999-0000", "BR"
    )
    assert [IdentityKey(KeyKind.IDENTIFIER, "custom:x")] == identifier_keys("custom", "x", "BR")


def test_a_long_value_is_cut_to_a_digest_and_stays_its_own() -> None:
    """Any index can hold it, and no two meet."""
    one, other = (IdentityKey(KeyKind.LOGICAL, "x" * 300 + end).encode() for end in "ab")

    assert one != other
    assert len(one) < 200
