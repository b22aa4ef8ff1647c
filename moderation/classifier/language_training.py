"""Learn what tells languages of one script apart: `python -m moderation.classifier.language_training FOLDER`."""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

from moderation.classifier.data import Example, not_commercial, read_examples
from moderation.classifier.examples import own_examples
from moderation.classifier.languages import TABLES, WORDS, character_runs, words_of
from moderation.classifier.normalise import normalise

SCRIPT_OF = {"en": "latin", "hi-Latn": "latin", "ur-Latn": "latin", "hi": "devanagari", "mr": "devanagari",
             "ur": "arabic", "ar": "arabic"}  # fmt: skip
ROWS_PER_LANGUAGE = 24_000
KEPT = {"latin": 7_000, "devanagari": 2_500, "arabic": 2_500}
COMMON = 12  # English texts of those gathered that a common word stands in
# A word is English alone if it is this many times as frequent there as in romanised Urdu. Romanised Hindi has few
# texts, and English ones among them that nobody sorted out: a tenth of what it says is believed.
TIMES = {"ur-Latn": 4.0, "hi-Latn": 0.4}
# Their language column was set by script alone, so English stands in them as romanised Hindi.
MISLABELLED = ("hi_hasoc",)


def gather(examples: Sequence[Example]) -> dict[str, dict[str, list[list[str]]]]:
    """script → language → the words of each text, at most ROWS_PER_LANGUAGE, evenly over the sources."""
    found: dict[str, dict[str, list[list[str]]]] = defaultdict(lambda: defaultdict(list))
    for example in examples:
        script, words = words_of(example.text, normalise(example.text).text)
        if words and SCRIPT_OF.get(example.language) == script:
            found[script][example.language].append(words)
    for languages in found.values():
        for language, texts in languages.items():
            languages[language] = texts[:: max(1, len(texts) // ROWS_PER_LANGUAGE)]
    return found


def english_words(texts: dict[str, list[list[str]]]) -> dict[str, list[str]]:
    """The common words of English texts: `own`, hardly ever written in the other Latin languages, and `shared`."""
    counts = {language: Counter(word for words in found for word in set(words)) for language, found in texts.items()}
    share = {language: {w: n / len(texts[language]) for w, n in found.items()} for language, found in counts.items()}
    common = sorted(word for word, count in counts["en"].items() if count >= COMMON)
    own = {
        word
        for word in common
        if all(share["en"][word] > times * share[language].get(word, 0.0) for language, times in TIMES.items())
    }
    return {"own": sorted(own), "shared": [word for word in common if word not in own]}


def learn(texts: dict[str, list[list[str]]], kept: int) -> dict[str, object]:
    """A table for one script; the runs that weigh least are left out."""
    languages = sorted(texts)
    # Half a comment is also a comment: short ones must be told apart as well.
    rows = [(part, language) for language in languages for words in texts[language] for part in (words, words[:3])]
    counter = CountVectorizer(analyzer=lambda words: character_runs(words), binary=True, min_df=5)
    features = normalize(counter.fit_transform([words for words, _ in rows]))
    answers = np.array([languages.index(language) for _, language in rows])
    model = LogisticRegression(C=20.0, max_iter=60, class_weight="balanced").fit(features, answers)
    coefficients, bias = model.coef_, model.intercept_
    if len(languages) == 2:
        coefficients, bias = np.vstack([-coefficients[0], coefficients[0]]), np.array([-bias[0], bias[0]])
    order = np.argsort(-np.abs(coefficients).max(axis=0), kind="stable")[:kept]
    names = counter.get_feature_names_out()
    return {
        "languages": languages,
        "bias": [round(float(value), 3) for value in bias],
        "weights": {names[i]: [round(float(value), 2) for value in coefficients[:, i]] for i in sorted(order)},
    }


def main(folder: Path) -> None:
    examples = list(
        read_examples(folder, skip=lambda stem: stem in MISLABELLED or not_commercial(stem), labelled_only=False)
    )
    # Which of the two a romanised phrase of ours is said to be was drawn by lot.
    ours = [example for example in own_examples() if "-" not in example.language]
    texts = gather([*examples, *ours])
    tables = {script: learn(texts[script], KEPT[script]) for script in sorted(texts)}
    _write(TABLES, tables)
    _write(WORDS, english_words(texts["latin"]))
    for script, by_language in texts.items():
        counts = {language: len(found) for language, found in by_language.items()}
        sys.stdout.write(f"{script}: {counts}\n")


def _write(name: str, content: object) -> None:
    path = Path(__file__).with_name(name)
    path.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
