"""Ingestion ids are sortable, unguessable, and verified without a database (design §6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ingestion_id import IngestionIds

SECRET = b"0123456789abcdef"


def test_an_id_verifies_for_its_tenant_and_for_nobody_else() -> None:
    """Another tenant's id, and one of another deployment, answer as unknown ids do."""
    minted = IngestionIds(SECRET).mint("acme")

    assert IngestionIds(SECRET).verify("acme", minted)
    assert not IngestionIds(SECRET).verify("globex", minted)
    assert not IngestionIds(b"another secret!!").verify("acme", minted)


def test_ids_sort_by_the_time_they_were_minted() -> None:
    """An operator who sorts ids reads them in the order of acceptance."""
    minted = [IngestionIds(SECRET, clock=lambda at=at: at).mint("acme") for at in (1, 2, 1_795_000_000_000)]  # type: ignore[misc]

    assert sorted(minted) == minted


def test_a_derived_id_is_the_same_for_the_same_parts_only() -> None:
    """A repeat under one idempotency key is one ingestion; joined parts are not parts."""
    ids = IngestionIds(SECRET)

    assert ids.derive("acme", "key", "a") == ids.derive("acme", "key", "a")
    assert 4 == len(
        {
            ids.derive("acme", "key", "a"),
            ids.derive("acme", "key", "b"),
            ids.derive("globex", "key", "a"),
            ids.derive("acme", "keya"),
        }
    )
    assert ids.verify("acme", ids.derive("acme", "key", "a"))


@given(st.text(max_size=60))
def test_no_text_verifies_by_chance(text: str) -> None:
    """Whatever a client asks for is answered by arithmetic alone."""
    assert not IngestionIds(SECRET).verify("acme", text)


@pytest.mark.parametrize("position", range(4, 38))
def test_changing_any_digit_breaks_the_seal(position: int) -> None:
    """All of the id is sealed."""
    ids = IngestionIds(SECRET, clock=lambda: 1_795_000_000_000)
    minted = ids.mint("acme")
    changed = minted[:position] + ("0" if minted[position] != "0" else "1") + minted[position + 1 :]

    assert not ids.verify("acme", changed)


def test_a_short_secret_is_refused() -> None:
    """A secret that can be guessed seals nothing."""
    with pytest.raises(ValueError, match="16 bytes"):
        IngestionIds(b"short")
