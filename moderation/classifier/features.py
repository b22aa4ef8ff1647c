"""The n-grams of `moderation.classifier.ngrams` as a step of a scikit-learn pipeline: what training needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from scipy.sparse import csr_matrix, vstack
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from moderation.classifier.ngrams import BITS, Ints, Kept, count, grams

BATCH = 1_024  # texts at once


class NgramCounter(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Counts the n-grams of normalised texts, keeping those found in at least `min_documents` of the training's.

    `kept_` holds the places of the kept n-grams, rising.
    """

    def __init__(self, min_documents: int = 3) -> None:
        self.min_documents = min_documents

    def fit(self, texts: Sequence[str], y: Any = None) -> Self:
        seen = np.zeros(1 << BITS, dtype=np.int32)
        for first in range(0, len(texts), BATCH):
            batch = grams(texts[first : first + BATCH])
            keys = np.unique((batch.documents << BITS) | batch.places)
            seen += np.bincount(keys & ((1 << BITS) - 1), minlength=1 << BITS).astype(np.int32)
        self.kept_ = np.flatnonzero(seen >= self.min_documents).astype(np.int32)
        return self

    def keep(self, columns: Ints) -> None:
        """Keep only these columns of what was kept."""
        self.kept_ = self.kept_[np.sort(columns)]

    def transform(self, texts: Sequence[str]) -> csr_matrix:
        """One row a text, one column a kept n-gram, its count."""
        check_is_fitted(self)
        kept, width = Kept(self.kept_), len(self.kept_)
        parts = [csr_matrix((0, width), dtype=np.float32)]
        for first in range(0, len(texts), BATCH):
            batch = texts[first : first + BATCH]
            found = count(kept.among(grams(batch)), texts=len(batch), width=width)
            parts.append(csr_matrix((found.counts, found.columns, found.edges), shape=(len(batch), width)))
        return csr_matrix(vstack(parts, format="csr"))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        return tags
