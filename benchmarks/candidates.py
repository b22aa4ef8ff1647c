"""What is measured: ways from texts to a score for `toxic`, in 0..1 or any other number that rises with it.

Each imports what it needs when it is made, so that starting it costs what it would cost anybody.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PEER_FILE = "peer.pickle"

Score = Callable[[Sequence[str]], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A way to score texts. `make` is given the folder where `train_peer` wrote; `package` is what must be installed,
    by the name it is imported by and the one it is installed by."""

    key: str
    name: str
    make: Callable[[Path], Score]
    package: tuple[str, str] | None = None

    def installed(self) -> bool:
        """Whether this machine has what it needs."""
        return self.package is None or importlib.util.find_spec(self.package[0]) is not None

    def shown(self) -> str:
        """Its name, with its version where it is somebody else's package."""
        if self.package is None or not self.installed():
            return self.name
        return f"{self.name} {importlib.metadata.version(self.package[1])}"


def _classifier(folder: Path) -> Score:
    from moderation.classifier import shipped
    from moderation.screening import load_checked

    classifier = load_checked(shipped())
    return lambda texts: [screened.scores["toxic"] for screened in classifier.classify(texts)]


def _screener(folder: Path) -> Score:
    from moderation.classifier import shipped
    from moderation.config import load_policy
    from moderation.screening import Screener, Subject, load_checked

    screener = Screener(load_policy(), load_checked(shipped()))

    def score(texts: Sequence[str]) -> list[float]:
        return [screening.scores["toxic"] for screening in screener.screen([Subject(text) for text in texts])]

    return score


def _plain(folder: Path) -> Score:
    # Nothing of ours is checked here, as a plain program would not: the file was written a moment ago by `train_peer`.
    pipeline: Any = pickle.loads((folder / PEER_FILE).read_bytes())

    def score(texts: Sequence[str]) -> list[float]:
        scores: list[float] = pipeline.predict_proba(texts)[:, 1].tolist()
        return scores

    return score


def _profanity_check(folder: Path) -> Score:
    module: Any = importlib.import_module("profanity_check")

    def score(texts: Sequence[str]) -> list[float]:
        scores: list[float] = module.predict_prob(list(texts)).tolist()
        return scores

    return score


CANDIDATES = (
    Candidate("classifier", "our classifier", _classifier),
    Candidate("screener", "our screening, rules and all", _screener),
    Candidate("plain", "plain scikit-learn pipeline", _plain),
    Candidate(
        "profanity_check", "alt-profanity-check", _profanity_check, package=("profanity_check", "alt-profanity-check")
    ),
)

PLAIN = "plain"
"""The one that all others are set against."""


def candidate(key: str) -> Candidate:
    """The candidate of this key. Raises KeyError."""
    return {each.key: each for each in CANDIDATES}[key]


def train_peer(folder: Path, *, examples_at_most: int | None = None) -> None:
    """Train the plain pipeline on our own examples and write it into `folder`, by pickle: the fastest to load.

    `examples_at_most` is for tests, which only want it to exist.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    from benchmarks.comments import TOXIC
    from moderation.classifier.examples import own_examples

    known = [example for example in own_examples() if example.text and example.known[TOXIC] is not None]
    step = max(1, len(known) // examples_at_most) if examples_at_most else 1
    known = known[::step]
    pipeline = make_pipeline(
        make_union(TfidfVectorizer(ngram_range=(1, 2)), TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5))),
        LogisticRegression(max_iter=1000),
    )
    pipeline.fit([example.text for example in known], [bool(example.known[TOXIC]) for example in known])
    (folder / PEER_FILE).write_bytes(pickle.dumps(pipeline))
