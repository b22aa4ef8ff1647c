"""Labelled comments read from a folder of .csv.gz files, with what is known of each file."""

from __future__ import annotations

import csv
import gzip
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from moderation.classifier.labels import LABELS, LANGUAGES
from moderation.classifier.sources import NOT_COMMERCIAL, source_named

GROUP_COLUMNS = {"en_toxigen_annotated": "target", "suite_hatemojicheck_en": "target_ident"}
"""Files that say which groups of people a text names, and the column that does; several are parted by semicolons."""


@dataclass(frozen=True, slots=True)
class Example:
    """A text with what is known about it; `known` has one entry a label: True, False or None for not known.

    `groups` are those that its file says it names; most files say nothing of it.
    """

    text: str
    language: str
    source: str
    known: tuple[bool | None, ...]
    groups: tuple[str, ...] = ()

    @property
    def labelled(self) -> bool:
        return any(value is not None for value in self.known)


def read_examples(
    folder: Path, *, skip: Callable[[str], bool] = lambda stem: False, labelled_only: bool = True
) -> Iterator[Example]:
    """Every example of the folder's .csv.gz files, in the order of their names.

    Never reads a file that has no `text` column, and never takes an empty cell for a 0. Raises ValueError with the file
    and line for a cell that is neither empty, 0 nor 1, or a file that can't be read.
    """
    for path in sorted(folder.glob("*.csv.gz")):
        stem = path.name.removesuffix(".csv.gz")
        if not skip(stem):
            if not path.is_file():  # a pipe would be waited for
                raise ValueError(f"{path.name} is no file")
            for example in _read(path, stem):
                if example.labelled or not labelled_only:
                    yield example


def drawn(examples: Sequence[Example], of_each: int) -> list[Example]:
    """At most so many of each file, language and side, in the order given.

    The same ones every time, and fewer are among more.
    """
    places: dict[tuple[str, str, bool], list[int]] = {}
    for place, example in enumerate(examples):
        places.setdefault((example.source, example.language, any(example.known)), []).append(place)
    chosen = [
        place for key, found in places.items() for place in random.Random(f"{key}").sample(found, len(found))[:of_each]
    ]
    return [examples[place] for place in sorted(chosen)]


def not_commercial(stem: str) -> bool:
    """A file that may be measured with and never fitted on."""
    return stem.endswith(NOT_COMMERCIAL)


def none_read(folder: Path) -> str:
    """Why nothing was read of a folder, and what is wanted."""
    return (
        f"{folder} holds no .csv.gz file with labelled comments: gzipped CSV in UTF-8, commas between the cells, in the"
        f" first line `text`, `lang` ({', '.join(LANGUAGES[:-1])}) and some of {', '.join(LABELS)}, each 0, 1 or empty"
    )


def _read(path: Path, stem: str) -> Iterator[Example]:
    source = source_named(stem)
    try:
        # Spreadsheets write a mark before the first column's name.
        with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            if "text" not in (rows.fieldnames or ()):
                return
            for row in rows:
                if None in row or None in row.values():
                    raise ValueError(f"{path.name}, line {rows.line_num}: not as many cells as the first line has")
                known = tuple(_cell(row.get(label), path, rows.line_num) for label in LABELS)
                groups = tuple(filter(None, (row.get(GROUP_COLUMNS.get(stem, "")) or "").split(";")))
                yield Example(row["text"], row.get("lang") or "und", stem, source.trusted(known), groups)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path.name} can't be read: {error}") from error


def _cell(value: str | None, path: Path, line: int) -> bool | None:
    if value is None or value == "":
        return None
    if value not in ("0", "1"):
        raise ValueError(f"{path.name}, line {line}: a label is 0, 1 or empty, not {value[:20]!r}")
    return value == "1"
