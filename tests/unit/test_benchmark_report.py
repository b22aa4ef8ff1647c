"""What the benchmarks say of their figures, and the comments they take. Nothing is timed here."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.api import Asked, read_wrk
from benchmarks.comments import Comments, labelled_comments, own_comments
from benchmarks.report import Spread, percentile, rate, small
from benchmarks.screening import Parts, aucs


@pytest.mark.parametrize(
    ("value", "shown"), [(12_345.6, "12,300"), (963.2, "963"), (99.96, "100"), (52.15, "52.1"), (0.5, "0.5")]
)
def test_a_rate_is_shown_with_the_digits_that_mean_something(value: float, shown: str) -> None:
    assert rate(value) == shown


@pytest.mark.parametrize(
    ("values", "shown"), [([3.0, 1.0, 2.0], "2.00 (1.00–3.00)"), ([2.0], "2.00"), ([2.001, 2.002, 2.0], "2.00")]
)
def test_a_spread_is_the_median_with_least_and_most_where_they_differ(values: list[float], shown: str) -> None:
    assert Spread.of(values).shown(small) == shown


@pytest.mark.parametrize(("part", "value"), [(0.5, 50.0), (0.99, 99.0), (1.0, 99.0), (0.0, 0.0)])
def test_a_percentile_is_one_of_the_values(part: float, value: float) -> None:
    assert percentile([float(number) for number in reversed(range(100))], part) == value


def test_a_section_takes_the_place_of_the_last_one_of_its_title_and_leaves_the_others(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    report.write("One", "old", page=page)
    report.write("Two", "kept", page=page)
    report.write("One", "new\n", page=page)
    text = page.read_text(encoding="utf-8")
    assert text == f"{report.HEAD}\n## One\n\nnew\n\n## Two\n\nkept\n"


def test_every_text_is_in_one_part() -> None:
    texts = own_comments(50).texts
    parts = Parts.of(texts)
    assert [*parts.alone, *parts.in_64s, *parts.at_once] == list(texts)
    assert all((parts.alone, parts.in_64s, parts.at_once))


def test_own_comments_are_different_and_the_same_each_time() -> None:
    assert len(set(own_comments(50).texts)) == 50
    assert own_comments(50) == own_comments(50)


def labelled(folder: Path, name: str, rows: list[tuple[str, str, str]]) -> None:
    with gzip.open(folder / f"{name}.csv.gz", "wt", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "lang", "toxic"), *rows])


def test_labelled_comments_are_as_many_of_each_language_and_side_while_they_last(tmp_path: Path) -> None:
    kind = [(f"Kind words, {n}", "en", "0") for n in range(20)]
    labelled(tmp_path, "en_a", kind + [(f"Unkind words, {n}", "en", "1") for n in range(20)])
    labelled(tmp_path, "ur_a", [("مہربانی", "ur", "0"), ("جھوٹ", "ur", "1")])
    found = labelled_comments(tmp_path, 10)
    assert len(found.texts) == len(found.languages) == len(found.toxic) == 10
    assert (found.languages.count("ur"), sum(found.toxic)) == (2, 5)


def test_of_a_file_with_one_side_of_a_language_none_of_that_language_is_taken(tmp_path: Path) -> None:
    labelled(tmp_path, "mixed", [("Kind", "en", "0"), ("Unkind", "en", "1"), ("Bura", "hi-Latn", "1")])
    labelled(tmp_path, "hi_kind", [("Achha", "hi-Latn", "0")])
    assert set(labelled_comments(tmp_path, 10).texts) == {"Kind", "Unkind"}


@pytest.mark.parametrize("name", ["suite_bias_en", "spam_sms", "en_headlines_clean", "en_civil_toxic_only"])
def test_files_of_one_class_or_of_templates_are_left_out(name: str, tmp_path: Path) -> None:
    labelled(tmp_path, name, [("Kind words", "en", "0"), ("Unkind words", "en", "1")])
    with pytest.raises(ValueError, match="no comment labelled"):
        labelled_comments(tmp_path, 10)


def test_what_could_be_no_comment_or_has_no_label_is_left_out(tmp_path: Path) -> None:
    labelled(
        tmp_path, "en", [("x" * 5000, "en", "1"), ("\u200b", "en", "0"), ("Not rated", "en", ""), ("Kind", "en", "0")]
    )
    assert labelled_comments(tmp_path, 10).texts == ("Kind",)


def test_a_candidate_that_is_blind_has_half_the_area_and_one_that_sees_has_all() -> None:
    toxic = tuple(number % 2 == 0 for number in range(80))
    comments = Comments("labelled", ("",) * 80, ("en",) * 80, toxic)
    assert aucs(comments, [0.5] * 80) == {"en": 0.5}
    assert aucs(comments, [float(each) for each in toxic]) == {"en": 1.0}


def test_a_language_with_too_few_of_a_side_is_not_judged() -> None:
    assert aucs(Comments("labelled", ("",) * 4, ("mr",) * 4, (True, False, True, False)), [1, 0, 1, 0]) == {}


WRK = """Running 3s test @ http://127.0.0.1:8080/
  1 threads and 16 connections
  Latency Distribution
     50%    1.53ms
     75%    2.02ms
     90%  850.00us
     99%    1.20s
  12 requests in 3.00s, 1.00MB read
{}Requests/sec:   4567.89
Transfer/sec:      1.00MB
"""


def test_what_wrk_prints_is_read_in_milliseconds() -> None:
    assert read_wrk(WRK.format("")) == Asked(4567.89, 1.53, 1200.0)


@pytest.mark.parametrize("printed", [WRK.format("  Non-2xx or 3xx responses: 7\n"), "", "Requests/sec: 1.0"])
def test_a_run_with_failed_answers_or_without_figures_is_none(printed: str) -> None:
    with pytest.raises(RuntimeError):
        read_wrk(printed)
