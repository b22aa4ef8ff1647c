"""What is measured: ways from texts to a score for `toxic`, in 0..1 or any other number that rises with it.

Each imports what it needs when it is made, so that starting it costs what it would cost anybody.
"""

from __future__ import annotations

import importlib
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.environments import Package

PEER_FILE = "peer.pickle"
LOCKS = Path(__file__).resolve().parent / "requirements"
MOST_GRAMS = 220_000
"""Of the plain pipeline, as many as our classifier keeps; no n-gram that a single example has."""

Score = Callable[[Sequence[str]], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A way to score texts. `make` is given the folder where `train_peer` wrote; `package` is what an environment of
    its own must have, `locale` the one its machine must have, and `knows` the languages it was made for, none for all.
    """

    key: str
    name: str
    make: Callable[[Path], Score]
    package: Package | None = None
    knows: tuple[str, ...] = ()
    locale: str | None = None

    def made_for(self, language: str) -> bool:
        """Whether its makers meant it for this language."""
        return not self.knows or language in self.knows


def _classifier(folder: Path) -> Score:
    from moderation.classifier import shipped
    from moderation.screening import load_checked

    classifier = load_checked(shipped(), "fast")
    return lambda texts: [screened.scores["toxic"] for screened in classifier.classify(texts)]


def _scores(folder: Path) -> Score:
    from moderation.classifier import LABELS, shipped
    from moderation.screening import load_checked

    classifier, toxic = load_checked(shipped(), "fast"), LABELS.index("toxic")

    def score(texts: Sequence[str]) -> list[float]:
        scores: list[float] = classifier.scores(texts)[0][:, toxic].tolist()
        return scores

    return score


def _both_stages(folder: Path) -> Score:
    from moderation.classifier import shipped
    from moderation.screening import load_checked

    classifier = load_checked(shipped(), "all")
    if classifier.alone:
        raise ImportError(classifier.alone)
    return lambda texts: [screened.scores["toxic"] for screened in classifier.classify(texts)]


def _screener(folder: Path) -> Score:
    from moderation.classifier import shipped
    from moderation.config import load_policy
    from moderation.screening import Screener, Subject, load_checked

    screener = Screener(load_policy(), load_checked(shipped(), "fast"))

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


def _hatesonar(folder: Path) -> Score:
    sonar: Any = importlib.import_module("hatesonar").Sonar()

    def score(texts: Sequence[str]) -> list[float]:
        told = ({each["class_name"]: each["confidence"] for each in sonar.ping(text)["classes"]} for text in texts)
        return [1 - float(each["neither"]) for each in told]

    return score


def _arabic_toxic(folder: Path) -> Score:
    module: Any = importlib.import_module("arabic_toxic")

    def score(texts: Sequence[str]) -> list[float]:
        return [
            max(value for label, value in each.items() if label != "NOT") / 100
            for each in module.predict_proba(list(texts))
        ]

    return score


def _glin_profanity(folder: Path) -> Score:
    found: Any = importlib.import_module("glin_profanity").Filter({"all_languages": True, "detect_leetspeak": True})
    return lambda texts: [float(found.is_profane(text)) for text in texts]


def _better_profanity(folder: Path) -> Score:
    found: Any = importlib.import_module("better_profanity").profanity
    found.load_censor_words()
    return lambda texts: [float(found.contains_profanity(text)) for text in texts]


def _of(wanted: str, make: Callable[[Path], Score], *, knows: tuple[str, ...], locale: str | None = None) -> Candidate:
    """Somebody else's package, shown with its version."""
    name, _, version = wanted.partition("==")
    package = Package(name, f"{name} {version}", (wanted,), LOCKS)
    return Candidate(name, package.title, make, package, knows, locale)


CANDIDATES = (
    Candidate("classifier", "our classifier", _classifier),
    Candidate("both", "our classifier, both stages", _both_stages),
    Candidate("scores", "our classifier, scores alone", _scores),
    Candidate("screener", "our screening, rules and all", _screener),
    Candidate("plain", "plain scikit-learn pipeline", _plain),
    _of("alt-profanity-check==1.9.1", _profanity_check, knows=("en",)),
    _of("hatesonar==0.1.0", _hatesonar, knows=("en",), locale="en_US.UTF-8"),
    _of("arabic-toxic==0.2.3", _arabic_toxic, knows=("ar",)),
    _of("glin-profanity==4.1.0", _glin_profanity, knows=("en", "hi", "ar")),
    _of("better-profanity==0.7.0", _better_profanity, knows=("en",)),
)

PACKAGES = tuple(each.package for each in CANDIDATES if each.package is not None)
"""What is installed to be measured beside."""

PLAIN = "plain"
"""The one that all others are set against."""


def candidate(key: str) -> Candidate:
    """The candidate of this key. Raises KeyError."""
    return {each.key: each for each in CANDIDATES}[key]


def train_peer(folder: Path, *, learn: Path | None = None, examples_at_most: int | None = None) -> None:
    """Train the plain pipeline and write it into `folder`, by pickle: the fastest to load.

    It learns from `known_examples`. `examples_at_most` takes as many of them, evenly.
    """
    known = known_examples(learn)
    step = max(1, len(known) // examples_at_most) if examples_at_most else 1
    (folder / PEER_FILE).write_bytes(pickle.dumps(plain_pipeline(known[::step])))


def plain_pipeline(known: Sequence[tuple[str, bool]]) -> Any:
    """What anybody would write with scikit-learn, fitted on texts and whether they are toxic."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    pipeline = make_pipeline(plain_grams(), LogisticRegression(max_iter=1000))
    return pipeline.fit([text for text, _ in known], [toxic for _, toxic in known])


def plain_grams(**more: Any) -> Any:
    """Words 1–2 and runs of 2 to 5 characters within words, weighed by TF-IDF. `more` is said to both."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

    kept = {"max_features": MOST_GRAMS // 2, "min_df": 2, **more}
    return make_union(
        TfidfVectorizer(ngram_range=(1, 2), **kept), TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), **kept)
    )


def known_examples(learn: Path | None) -> list[tuple[str, bool]]:
    """Our own examples, and with `learn` that folder's, files for measuring only left out: what ours learned from."""
    from benchmarks.comments import TOXIC
    from moderation.classifier.data import not_commercial, read_examples
    from moderation.classifier.examples import own_examples

    examples = [*own_examples(), *(read_examples(learn, skip=not_commercial) if learn else ())]
    return [(each.text, bool(each.known[TOXIC])) for each in examples if each.text and each.known[TOXIC] is not None]
