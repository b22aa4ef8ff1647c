"""The second stage's part of a training: comments drawn from all, their vectors, and the small networks on them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from moderation.classifier.calibration import BUDGET, HOLD_AT, KIN, Measured, calibrate, measure, side_weights, suggest
from moderation.classifier.data import Example, drawn
from moderation.classifier.encoder import WIDTH
from moderation.classifier.labels import LABELS, LANGUAGES
from moderation.classifier.languages import UNKNOWN
from moderation.classifier.model import Classifier
from moderation.classifier.scoring import calibrated, rows_of
from moderation.classifier.second import Heads
from moderation.classifier.sources import OURS
from moderation.classifier.vectors import Vectors
from moderation.classifier.weights import balance, imply, known_matrix

Floats = NDArray[np.floating[Any]]

# Of each file, language and side: a vector costs 20 ms, and the thousandth comment of one file tells little.
LEARNED_OF_EACH, HELD_OF_EACH = 300, 500
OURS_OF_EACH = 900  # of our own phrases: one is filled a dozen times, so that few draws leave most of them out
UNITS, ROUNDS, DECAY = 128, 30, 3.0
# The labels whose share of clean comments that may be held can be found in so few; the others stay the fast stage's.
# So do threats: to the encoder "shoot the messenger" is one, and it lowered what the fast stage saw in Arabic.
JOINED = tuple(label for label in LABELS if BUDGET[label] >= 4 / HELD_OF_EACH and label != "threat")
ALONE: Mapping[str, int] = {"sexual": 60, "spam": 60}
"""Labels that are read only in languages in which so many of each side tell how much the encoder's word is worth."""

ENOUGH = 200  # of each side, or a language takes the share of all together
MOST_SHARE = 1.0  # times what all languages together give: one set of a language tells how it was made as well
# Of romanised Hindi and Urdu one set of tweets tells the share, and hardly which: a third of it does as well there.
ROMANISED = 0.5
ASKED = (0.05, 0.95)
CLEAN_OF_EACH = 50  # clean comments of a set, or it does not say how much both stages hold
ALLOWED = 0.95  # times what the fast stage holds of them
STEP, MOST_STEPS = 0.1, 30


def learn_second(
    fast: Classifier,
    examples: Sequence[Example],
    held: Sequence[Example],
    *,
    vectors: Vectors,
    progress: Callable[[str], None],
) -> tuple[Heads, Mapping[str, tuple[float, float]]]:
    """Networks learned on `examples`, their share and calibration on `held`; of both, a sample drawn by fixed rules.

    Beside them, for each label, the thresholds that its scores suggest. Raises what the encoder and its cache raise.
    """
    learned, kept = _to_learn(examples), drawn(held, HELD_OF_EACH)
    progress(f"second stage: {len(learned):,} examples to learn from, {len(kept):,} held out")
    inputs = vectors.of([example.text for example in learned], progress=progress)
    asked = known_matrix(learned)
    known = imply(asked)
    weights = balance(learned, known, asked)
    heads = _blank()
    for column, label in enumerate(LABELS):
        if label not in JOINED:
            continue
        rows = np.flatnonzero(~np.isnan(known[:, column]) & (weights[:, column] > 0))
        answers = known[rows, column] > 0.5
        if len(set(answers.tolist())) == 2:
            _learn(heads, column, inputs[rows], answers, weights[rows, column])
            progress(f"  {label}: {int(answers.sum()):,} of {len(rows):,} examples")
    texts = [example.text for example in kept]
    margins, languages = fast.margins(texts)
    own = heads.own_margins(vectors.of(texts, progress=progress))
    measured = measure(margins, imply(known_matrix(kept)), languages, [example.source for example in kept])
    share = _shares(measured, own)
    joined = Measured(margins + share[rows_of(languages)] * own, measured.known, measured.languages, measured.sources)
    # Where the encoder adds nothing the fast stage's calibration stands: it comes from many more comments.
    slope, shift = (
        np.where(share > 0, both, alone) for both, alone in zip(calibrate(joined), fast.calibration, strict=True)
    )
    heads = replace(heads, share=share, slope=slope, shift=shift)
    hold_no_more(heads, measured, joined, fast.calibration)
    return heads, suggest(calibrated(joined.margins, languages, heads.slope, heads.shift), joined)


def _to_learn(examples: Sequence[Example]) -> list[Example]:
    others = [example for example in examples if not example.source.startswith(OURS)]
    ours = [example for example in examples if example.source.startswith(OURS)]
    return [*drawn(others, LEARNED_OF_EACH), *drawn(ours, OURS_OF_EACH)]


def hold_no_more(heads: Heads, measured: Measured, joined: Measured, alone: tuple[Floats, Floats]) -> None:
    """Lower what both stages say in a language until they hold fewer of its clean comments than the fast one alone.

    Each label's scores hold their share of the clean; but the labels of both stages together may be wrong of others.
    """
    scores = calibrated(measured.margins, measured.languages.tolist(), *alone)
    doubtful = heads.doubtful(scores)[:, None]
    for row, language in enumerate(LANGUAGES):
        lowered = heads.share[row] > 0
        sets = _clean_sets(measured, language)
        if not sets or not lowered.any():
            continue
        allowed = ALLOWED * _held(scores, sets)
        for _ in range(MOST_STEPS):
            both = calibrated(joined.margins, [language] * len(scores), heads.slope, heads.shift)
            if _held(np.where(doubtful, both, scores), sets) <= allowed:
                break
            heads.shift[row, lowered] -= STEP


def _clean_sets(measured: Measured, language: str) -> list[NDArray[np.bool_]]:
    """The rows of each set of clean comments in a language; what we wrote ourselves is clearer, and is none."""
    toxic = measured.known[:, LABELS.index("toxic")]
    clean = (toxic == 0) & ~(measured.known == 1).any(axis=1)
    clean &= np.isin(measured.languages, KIN.get(language, (language,)))
    names = [name for name in np.unique(measured.sources[clean]) if not str(name).startswith(OURS)]
    sets = [clean & (measured.sources == name) for name in names]
    return [rows for rows in sets if rows.sum() >= CLEAN_OF_EACH]


def _held(scores: Floats, sets: Sequence[NDArray[np.bool_]]) -> float:
    """The share that is not published, in the mean over the sets."""
    return fmean(float((scores[rows] >= HOLD_AT).any(axis=1).mean()) for rows in sets)


def _blank() -> Heads:
    labels, languages = len(LABELS), len(LANGUAGES)
    by_language = np.zeros((languages, labels))
    return Heads(
        np.zeros((labels, WIDTH, UNITS), np.float32),
        np.zeros((labels, UNITS), np.float32),
        np.zeros((labels, UNITS), np.float32),
        np.full(labels, -4.0, np.float32),
        by_language,
        by_language,
        by_language,
        np.array(ASKED),
    )


def _learn(heads: Heads, column: int, inputs: Floats, answers: NDArray[np.bool_], weights: Floats) -> None:
    """Fill one label's network. The inputs' spread is learned too and put into its first weights."""
    middle, spread = inputs.mean(axis=0), inputs.std(axis=0) + 1e-6
    model = MLPClassifier((UNITS,), alpha=DECAY, max_iter=ROUNDS, random_state=0, batch_size=256)
    with warnings.catch_warnings():
        # The rounds are bounded on purpose, as the fast stage's are.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit((inputs - middle) / spread, answers, sample_weight=weights)
    hidden = model.coefs_[0] / spread[:, None]
    heads.hidden[column] = hidden
    heads.hidden_bias[column] = model.intercepts_[0] - middle @ hidden
    heads.out[column] = model.coefs_[1][:, 0]
    heads.out_bias[column] = model.intercepts_[1][0]


def _shares(measured: Measured, own: Floats) -> Floats:
    """Languages × labels: what the encoder's margin counts beside the fast stage's, for which that is 1."""
    shares = np.zeros((len(LANGUAGES), len(LABELS)))
    for column in map(LABELS.index, JOINED):
        known = ~np.isnan(measured.known[:, column])
        together = _share(measured, own, known, column, enough=1) or 0.0
        alone = ALONE.get(LABELS[column])
        for row, language in enumerate(LANGUAGES):
            if language == UNKNOWN:  # signs by themselves, of whose meaning a sentence encoder knows nothing
                continue
            here = known & np.isin(measured.languages, KIN.get(language, (language,)))
            found = _share(measured, own, here, column, enough=alone or ENOUGH)
            if found is None:
                found = 0.0 if alone else together
            shares[row, column] = min(found, MOST_SHARE * together) * (ROMANISED if language in KIN else 1.0)
    return shares


def _share(measured: Measured, own: Floats, rows: NDArray[np.bool_], column: int, *, enough: int) -> float | None:
    """None where too few are known, 0 where the encoder adds nothing."""
    answers = measured.known[:, column]
    if min(int((rows & (answers == side)).sum()) for side in (0.0, 1.0)) < enough:
        return None
    both = np.stack([measured.margins[rows, column], own[rows, column]], axis=1)
    weights = side_weights(measured, rows, column)[rows] * rows.sum()
    fast, encoded = LogisticRegression(C=100.0).fit(both, answers[rows] > 0.5, sample_weight=weights).coef_[0]
    return float(max(encoded, 0.0) / fast) if fast > 0 else MOST_SHARE
