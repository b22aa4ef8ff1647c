"""Screening alone: texts in, scores out, each candidate on one thread of a process of its own.

comments → install the peers, train the plain one → runs × candidates: benchmarks.timed → spreads, ratios, AUC
         → docs/benchmarks.md
"""

from __future__ import annotations

import contextlib
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
from benchmarks.environments import installed
from benchmarks.report import Spread, rate, share, small
from benchmarks.timed import BATCH, COMMENTS_FILE

ROOT = Path(__file__).resolve().parent.parent
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
COMMENTS = 11_000
"""About 5,000 in each kind of batch and 1,000 one by one."""

FEW = ("Well said.", "Thank you.", "A good report.", "I do not agree.")
"""Scored once by each peer to see that it runs."""

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


def measure(
    comments: Comments,
    *,
    runs: int,
    candidates: Sequence[Candidate] = CANDIDATES,
    learn: Path | None = None,
    peer_examples_at_most: int | None = None,
) -> dict[str, list[Run]]:
    """Every candidate that can be installed and runs, `runs` times, by its key. Says which can't."""
    parts = Parts.of(comments.texts)
    with tempfile.TemporaryDirectory(prefix="baithak-screening-") as name:
        folder = Path(name)
        parts.write(folder)
        train_peer(folder, learn=learn, examples_at_most=peer_examples_at_most)
        pythons = {each: python for each in candidates if (python := _ready(each, folder)) is not None}
        found: dict[str, list[Run]] = {each.key: [] for each in pythons}
        for number in range(runs):
            # There and back again, so that whatever else the machine does meets each candidate early and late.
            for each in list(pythons)[:: -1 if number % 2 else 1]:
                found[each.key].append(_run(each, pythons[each], folder, parts))
    return found


def _ready(candidate: Candidate, folder: Path) -> Path | None:
    """What runs a candidate: our own Python, or one that has its package. None, and why, where it would not run."""
    if candidate.package is None:
        return Path(sys.executable)
    python = installed(candidate.package, folder)
    if python is None:
        return None
    if candidate.locale is not None:
        _make_locale(candidate.locale, _locales(python))
    tried = folder / "tried"
    tried.mkdir(exist_ok=True)
    few = Parts.of(FEW)
    few.write(tried)
    try:
        _run(candidate, python, tried, few)
    except subprocess.CalledProcessError as error:
        print(f"{candidate.name} is installed and does not run: {_last(error.stderr)}", file=sys.stderr)
        return None
    return python


def _make_locale(name: str, folder: Path) -> None:
    """A locale of this name in the folder, from the C library's sources where the machine has them."""
    folder.mkdir(exist_ok=True)
    language, _, letters = name.partition(".")
    with contextlib.suppress(FileNotFoundError):
        subprocess.run(["localedef", "-i", language, "-f", letters, str(folder / name)], capture_output=True)


def _locales(python: Path) -> Path:
    return python.parent.parent / "locales"


def _last(said: str) -> str:
    return next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "it said nothing")


def _run(candidate: Candidate, python: Path, folder: Path, parts: Parts) -> Run:
    locales = {"LOCPATH": str(_locales(python))} if candidate.locale is not None else {}
    began = time.monotonic()
    done = subprocess.run(
        [str(python), "-W", "ignore", "-m", "benchmarks.timed", candidate.key, str(folder)],
        cwd=ROOT,
        env={**os.environ, **ONE_THREAD, **locales},
        capture_output=True,
        text=True,
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


def section(
    comments: Comments, found: dict[str, list[Run]], *, load_before: float, learned_from: str = "our own examples alone"
) -> str:
    """The tables as Markdown. `learned_from` is what taught the plain pipeline."""
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
        "start of Python to the first answer; memory is the process's peak, in MB, when it had given that and at the "
        "end. AUC is for `toxic`, the mean of all the languages here, and of those that a peer was made for.",
        "",
        _table(found, judged),
        "",
        _words(comments, learned_from),
    ]
    if any(judged.values()):
        lines += ["", "AUC for `toxic`, by language; in brackets those that a peer was not made for:", ""]
        lines += [_languages(judged)]
    return "\n".join(lines)


COLUMNS: Sequence[tuple[str, Callable[[Run], float], Callable[[float], str]]] = (
    ("the same, a CPU second", lambda run: run.in_64s_per_cpu_s, rate),
    ("one call, a second", lambda run: run.at_once_per_s, rate),
    ("p50 ms", lambda run: run.p50_ms, small),
    ("p99 ms", lambda run: run.p99_ms, small),
    ("start, s", lambda run: run.start_s, small),
    ("memory, first answer", lambda run: run.first_mb, lambda mb: f"{mb:.0f}"),
    ("memory, end", lambda run: run.peak_mb, lambda mb: f"{mb:.0f}"),
)


def _table(found: dict[str, list[Run]], judged: dict[str, dict[str, float]]) -> str:
    def row(each: Candidate) -> list[str]:
        if each.key not in found:
            return [each.name, "not installed, or does not run here", *[""] * (len(COLUMNS) + 3)]
        runs, auc = found[each.key], judged[each.key]
        pairs = zip(runs, found[PLAIN], strict=True)
        ratio = Spread.of(run.in_64s_per_s / plain.in_64s_per_s for run, plain in pairs)
        return [
            each.name,
            Spread.of(run.in_64s_per_s for run in runs).shown(rate),
            f"{ratio.middle:.2f} ×",
            *(Spread.of(map(of, runs)).shown(form) for _, of, form in COLUMNS),
            _mean(auc),
            _mean({language: each_auc for language, each_auc in auc.items() if each.made_for(language)}),
        ]

    head = ["", "batches of 64, a second", "ratio", *(name for name, _, _ in COLUMNS), "AUC, all", "AUC, made for"]
    return report.table(head, map(row, CANDIDATES))


def _mean(auc: dict[str, float]) -> str:
    return share(fmean(auc.values())) if auc else "–"


def _languages(judged: dict[str, dict[str, float]]) -> str:
    languages = sorted({language for each in judged.values() for language in each})

    def cell(each: Candidate, language: str) -> str:
        shown = share(judged[each.key][language])
        return shown if each.made_for(language) else f"({shown})"

    rows = [[each.name, *(cell(each, language) for language in languages)] for each in CANDIDATES if each.key in judged]
    return report.table(["", *languages], rows)


def _words(comments: Comments, learned_from: str) -> str:
    told = (
        "What the rows do is not the same. Ours give eight labels, the language and the words that weighed most, and "
        "fold disguised spellings first; *scores alone* leaves out those words; the last one, the whole screening, "
        "also looks for links, telephone numbers and banned words. The plain pipeline (TF-IDF of words 1–2 and of "
        "characters 2–5 within words, as many n-grams at most as ours, logistic regression) gives one label of the "
        f"text as it stands, and learned in this run from {learned_from}. alt-profanity-check, hatesonar and "
        "arabic-toxic are models for one language; glin-profanity (all its languages, leet looked for) and "
        "better-profanity look for words of a list and answer yes or no, so their AUC is the mean of what they find "
        "and what they leave alone. hatesonar runs on ONNX, which is not told how many threads it may take: its CPU "
        "second is the fair one."
    )
    if not comments.toxic:
        return told + " All of these comments are such examples, short and well known to ours; no judgement is made."
    return told


def run(comments: Comments, *, runs: int, learn: Path | None = None, page: Path = report.PAGE) -> None:
    """Measure, and put the section into the page. `learn`: labelled comments that the plain pipeline learns from."""
    before = report.load_average()
    found = measure(comments, runs=runs, learn=learn)
    learned_from = "our own examples and every labelled comment that ours did" if learn else "our own examples alone"
    body = section(comments, found, load_before=before, learned_from=learned_from)
    report.write(f"Screening, {comments.about}", body, page=page)
