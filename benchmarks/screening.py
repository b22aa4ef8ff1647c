"""Screening alone: texts in, scores out, each candidate on one thread of a process of its own.

comments → train the peer → runs × candidates: benchmarks.timed → spreads, ratios, AUC → docs/benchmarks.md
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks import report
from benchmarks.candidates import CANDIDATES, PLAIN, Candidate, train_peer
from benchmarks.comments import Comments
from benchmarks.report import Spread, rate, share, small
from benchmarks.timed import BATCH, COMMENTS_FILE

ROOT = Path(__file__).resolve().parent.parent
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
COMMENTS = 11_000
"""About 5,000 in each kind of batch and 1,000 one by one."""

ENOUGH = 20
"""Of each side in a language, or its AUC is chance."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one process of a candidate did, once."""

    in_64s_per_s: float
    in_64s_per_cpu_s: float
    at_once_per_s: float
    p50_ms: float
    p99_ms: float
    start_s: float
    first_mb: float
    peak_mb: float
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """The comments as they are given out: about a twelfth one by one, and half of the others in each kind of batch."""

    alone: Sequence[str]
    in_64s: Sequence[str]
    at_once: Sequence[str]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Parts:
        """Every text in one part."""
        alone = max(1, len(texts) // 11)
        half = alone + (len(texts) - alone) // 2
        return cls(texts[:alone], texts[alone:half], texts[half:])

    def write(self, folder: Path) -> None:
        """Where the processes read them."""
        given = {"alone": list(self.alone), "in_64s": list(self.in_64s), "at_once": list(self.at_once)}
        (folder / COMMENTS_FILE).write_text(json.dumps(given), encoding="utf-8")


def measure(comments: Comments, *, runs: int, peer_examples_at_most: int | None = None) -> dict[str, list[Run]]:
    """Every installed candidate `runs` times, by its key."""
    parts = Parts.of(comments.texts)
    found: dict[str, list[Run]] = {each.key: [] for each in CANDIDATES if each.installed()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts.write(folder)
        train_peer(folder, examples_at_most=peer_examples_at_most)
        for number in range(runs):
            # There and back again, so that whatever else the machine does meets each candidate early and late.
            for key in list(found)[:: -1 if number % 2 else 1]:
                found[key].append(_run(key, folder, parts))
    return found


def _run(key: str, folder: Path, parts: Parts) -> Run:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.timed", key, str(folder)],
        cwd=ROOT,
        env={**os.environ, **ONE_THREAD},
        stdout=subprocess.PIPE,
        check=True,
    )
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return Run(
        in_64s_per_s=len(parts.in_64s) / told["in_64s_s"],
        in_64s_per_cpu_s=len(parts.in_64s) / told["in_64s_cpu_s"],
        at_once_per_s=len(parts.at_once) / told["at_once_s"],
        p50_ms=report.percentile(told["alone_s"], 0.5) * 1000,
        p99_ms=report.percentile(told["alone_s"], 0.99) * 1000,
        start_s=told["first_answer_at"] - began,
        first_mb=told["memory_at_first_mb"],
        peak_mb=told["memory_peak_mb"],
        scores=tuple(told["scores"]),
    )


def aucs(comments: Comments, scores: Sequence[float]) -> dict[str, float]:
    """How well the scores tell toxic from clean, in each language that has enough of both; empty without labels."""
    from sklearn.metrics import roc_auc_score

    found = {}
    for language in sorted(set(comments.languages)):
        rows = [place for place, other in enumerate(comments.languages) if other == language]
        answers = [comments.toxic[place] for place in rows]
        if min(sum(answers), len(answers) - sum(answers)) >= ENOUGH:
            found[language] = float(roc_auc_score(answers, [scores[place] for place in rows]))
    return found


def section(comments: Comments, found: dict[str, list[Run]], *, load_before: float) -> str:
    """The tables as Markdown."""
    parts = Parts.of(comments.texts)
    runs = len(next(iter(found.values())))
    judged = {key: aucs(comments, each[0].scores) for key, each in found.items()}
    lines = [
        report.machine(runs=runs, load_before=load_before),
        "",
        f"{len(comments.texts):,} different comments ({comments.about}, {comments.letters():.0f} code points in the "
        f"mean), one thread. {len(parts.in_64s):,} of them go in batches of {BATCH}, {len(parts.at_once):,} in one "
        f"call, {len(parts.alone):,} one by one; none comes twice. *A CPU second* leaves out the time in which other "
        "programs had the core. The ratio is to the plain pipeline, run by run, in batches of 64. *Start* is from the "
        "start of Python to the first answer; memory is the process's peak, in MB.",
        "",
        _speeds(found),
        "",
        _rest(found, judged),
        "",
        _words(comments),
    ]
    if any(judged.values()):
        lines += ["", "AUC for `toxic`, by language:", "", _languages(judged)]
    return "\n".join(lines)


def _speeds(found: dict[str, list[Run]]) -> str:
    columns: list[tuple[Callable[[Run], float], Callable[[float], str]]] = [
        (lambda run: run.in_64s_per_s, rate),
        (lambda run: run.in_64s_per_cpu_s, rate),
        (lambda run: run.at_once_per_s, rate),
        (lambda run: run.p50_ms, small),
        (lambda run: run.p99_ms, small),
    ]

    def row(each: Candidate) -> list[str]:
        if each.key not in found:
            return [each.shown(), "not installed", *[""] * len(columns)]
        runs = found[each.key]
        cells = [Spread.of(map(of, runs)).shown(form) for of, form in columns]
        pairs = zip(runs, found[PLAIN], strict=True)
        ratio = Spread.of(run.in_64s_per_s / plain.in_64s_per_s for run, plain in pairs)
        return [each.shown(), cells[0], f"{ratio.middle:.2f} ×", *cells[1:]]

    head = ["", "batches of 64, a second", "ratio", "the same, a CPU second", "one call, a second", "p50 ms", "p99 ms"]
    return report.table(head, map(row, CANDIDATES))


def _rest(found: dict[str, list[Run]], judged: dict[str, dict[str, float]]) -> str:
    def row(each: Candidate) -> list[str]:
        runs, auc = found[each.key], judged[each.key]
        cells = [
            Spread.of(run.start_s for run in runs).shown(small),
            Spread.of(run.first_mb for run in runs).shown(lambda mb: f"{mb:.0f}"),
            Spread.of(run.peak_mb for run in runs).shown(lambda mb: f"{mb:.0f}"),
        ]
        return [each.shown(), *cells, share(fmean(auc.values())) if auc else "–"]

    head = ["", "start, s", "memory at the first answer", "memory at the end", "AUC for `toxic`, mean of languages"]
    return report.table(head, [row(each) for each in CANDIDATES if each.key in found])


def _languages(judged: dict[str, dict[str, float]]) -> str:
    languages = sorted({language for each in judged.values() for language in each})
    rows = [
        [each.shown(), *(share(judged[each.key][language]) for language in languages)]
        for each in CANDIDATES
        if each.key in judged
    ]
    return report.table(["", *languages], rows)


def _words(comments: Comments) -> str:
    told = (
        "What the rows do is not the same. Ours give eight labels, the language and the words that weighed most, and "
        "fold disguised spellings first; the last step, the whole screening, also looks for links, telephone numbers "
        "and banned words. The plain pipeline (TF-IDF of words 1–2 and of characters 2–5 within words, logistic "
        "regression) gives one label of the text as it stands, and was trained in this run on our own example "
        "sentences alone: few n-grams, which makes it faster than one trained on as much as ours."
    )
    if not comments.toxic:
        return told + " All of these comments are such sentences, short and well known to both; no judgement is made."
    return (
        told
        + " Its AUC shows what those sentences teach, not what the method can do. alt-profanity-check, where it is "
        "installed, knows English only."
    )


def run(comments: Comments, *, runs: int, page: Path = report.PAGE) -> None:
    """Measure, and put the section into the page."""
    before = report.load_average()
    found = measure(comments, runs=runs)
    report.write(f"Screening, {comments.about}", section(comments, found, load_before=before), page=page)
