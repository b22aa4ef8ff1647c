"""Small folders of labelled comments, made up on the spot."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path

from moderation.classifier import LABELS

Row = tuple[str, str, dict[str, int]]

KIND = ["thank you for the report", "the minister spoke today", "rain in the city", "a good match", "I agree with this"]
RUDE = ["you are a zorg", "shut up zorg", "what a filthy zorg you are", "zorg zorg", "only a zorg writes that"]


def comments(times: int = 40) -> list[Row]:
    """Rude and kind comments in equal number, each a little different; every third one has its insult known."""
    rows: list[Row] = []
    for turn in range(times):
        for kind, rude in zip(KIND, RUDE, strict=True):
            known = {"insult": 1} if turn % 3 == 0 else {}
            rows.append((f"{kind} {turn % 7} on day {turn}", "en", {"toxic": 0, **dict.fromkeys(known, 0)}))
            rows.append((f"{rude} {turn % 7} on day {turn}", "en", {"toxic": 1, **known}))
    return rows


def write(folder: Path, stem: str, rows: Sequence[Row]) -> Path:
    """One file as the trainer reads them; a label that a row does not name is an empty cell."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}.csv.gz"
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "lang", *LABELS, "source"])
        for text, language, known in rows:
            writer.writerow([text, language, *(known.get(label, "") for label in LABELS), "made up"])
    return path
