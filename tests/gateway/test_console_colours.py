"""The console's colours: whether what is written and drawn stands out enough (WCAG 2.2, level AA)."""

import re
from importlib.resources import files
from itertools import product

import pytest

_STATIC = files("gateway.console") / "static"
_SHEETS = "".join((_STATIC / name).read_text() for name in ("console.css", "overview.css"))
_COLOUR = re.compile(r"--([a-z-]+): #([0-9a-f]{3}(?:[0-9a-f]{3})?)\b")
_TEXTS = [
    *product(("ink", "soft", "link", "bad"), ("paper", "raised", "faint")),
    *((kind, f"{kind}-paper") for kind in ("bad", "good", "busy")),
    ("on-button", "button"),
    ("paper", "bad"),
]
"""What is written in which colour on which."""
_SHAPES = [
    *product(("edge",), ("paper", "raised")),
    *(
        (kind, "paper")
        for kind in ("created", "updated", "unchanged", "stale", "dead", "in-flight", "unexplained")
    ),
    *((kind, "paper") for kind in ("mean", "longest")),
]
"""What is drawn in which colour on which: the edges of fields, and the bars of charts."""


def _colours(scheme: str) -> dict[str, str]:
    dark = "".join(re.findall(r"prefers-color-scheme: dark\) \{\n  :root \{(.*?)\n  \}", _SHEETS, re.DOTALL))
    light = "".join(re.findall(r"^:root \{(.*?)\n\}", _SHEETS, re.DOTALL | re.MULTILINE))
    return dict(_COLOUR.findall(light)) | (dict(_COLOUR.findall(dark)) if scheme == "dark" else {})


def _contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours in hexadecimal digits (WCAG 2.2)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    digits = "".join(digit * 2 for digit in colour) if len(colour) == 3 else colour
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_written_and_drawn_stands_out(scheme: str) -> None:
    """4.5 to 1 for text, 3 to 1 for what is drawn, in both schemes."""
    colours = _colours(scheme)

    weak = [
        (one, other, round(ratio, 2))
        for least, pairs in ((4.5, _TEXTS), (3.0, _SHAPES))
        for one, other in pairs
        if (ratio := _contrast(colours[one], colours[other])) < least
    ]
    assert [] == weak
