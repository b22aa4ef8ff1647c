"""Labelled files as people's programs write them: read where they can be, and else refused with what is wanted."""

from __future__ import annotations

import gzip
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from moderation.classifier.data import Example, read_examples
from moderation.classifier.evaluation import left_out
from moderation.classifier.labels import LABELS
from moderation.classifier.scored import Scored, score_folder


def written(folder: Path, content: bytes, name: str = "site") -> Path:
    (folder / f"{name}.csv.gz").write_bytes(gzip.compress(content))
    return folder


def test_a_spreadsheets_mark_before_the_first_column_is_no_part_of_its_name(tmp_path: Path) -> None:
    written(tmp_path, "\ufefftext,lang,toxic\nWell said,en,0\n".encode())
    (example,) = read_examples(tmp_path)
    assert (example.text, example.language, example.known[0]) == ("Well said", "en", False)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"text,lang,toxic\nWell said,en,0\nshort\n", "site.csv.gz, line 3: not as many cells"),
        (b"text,lang,toxic\nWell said, friend,en,0\n", "site.csv.gz, line 2: not as many cells"),
        (b'text,lang,toxic\n"Well said,en,0\n', "site.csv.gz can't be read"),
        (b"text,lang,toxic\nWell said,en,yes\n", "a label is 0, 1 or empty, not 'yes'"),
        ("text,lang,toxic\nبس,ur,0\n".encode("utf-16"), "site.csv.gz can't be read"),
    ],
)
def test_a_row_that_is_not_whole_is_refused_and_named(content: bytes, told: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=told.replace(".", r"\.")):
        list(read_examples(written(tmp_path, content)))


@pytest.mark.parametrize("head", [b"Text,Lang,Toxic", b"text;lang;toxic", b"comment,lang,toxic", b"text,lang,approved"])
def test_other_columns_are_told_which_are_wanted(head: bytes, tmp_path: Path) -> None:
    row = b"Well said;en;0" if b";" in head else b"Well said,en,0"
    with pytest.raises(ValueError, match=r"in the first line `text`, `lang` \(en, .*toxic"):
        score_folder(Unasked(), written(tmp_path, head + b"\n" + row + b"\n"), progress=print)


class Unasked:
    """Whoever is asked for scores here has been asked too early."""

    def scores(self, texts: Sequence[str]) -> tuple[NDArray[np.floating[Any]], list[str]]:
        raise AssertionError


def test_what_is_left_out_of_the_figures_is_told_with_how_many_there_are() -> None:
    def rated(toxic: bool) -> Example:
        return Example("words", "en", "site", tuple(toxic if label == "toxic" else None for label in LABELS))

    part = Scored("site", "en", [rated(True)] * 20 + [rated(False)] * 19, scores=None)  # type: ignore[arg-type]
    assert left_out([part]) == ["left out: site, en, clean: 19 of the 20 that a figure takes"]


def test_a_pipe_among_the_files_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "site.csv.gz")
    with pytest.raises(ValueError, match=r"site\.csv\.gz is no file"):
        list(read_examples(tmp_path))
