"""Train the classifier without its main ideas, add them one by one, and set down what each is worth.

    python -m scripts.ablation ../shared/data/train ../shared/data/dev [CACHE]

Writes `docs/ablation.md`, after each column anew. An hour and a half; the second stage's columns want its package, and
CACHE keeps what its encoder made of comments for another time.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from benchmarks.candidates import plain_grams
from moderation.classifier import LABELS, Classifier, load, model, shipped, training
from moderation.classifier.data import Example, not_commercial, read_examples
from moderation.classifier.evaluation import Evaluation, judge
from moderation.classifier.labels import LANGUAGES
from moderation.classifier.normalise import LONGEST_KEPT, Normalised
from moderation.classifier.scored import score_folder

PAGE = Path(__file__).resolve().parent.parent / "docs" / "ablation.md"
OF_EACH = 400
"""Comments of each held-out file, language and side at most."""

ABUSE = 0.05
"""Share of comments that break the terms, where it is asked what is wrong of what is decided."""

LONG = 200
"""Code points above which a comment is a long one."""

PLAIN_THRESHOLDS: Mapping[str, tuple[float, float]] = dict.fromkeys(LABELS, (0.5, 2.0))

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Area:
    """One line of the table: how well a label is told apart, the mean of the sets of some languages."""

    name: str
    label: str
    languages: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flagged:
    """One line: how much clean text of a set is not published."""

    name: str
    language: str
    sources: tuple[str, ...]


AREAS = (
    Area("English news comments", "toxic", ("en",), ("en_ucc_news_NC",)),
    Area("hatred under news and in forums, English", "identity_hate", ("en",), ("en_youtoxic", "en_stormfront")),
    Area("hatred written to be missed, English", "identity_hate", ("en",), ("en_dynahate", "en_implicit_hate")),
    Area("social posts, English", "toxic", ("en",), ("en_olid", "en_hasoc", "en_sbic", "en_trac_aggression_NC")),
    Area("sexual content, English", "sexual", ("en",), ("en_sbic", "en_edos")),
    Area("Hindi", "toxic", ("hi",), ("hi_macd", "hi_hasoc")),
    Area("romanised Hindi, hatred", "identity_hate", ("hi-Latn",), ("hi-Latn_bohra_hate",)),
    Area("Urdu", "toxic", ("ur",), ("ur_nuhons_youtube", "ur_hs_tweets", "ur_uad_youtube")),
    Area("romanised Urdu", "toxic", ("ur-Latn",), ("ur-Latn_ruhsold",)),
    Area("Marathi", "toxic", ("mr",), ("mr_mold", "mr_mahahate_NC")),
    Area("Arabic comments and posts", "toxic", ("ar",), ("ar_alakrot_youtube", "ar_lhsab", "ar_osact4")),
    Area("spam", "spam", ("en", "hi"), ("spam_hi_sms_mt", "spam_reddit_ads", "spam_sms")),
    Area("suite of hatred with emoji, English", "identity_hate", ("en",), ("suite_hatemojicheck_en",)),
    Area("templates naming a group, English", "toxic", ("en",), ("suite_bias_madlibs_en",)),
    Area("templates naming a group, romanised Hindi", "toxic", ("hi-Latn",), ("suite_bias_templates_hi-Latn",)),
)
CLEAN = (
    Flagged("sentences naming a group, English", "en", ("suite_bias_madlibs_en", "en_toxigen_annotated")),
    *(
        Flagged(f"words of war and terror, {name}", language, ("suite_violent_news_vocab_clean",))
        for language, name in (("en", "English"), ("hi", "Hindi"), ("mr", "Marathi"), ("ar", "Arabic"))
    ),
    Flagged("news comments, English", "en", ("en_ucc_news_NC",)),
)


class Reference:
    """What anybody would train: words 1–2 and runs of 2 to 5 characters, one logistic regression for each label.

    It is believed at one half, and decides nothing against a comment by itself.
    """

    version = "plain"
    thresholds = PLAIN_THRESHOLDS

    def __init__(self, examples: Sequence[Example]) -> None:
        self._grams = plain_grams(sublinear_tf=True)
        rows = self._grams.fit_transform([example.text for example in examples])
        self._heads = []
        for column in range(len(LABELS)):
            known = [place for place, example in enumerate(examples) if example.known[column] is not None]
            answers = [bool(examples[place].known[column]) for place in known]
            self._heads.append(LogisticRegression(max_iter=200).fit(rows[known], answers))

    def scores(self, texts: Sequence[str]) -> tuple[Floats, list[str]]:
        """Texts × labels; no language is told."""
        rows = self._grams.transform(texts)
        return np.column_stack([head.predict_proba(rows)[:, 1] for head in self._heads]), [""] * len(texts)


def as_it_stands(text: str) -> Normalised:
    """A text in small letters with one space between its words, and nothing else done to it."""
    plain = " ".join(text.lower().split())[:LONGEST_KEPT]
    return Normalised(plain, lambda: tuple(range(len(plain))))


def itself(form: Any, *_: Any) -> Any:
    """In place of a step that changes something."""
    return form


def all_alike(examples: Sequence[Example], known: Floats, asked: Floats) -> Floats:
    """Every known answer counts one."""
    return (~np.isnan(known)).astype(float)


Left = tuple[tuple[Any, str, Any], ...]
FORMS: Left = ((training, "normalise", as_it_stands), (model, "normalise", as_it_stands))
WEIGHTS: Left = ((training, "balance", all_alike), (training, "imply", itself))
PHRASES: Left = ((training, "own_examples", lambda **_: []),)
NAMES: Left = ((training, "folded", itself), (model, "folded", itself))
PARTS: Left = ((model, "parts_of", lambda text, form: ()),)
LETTERS: Left = ((training, "respelt_examples", lambda given: []),)
LEARNED: tuple[tuple[str, Left], ...] = (
    ("ours, bare", (*FORMS, *WEIGHTS, *PHRASES, *LETTERS, *NAMES, *PARTS)),
    ("+ files and sides weighed", (*FORMS, *PHRASES, *LETTERS, *NAMES, *PARTS)),
    ("+ one normal form", (*PHRASES, *LETTERS, *NAMES, *PARTS)),
    ("+ our own phrases", (*LETTERS, *NAMES, *PARTS)),
    ("+ Hindi in other letters", (*NAMES, *PARTS)),
)
"""What is trained here, and what is left out of each; with names as one mark it is what ships."""


@contextmanager
def without(left: Left) -> Iterator[None]:
    """The package with these steps taken out."""
    with ExitStack() as stack:
        for place, name, instead in left:
            stack.enter_context(patch.object(place, name, instead))
        yield


def measured(classifier: Classifier | Reference, dev: Path) -> Evaluation:
    """One column's figures by set."""
    return judge(classifier, score_folder(classifier, dev, progress=lambda line: None, at_most=OF_EACH))


def measured_long(classifier: Classifier, dev: Path) -> Evaluation:
    """What becomes of every long comment."""
    scored = score_folder(classifier, dev, progress=lambda line: None)
    kept = []
    for part in scored:
        rows = [place for place, example in enumerate(part.examples) if len(example.text) > LONG]
        kept.append(replace(part, examples=[part.examples[place] for place in rows], scores=part.scores[rows]))
    return judge(classifier, kept)


def columns(
    train: Path, dev: Path, say: Callable[[str], None], cache: Path | None = None
) -> Iterator[tuple[str, Evaluation]]:
    """Every step, the plainest first."""
    say("a plain pipeline")
    yield "plain pipeline", measured(Reference(list(read_examples(train, skip=not_commercial))), dev)
    with tempfile.TemporaryDirectory(prefix="baithak-ablation-") as folder:
        for number, (name, left) in enumerate(LEARNED):
            say(name)
            with without(left):
                out = Path(folder) / f"{number}.skops"
                made = training.train(train, out=out, version=name, progress=say, held_out=dev, stages="fast")
                yield name, measured(load(out, sha256=made.sha256, stages="fast"), dev)
    ships = shipped()
    fast = load(ships.path, sha256=ships.sha256, stages="fast")
    with without(PARTS):
        yield "+ names of groups as one mark", measured(fast, dev)
    yield "+ parts of long comments (the fast stage that ships)", measured(fast, dev)
    both = load(ships.path, sha256=ships.sha256)
    if both.alone is not None:
        return
    with tempfile.TemporaryDirectory(prefix="baithak-ablation-") as folder:
        say("a second stage whose encoder was taught nothing")
        out = Path(folder) / "plain.skops"
        made = training.train(train, out=out, version="plain", progress=say, held_out=dev, cache=cache)
        yield "+ the second stage", measured(load(out, sha256=made.sha256), dev)
    say("both stages")
    yield "+ its encoder taught (what ships)", measured(both, dev)


def area(judged: Evaluation, wanted: Area) -> str:
    """The mean over the sets that hold enough of both sides."""
    found = [
        figure.auc
        for figure in judged.labels
        if figure.label == wanted.label and figure.language in wanted.languages and figure.source in wanted.sources
    ]
    return f"{fmean(found):.3f}" if found else "–"


def flagged(judged: Evaluation, wanted: Flagged) -> str:
    """The share of clean comments that are not published."""
    found = [
        1 - figure.published
        for figure in judged.outcomes
        if figure.side == "clean" and figure.language == wanted.language and figure.source in wanted.sources
    ]
    return f"{fmean(found):.1%}" if found else "–"


def wrong(judged: Evaluation) -> str:
    """What is wrong of what is decided without a person, the mean over sets with both sides."""
    if judged.thresholds is PLAIN_THRESHOLDS:
        return "–"
    sides = {(figure.source, figure.language, figure.side): figure for figure in judged.outcomes}
    shares = []
    for (source, language, side), clean in sides.items():
        abuse = sides.get((source, language, "abuse"))
        if side == "clean" and abuse is not None:
            decided = (1 - ABUSE) * (1 - clean.held) + ABUSE * (1 - abuse.held)
            shares.append(((1 - ABUSE) * clean.rejected + ABUSE * abuse.published) / decided)
    return f"{fmean(shares):.1%}" if shares else "–"


def outcomes(judged: Evaluation, language: str, side: str) -> list[str]:
    """How many comments, and what is published, held and rejected of them: the mean over the sets."""
    found = [figure for figure in judged.outcomes if (figure.language, figure.side) == (language, side)]
    shares = [fmean(getattr(figure, what) for figure in found) for what in ("published", "held", "rejected")]
    return [f"{sum(figure.comments for figure in found):,}", " · ".join(f"{share:.1%}" for share in shares)]


def long_comments(dev: Path) -> str:
    """The table of what parts do to long comments, by the fast stage that ships."""
    ships = shipped()
    fast = load(ships.path, sha256=ships.sha256, stages="fast")
    with without(PARTS):
        whole = measured_long(fast, dev)
    parts = measured_long(fast, dev)
    sides = {(figure.language, figure.side) for figure in parts.outcomes if figure.language in LANGUAGES}
    return "\n".join([
        "## Long comments, scored whole and in parts",
        "",
        f"Every held-out comment of more than {LONG} code points, by the fast stage that ships, by its own thresholds; "
        "the mean over the sets of a language with 20 of them or more.",
        "",
        row(["language", "side", "comments", "whole: published · held · rejected", "whole and in parts"]),
        row(["---", "---", "---:", "---:", "---:"]),
        *(row([*side, *outcomes(whole, *side), outcomes(parts, *side)[1]]) for side in sorted(sides)),
        "",
    ])  # fmt: skip


def page(found: Sequence[tuple[str, Evaluation]]) -> str:
    """The page's tables of every column, as Markdown."""
    head = ["", *(name for name, _ in found)]
    lines = [
        "# What each idea brought",
        "",
        "Written by `python -m scripts.ablation`: each column has one idea more than the one before it. Up to "
        f"{OF_EACH} comments of each held-out file, language and side; a row with several sets is their mean. The "
        f"plain pipeline, the first {len(LEARNED)} of ours and the second stage whose encoder was taught nothing were "
        "trained for this page, on the same files; the others are the model that ships, with a step left out. *Ours, "
        "bare* reads the texts as they stand, in small letters, and "
        "every answer counts alike. Held-out files set each column's thresholds and calibration too, but for those "
        "marked NC.",
        "",
        "## Area under the ROC curve",
        "",
        row(head),
        row(["---", *["---:"] * len(found)]),
        *(row([f"{each.name} (`{each.label}`)", *(area(judged, each) for _, judged in found)]) for each in AREAS),
        "",
        "## Clean comments not published, and what is wrong of what is decided",
        "",
        "The plain pipeline is taken to flag what it gives a half or more for any label; it decides nothing. The last "
        f"row is the mean over all sets with both sides, as if {ABUSE:.0%} of their comments broke the terms.",
        "",
        row(head),
        row(["---", *["---:"] * len(found)]),
        *(row([each.name, *(flagged(judged, each) for _, judged in found)]) for each in CLEAN),
        row(["*wrong of what is decided without a person*", *(wrong(judged) for _, judged in found)]),
        "",
    ]
    return "\n".join(lines)


def row(cells: Sequence[str]) -> str:
    """A line of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Train, measure and write the page."""
    train, dev, *cache = (Path(given) for given in sys.argv[1:4])
    longer = long_comments(dev)
    found: list[tuple[str, Evaluation]] = []
    for name, judged in columns(train, dev, lambda line: print(line, flush=True), *cache):
        found.append((name, judged))
        PAGE.write_text(f"{page(found)}\n{longer}", encoding="utf-8")
        print(f"measured: {name}", flush=True)


if __name__ == "__main__":
    main()
