"""Reads PromQL: enough of its grammar to tell what an expression is about, and to refuse one that is broken.

https://prometheus.io/docs/prometheus/latest/querying/basics/
"""

import re
from collections import defaultdict
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""\s+|\#[^\n]*
    |(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<range>\[(?:\d+(?:ms|[smhdwy]))+(?::(?:\d+(?:ms|[smhdwy]))*)?\]|\[\$__rate_interval\])
    |(?P<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?)
    |(?P<name>[A-Za-z_:][A-Za-z0-9_:]*)
    |(?P<operator>=~|!~|==|!=|>=|<=|[-+*/%^<>=(){},])""",
    re.VERBOSE,
)
_AGGREGATIONS = {"sum", "min", "max", "avg", "count", "topk", "bottomk", "quantile"}
_FUNCTIONS = {
    "rate": "range",
    "increase": "range",
    "delta": "range",
    "histogram_quantile": "",
    "absent": "",
    "clamp_min": "",
}
_BINARY = {"+", "-", "*", "/", "%", "^", "==", "!=", ">", "<", ">=", "<=", "and", "or", "unless"}


class PromqlError(ValueError):
    """It is not PromQL, or not of the kind that is known here."""


class Promql:
    """An expression that was read."""

    def __init__(self, text: str) -> None:
        """Raises PromqlError."""
        self.labels: defaultdict[str, set[str]] = defaultdict(set)
        """The metrics that it is about, each with the labels that it is asked by."""
        self._tokens = list(_tokens(text))
        self._expression()
        if self._tokens[0][1]:
            raise PromqlError(f"{self._tokens[0][1]!r} is too much")

    def _expression(self) -> set[str]:
        """The metrics of what comes next."""
        metrics = self._operand()
        while self._tokens[0][1] in _BINARY:
            self._tokens.pop(0)
            if self._tokens[0][1] in ("on", "ignoring"):
                self._tokens.pop(0)
                self._ask(metrics, self._names())
            metrics = metrics | self._operand()
        return metrics

    def _operand(self) -> set[str]:
        kind, text = self._tokens.pop(0)
        if text == "(":
            metrics = self._expression()
            self._expect(")")
            return metrics
        if kind == "number":
            return set()
        if kind != "name":
            raise PromqlError(f"{text or 'nothing'!r} where an operand belongs")
        if text in _AGGREGATIONS:
            return self._aggregation()
        if text in _FUNCTIONS:
            return self._call(_FUNCTIONS[text])
        return self._selector(text)

    def _aggregation(self) -> set[str]:
        names: list[str] = []
        if self._tokens[0][1] in ("by", "without"):
            self._tokens.pop(0)
            names = self._names()
        metrics = self._arguments()
        self._ask(metrics, names)
        return metrics

    def _call(self, takes: str) -> set[str]:
        metrics = self._arguments(of=takes)
        if takes and not metrics:
            raise PromqlError("a range of nothing")
        return metrics

    def _arguments(self, of: str = "") -> set[str]:
        self._expect("(")
        metrics = self._expression()
        if of:
            self._expect_kind(of)
        while self._tokens[0][1] == ",":
            self._tokens.pop(0)
            metrics = metrics | self._expression()
        self._expect(")")
        return metrics

    def _selector(self, metric: str) -> set[str]:
        self.labels[metric] |= set()
        if self._tokens[0][1] == "{":
            self._tokens.pop(0)
            while self._tokens[0][1] != "}":
                label = self._expect_kind("name")
                if self._tokens.pop(0)[1] not in ("=", "!=", "=~", "!~"):
                    raise PromqlError(f"{metric} is matched by nothing")
                self._expect_kind("string")
                self.labels[metric].add(label)
                if self._tokens[0][1] == ",":
                    self._tokens.pop(0)
            self._tokens.pop(0)
        return {metric}

    def _names(self) -> list[str]:
        self._expect("(")
        names = []
        while self._tokens[0][1] != ")":
            names.append(self._expect_kind("name"))
            if self._tokens[0][1] == ",":
                self._tokens.pop(0)
        self._tokens.pop(0)
        return names

    def _ask(self, metrics: set[str], names: list[str]) -> None:
        for metric in metrics:
            self.labels[metric] |= set(names)

    def _expect(self, text: str) -> None:
        if self._tokens[0][1] != text:
            raise PromqlError(f"{self._tokens[0][1]!r} where {text!r} belongs")
        self._tokens.pop(0)

    def _expect_kind(self, kind: str) -> str:
        found, text = self._tokens.pop(0)
        if found != kind:
            raise PromqlError(f"{text!r} where a {kind} belongs")
        return text


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise PromqlError(f"{text[at : at + 20]!r} is no PromQL")
        if match.lastgroup is not None:
            yield match.lastgroup, match[0]
        at = match.end()
    yield "end", ""
