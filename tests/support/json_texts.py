"""Hypothesis strategies for JSON texts, those at the edges of the rules above all."""

from collections.abc import Sequence

from hypothesis import strategies as st

SCALARS = [
    *("0", "-0", "1", "-1.5", "1e5", "1E+2", "true", "false", "null", "01", "1.", ".5", "+1", "-", "1e"),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809"),
    *("18446744073709551615", "18446744073709551616", "1234567890123456789", "0.12345678901234567890123"),
    *("12345678901234567890.5", "12345678901234567890e2", "1e19", "1e-999", "1e308", "1e309", "1E0309"),
    *("1e+999", "123.4e999", "1.7976931348623157e308", "1.7976931348623159e308", "9" * 400 + ".0"),
    *("9" * 5000, "NaN", "Infinity", "-Infinity", "nan", "undefined", ""),
    '"NaN"',
    '"Infinity"',
    '"1e999,1e999"',
    '": 99999999999999999999,"',
    '"12345678901234567890"',
    '"a\\u0000b"',
    '"\\\\u0000"',
    '"\\ud83d\\ude00"',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\\\ud800"',
    '"}{"',
    '"["',
    '"]]"',
    '"\\""',
    '"\\\\"',
    '"\\\\\\"{"',
    '"{\\"}"',
    '"\x00"',
    '"\x1f"',
    '"é"',
    '"\ufeff"',
    '"unended',
    '"\\x"',
]
KEYS = ['"a"', '"b"', '"}"', '"{"', '"\\u0000"', '"x\\\\"', '"\\ud800"', '"$ne"', '"a.b"', '""', "a"]
GOOD_KEYS = ['"a"', '"b"', '"}"', '"{"', '"x\\\\"', '"]\\"["']
_BLANKS = st.sampled_from(["", "", " ", "\n", "\t\r "])


@st.composite
def _array(draw: st.DrawFn, children: st.SearchStrategy[str]) -> str:
    return f"[{draw(_BLANKS)}{','.join(draw(st.lists(children, max_size=3)))}{draw(_BLANKS)}]"


@st.composite
def _object(draw: st.DrawFn, children: st.SearchStrategy[str], keys: Sequence[str]) -> str:
    pairs = draw(st.lists(st.tuples(st.sampled_from(keys), children), max_size=3))
    return "{" + ",".join(f"{key}{draw(_BLANKS)}:{draw(_BLANKS)}{value}" for key, value in pairs) + "}"


@st.composite
def _nested(draw: st.DrawFn, children: st.SearchStrategy[str]) -> str:
    """Deep, with strings that hold braces beside what is nested."""
    text = draw(children)
    before = draw(st.sampled_from(["[", '{"a":', '["}",', '{"}":1,"b":', '["\\"{",']))
    after = {"[": "]", '{"a":': "}", '["}",': ',"{"]', '{"}":1,"b":': ',"{":2}', '["\\"{",': ',"}"]'}
    depth = draw(st.one_of(st.integers(0, 4), st.integers(60, 67)))
    return before * depth + text + after[before] * depth


_TEXTS = st.recursive(
    st.sampled_from(SCALARS),
    lambda children: st.one_of(_array(children), _object(children, KEYS), _object(children, GOOD_KEYS)),
    max_leaves=6,
)

json_texts = st.one_of(_TEXTS, _nested(_TEXTS), _nested(st.sampled_from(['""', "1", "[]"]))).map(
    lambda text: text.encode()
)
"""JSON texts, or nearly."""

json_bytes = st.one_of(
    json_texts,
    st.binary(max_size=40),
    st.tuples(json_texts, st.binary(max_size=3), st.integers(0, 60)).map(
        lambda parts: parts[0][: parts[2]] + parts[1] + parts[0][parts[2] :]
    ),
)
"""JSON texts, some damaged, and any bytes."""
