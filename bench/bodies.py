"""What is sent: customers that follow from a seed, the same for everybody."""

from collections.abc import Iterator, Sequence

from cli.load.records import Records

SEED = "bench"
"""In every id. The records of a load follow from it, their number and version."""


def customers(first: int, count: int, version: int = 1, seed: str = SEED) -> list[str]:
    """Customers, as JSON text, numbered from `first`."""
    records = Records(seed)
    return [records.text("customers", number, version) for number in range(first, first + count)]


def batch(texts: Sequence[str]) -> bytes:
    """The body of one request."""
    return f'{{"customers":[{",".join(texts)}]}}'.encode()


def batches(first: int, count: int, size: int, version: int = 1, seed: str = SEED) -> Iterator[bytes]:
    """`count` customers in bodies of `size`."""
    texts = customers(first, count, version, seed)
    for start in range(0, count, size):
        yield batch(texts[start : start + size])


def name_of(number: int, seed: str = SEED) -> str:
    """The sender's id of a customer."""
    return f"{seed}-{number}"
