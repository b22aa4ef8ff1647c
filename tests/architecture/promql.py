"""Enough of Prometheus' query language to refuse what it would refuse: a parser of what our rules and panels use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<number>\d+(?:\.\d+)?(?![\w]))|(?P<duration>\d+(?:ms|[smhdwy])\b)
    |(?P<name>[A-Za-z_:][\w:]*)|(?P<sign>=~|!~|==|!=|>=|<=|[-+*/%^><=(){}\[\],]))""",
    re.VERBOSE,
)
AGGREGATIONS = {"sum", "min", "max", "avg", "count"}
OF_RANGES = {"rate", "increase", "delta"}
OF_INSTANTS = {"absent": 1, "histogram_quantile": 2}
OPERATORS = {"+", "-", "*", "/", "==", "!=", ">", "<", ">=", "<=", "and", "or", "unless"}
MATCHES = {"=", "!=", "=~", "!~"}


class NotPromQL(ValueError):
    """The expression is none, or one beyond what is understood here."""


@dataclass(frozen=True)
class Selector:
    """A time series that is asked for, by its name and the labels it is asked by."""

    name: str
    labels: frozenset[str]


class Reading:
    """One expression, read. Raises NotPromQL."""

    def __init__(self, text: str) -> None:
        self.selectors: list[Selector] = []
        self.grouped: set[str] = set()
        self._tokens = list(_tokens(text))
        self._expression()
        if self._tokens:
            raise NotPromQL(f"{self._tokens[0][1]} is not expected")

    def _expression(self) -> None:
        self._term()
        while self._next() in OPERATORS:
            self._tokens.pop(0)
            self._term()

    def _term(self) -> None:
        kind, text = self._take()
        if text == "(":
            self._expression()
            self._expect(")")
        elif kind == "name" and text in AGGREGATIONS:
            self._labels_after("by", "without")
            self._arguments(1)
            self._labels_after("by", "without")
        elif kind == "name" and text in OF_RANGES:
            self._expect("(")
            self._selector(self._take_name(), in_range=True)
            self._expect(")")
        elif kind == "name" and text in OF_INSTANTS:
            self._arguments(OF_INSTANTS[text])
        elif kind == "name":
            if self._next() == "(":
                raise NotPromQL(f"no function {text} is known")
            self._selector(text, in_range=False)
        elif kind != "number":
            raise NotPromQL(f"{text} is not expected")

    def _arguments(self, number: int) -> None:
        self._expect("(")
        for position in range(number):
            if position:
                self._expect(",")
            self._expression()
        self._expect(")")

    def _labels_after(self, *words: str) -> None:
        if self._next() not in words:
            return
        self._tokens.pop(0)
        self._expect("(")
        self.grouped.add(self._take_name())
        while self._next() == ",":
            self._tokens.pop(0)
            self.grouped.add(self._take_name())
        self._expect(")")

    def _selector(self, name: str, *, in_range: bool) -> None:
        labels = set()
        if self._next() == "{":
            self._tokens.pop(0)
            while self._next() != "}":
                labels.add(self._take_name())
                if self._take()[1] not in MATCHES or self._take()[0] != "string":
                    raise NotPromQL(f"a label of {name} is not compared with a string")
                if self._next() == ",":
                    self._tokens.pop(0)
            self._expect("}")
        if in_range:
            self._expect("[")
            if self._take()[0] != "duration":
                raise NotPromQL(f"{name} has no range")
            self._expect("]")
        self.selectors.append(Selector(name, frozenset(labels)))

    def _next(self) -> str:
        return self._tokens[0][1] if self._tokens else ""

    def _take(self) -> tuple[str, str]:
        if not self._tokens:
            raise NotPromQL("it ends too soon")
        return self._tokens.pop(0)

    def _take_name(self) -> str:
        kind, text = self._take()
        if kind != "name":
            raise NotPromQL(f"{text} is no name")
        return text

    def _expect(self, sign: str) -> None:
        if self._take()[1] != sign:
            raise NotPromQL(f"{sign} is missing")


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    while text[place:].strip():
        found = TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            raise NotPromQL(f"{text[place:]} can't be read")
        yield found.lastgroup, found[found.lastgroup]
        place = found.end()
