"""Phone numbers as all contracts read them."""

from functools import lru_cache

from domain.identity import normalize_phone

phone_number = lru_cache(maxsize=16_384)(normalize_phone)
"""`normalize_phone`, remembered: it is the dearest step of decoding, and customers come back."""
