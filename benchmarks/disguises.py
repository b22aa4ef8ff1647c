"""What is still caught when its weightiest words are disguised: ours beside the plain pipeline, folded and unfolded.

labelled comments → each candidate's own weightiest words → each attack on them → recall kept, by language
                  → docs/benchmarks.md
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import report
from benchmarks.candidates import known_examples, plain_pipeline
from moderation.classifier import shipped
from moderation.classifier.figures.attacks import ATTACKS
from moderation.classifier.figures.retention import FALSE_ALARMS, LABEL, Attacked, Retention, retention
from moderation.classifier.labels import LABELS
from moderation.classifier.model import Screened, load
from moderation.classifier.normalise import normalise
from moderation.classifier.scored import score_folder

OF_EACH = 300
"""Comments of each file, language and side at most."""

AT_MOST = (150, 150)
"""Of each language, caught ones and clean ones: the second stage takes 23 ms for many of them, eight ways each."""

FEWEST = 50
"""In a language, or what is kept of them is chance."""

WEIGHTIEST = 3
"""Words of a comment that the plain pipeline's writer finds out by leaving each one out."""

_WORD = re.compile(r"\w+")
_TOXIC = LABELS.index(LABEL)


class Plain:
    """Anybody's pipeline, asked as our classifier is. It knows `toxic` alone; `form` is done to each text first."""

    def __init__(self, pipeline: Any, form: Callable[[str], str]) -> None:
        self._pipeline = pipeline
        self._form = form

    def scores(self, texts: Sequence[str]) -> tuple[NDArray[np.floating[Any]], list[str]]:
        """Texts × labels, all but `toxic` 0; no language is told."""
        scores = np.zeros((len(texts), len(LABELS)))
        if texts:
            scores[:, _TOXIC] = self._pipeline.predict_proba([self._form(text) for text in texts])[:, 1]
        return scores, [""] * len(texts)

    def classify(self, texts: Sequence[str]) -> list[Screened]:
        """The words without which a text scores least, in the order of the text."""
        return [Screened("", {}, {LABEL: self._weightiest(text)}) for text in texts]

    def _weightiest(self, text: str) -> tuple[tuple[int, int], ...]:
        words = [match.span() for match in _WORD.finditer(text)]
        without, _ = self.scores([text[:begin] + text[end:] for begin, end in words])
        least = np.argsort(without[:, _TOXIC], kind="stable")[:WEIGHTIEST]
        return tuple(words[place] for place in sorted(least.tolist()))


def candidates(learn: Path | None) -> dict[str, Attacked]:
    """Each one by its name. Ends the program where the second stage's encoder is not installed."""
    known = known_examples(learn)
    model = shipped()
    both = load(model.path, sha256=model.sha256)
    if both.alone:
        raise SystemExit(f"nothing to measure: {both.alone}")
    return {
        "plain pipeline, texts as they stand": Plain(plain_pipeline(known), lambda text: text),
        "plain pipeline behind our normal form": Plain(
            plain_pipeline([(_folded(text), toxic) for text, toxic in known]), _folded
        ),
        "our classifier, fast stage": load(model.path, sha256=model.sha256, stages="fast"),
        "our classifier, both stages": both,
    }


def _folded(text: str) -> str:
    return normalise(text).text


def run(folder: Path, *, learn: Path | None = None, page: Path = report.PAGE, of_each: int = OF_EACH) -> None:
    """Attack each candidate on a folder of labelled comments and write the section."""
    before = report.load_average()
    found: dict[str, list[Retention]] = {}
    for name, candidate in candidates(learn).items():
        print(name, flush=True)
        scored = score_folder(candidate, folder, progress=print, at_most=of_each)
        found[name] = retention(candidate, scored, progress=print, at_most=AT_MOST)
    report.write("Recall kept under disguises, with and without folding", _body(found, before, learn), page=page)


def _body(found: dict[str, list[Retention]], before: float, learn: Path | None) -> str:
    rows = [[attack.name, *(_cell(each, attack.key) for each in found.values())] for attack in ATTACKS]
    alarms = [["*clean ones caught*, mean of all ways", *(_alarms(each) for each in found.values())]]
    taught = "our own examples and every labelled comment that ours did" if learn else "our own examples alone"
    return "\n".join([
        report.machine(runs=1, load_before=before),
        "",
        f"A comment is caught where it scores more for `{LABEL}` than all but {FALSE_ALARMS:.0%} of its set's clean "
        f"ones, by each candidate's own scores; up to {AT_MOST[0]} that it caught in each language are written again "
        "with the words disguised that weighed most for it: ours names them itself, of the plain pipeline's each word "
        f"is left out in turn, and the {WEIGHTIEST} are taken without which it scores least. A cell is the share "
        f"caught still: the mean of the languages with {FEWEST} comments or more that can be disguised so, and the "
        f"least of them. Both plain pipelines learned from {taught}; folding is the only difference between them.",
        "",
        report.table(["", *found], [*rows, *alarms]),
    ])  # fmt: skip


def _cell(found: Sequence[Retention], attack: str) -> str:
    kept = [(each.kept.value, each.language) for each in found if each.attack == attack and each.comments >= FEWEST]
    if not kept:
        return "–"
    least, language = min(kept)
    return f"{fmean(value for value, _ in kept):.0%} ({language} {least:.0%})"


def _alarms(found: Sequence[Retention]) -> str:
    return f"{fmean(each.false_alarms.value for each in found):.1%}" if found else "–"
