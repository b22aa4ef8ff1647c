"""`screen` answers every line, in order, whatever bytes it holds."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.classifier import shipped
from moderation.cli import screen
from moderation.config import load_policy
from moderation.policy import LABELS
from moderation.screening import Screener, load_checked
from tests.security.payloads import ODD_TEXTS

words = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=80),
    st.sampled_from(sorted(ODD_TEXTS.values(), key=len)),
    st.lists(st.sampled_from(["idiot", "\u200b", "і", "http://", "dot com", "+91 98765 43210", "🙂", "़", " "])).map(
        "".join
    ),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=6,
)
objects = st.fixed_dictionaries(
    {},
    optional={
        "id": st.one_of(st.just("7"), values),
        "text": st.one_of(words, words, values),
        "language": st.one_of(st.sampled_from(["en", "ur", "xx", "ur-Latn"]), values),
        "story": st.one_of(st.sampled_from(["https://n.example/a", "javascript:1", "http://["]), values),
        "author": values,
    },
)
whole = st.fixed_dictionaries({"id": st.integers(0, 2**70), "text": words})
as_json = st.one_of(objects, whole, values).map(lambda value: json.dumps(value).encode())
raw = st.one_of(
    st.binary(max_size=60),
    as_json.map(lambda line: line[: len(line) // 2]),
    whole.map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-16", "replace")),
    st.just(b"[" * 5000),
)
lines = st.lists(st.one_of(as_json, as_json, raw), max_size=30)


@pytest.fixture(scope="module")
def screener() -> Screener:
    """The checks as they ship, the model too."""
    return Screener(load_policy(), load_checked(shipped(), "fast"))


def check_answer(answer: dict[str, Any], text: str) -> None:
    """Hold one answer against the contract: an outcome, a score for every label, spans within the text."""
    assert answer["outcome"] in {"publish", "hold", "reject"}
    assert set(answer["scores"]) == set(LABELS) and all(0 <= score <= 1 for score in answer["scores"].values())
    spans = [span for finding in answer["findings"] for span in finding["spans"]]
    assert all(0 <= span["begin"] < span["end"] <= len(text) for span in spans)


def check(given_lines: list[bytes], screener: Screener) -> None:
    """Screen the lines, and hold the answers against the contract."""
    body = b"\n".join(given_lines)
    # As it counts: a line of bytes may hold an end of line itself, and nothing after the last end is no line.
    count = len(io.BytesIO(body).readlines())
    out = io.BytesIO()
    status = screen._screen(io.BytesIO(body), out, screener)
    answers: list[dict[str, Any]] = [json.loads(line) for line in out.getvalue().splitlines()]
    assert len(answers) == count
    assert status == (1 if any("error" in answer for answer in answers) else 0)
    for number, answer in enumerate(answers, 1):
        if "error" in answer:
            assert answer["line"] == number and answer["error"]
            continue
        text = json.loads(io.BytesIO(body).readlines()[number - 1].decode("utf-8-sig" if number == 1 else "utf-8"))[
            "text"
        ]
        check_answer(answer, text)


@given(lines)
@settings(max_examples=60)
def test_every_line_is_answered_in_its_place(screener: Screener, given_lines: list[bytes]) -> None:
    check(given_lines, screener)


@pytest.mark.long
@pytest.mark.timeout(600)
@given(lines)
@settings(max_examples=3_000)
def test_of_fifty_thousand_lines_every_one_is_answered(screener: Screener, given_lines: list[bytes]) -> None:
    check(given_lines, screener)
