"""One linear model per label over the same features, and how its margin becomes a score."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

Floats = NDArray[np.floating[Any]]


class LabelHeads(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """A logistic regression per label, each fitted on the rows where its label is known, and calibrated per language.

    `coef_` is features × labels, so that the weights of an n-gram for all labels lie together. `slope_` and `shift_`
    are languages × labels, in the order of `languages`: a score is expit(slope · margin + shift).
    """

    def __init__(
        self, labels: Sequence[str] = (), languages: Sequence[str] = (), strength: float = 4.0, at_most: int = 80
    ) -> None:
        self.labels = labels
        self.languages = languages
        self.strength = strength
        self.at_most = at_most

    def fit(
        self,
        features: csr_matrix,
        known: Floats,
        *,
        weights: Floats,
        progress: Callable[[str], None] = lambda line: None,
    ) -> Self:
        """`known` is rows × labels with NaN where nobody said; `weights` has the same shape, in mean about 1."""
        self.coef_ = np.zeros((features.shape[1], len(self.labels)), dtype=np.float32)
        self.intercept_ = np.full(len(self.labels), -4.0, dtype=np.float32)
        for column, label in enumerate(self.labels):
            rows = np.flatnonzero(~np.isnan(known[:, column]) & (weights[:, column] > 0))
            answers = known[rows, column] > 0.5
            if len(set(answers.tolist())) < 2:
                progress(f"  {label}: no two sides to learn from, it will always score low")
                continue
            model = LogisticRegression(C=self.strength, solver="lbfgs", max_iter=self.at_most, tol=1e-6)
            with warnings.catch_warnings():
                # The rounds are bounded on purpose: the last hundredths of convergence change no outcome.
                warnings.simplefilter("ignore", ConvergenceWarning)
                model.fit(features[rows], answers, sample_weight=weights[rows, column])
            self.coef_[:, column] = model.coef_[0]
            self.intercept_[column] = model.intercept_[0]
            progress(f"  {label}: {int(answers.sum()):,} of {len(rows):,} examples, {int(model.n_iter_[0])} iterations")
        self.slope_: Floats = np.ones((len(self.languages), len(self.labels)))
        self.shift_: Floats = np.zeros((len(self.languages), len(self.labels)))
        return self
