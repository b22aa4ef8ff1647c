"""Write the tables of `docs/model-card.md` anew: from the manifest of the models that ship, and from held-out comments.

    python -m scripts.card                     what the manifest knows: models, thresholds, figures by language, files
    python -m scripts.card ../shared/data/dev  and what is measured set by set; ten minutes, most for the second stage

A table stands between `<!-- table: NAME -->` and `<!-- end -->`; what stands outside is not touched.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from moderation.classifier import LABELS, ModelFile, load, shipped_models
from moderation.classifier.calibration import BUDGET
from moderation.classifier.evaluation import Evaluation, evaluate
from moderation.classifier.shipping import OF_EACH
from moderation.classifier.sources import OURS

CARD = Path(__file__).resolve().parent.parent / "docs" / "model-card.md"
SIDES = ("clean", "abuse")
OUTCOMES = ("published", "held", "rejected")
GAINED = ("toxic", "insult", "identity_hate")
"""The labels of which it is told what the second stage brings."""

KINDS: Mapping[str, str] = {
    "ar_alakrot_youtube": "comments under videos",
    "en_abcnews_headlines_clean": "headlines",
    "en_agnews_clean_NC": "news texts (NC)",
    "en_jigsaw_wiki_small": "Wikipedia talk",
    "en_ruddit_reddit": "Reddit",
    "en_toxigen_annotated": "statements about groups, rated clean",
    "en_ucc_news_NC": "news comments (NC)",
    "en_wikitext_violence_identity_clean": "encyclopaedia sentences with words of violence or groups",
    "en_xstest_clean": "harmless questions with words of violence",
    "hi_macd": "comments under videos",
    "mr_mahanews_headlines_unlabelled": "headlines",
    "mr_tatoeba_clean": "textbook sentences",
    "suite_bias_madlibs_en": "templates naming a group",
    "suite_bias_templates_hi-Latn": "templates naming a group",
    "suite_violent_news_vocab_clean": "rated clean, with words of war",
    "ur-Latn_ruhsold": "tweets",
    "ur_nuhons_youtube": "comments under videos",
    "ur_sentiment_unlabelled": "product reviews",
}
"""Sets with clean text of a kind of its own."""


def main() -> None:
    """Write what is known, and with a folder what is measured."""
    models = shipped_models()
    card = CARD.read_text(encoding="utf-8")
    card = with_tables(card, known_tables(models))
    if len(sys.argv) > 1:
        card = with_tables(card, measured_tables(models[0], Path(sys.argv[1])))
    CARD.write_text(card, encoding="utf-8")


def with_tables(card: str, tables: Mapping[str, Sequence[str]]) -> str:
    """The card with these tables in their places. Raises KeyError for one that has none."""
    for name, lines in tables.items():
        place = re.compile(rf"(<!-- table: {re.escape(name)} -->\n).*?(\n<!-- end -->)", re.DOTALL)
        if place.search(card) is None:
            raise KeyError(f"the card has no place for the table {name!r}")
        card = place.sub(lambda found, lines=lines: found[1] + "\n".join(lines) + found[2], card)  # type: ignore[misc]
    return card


def known_tables(models: Sequence[ModelFile]) -> dict[str, list[str]]:
    """What the manifest says, each table by its name."""
    first, stated = models
    return {
        "models": _models(first, stated),
        "thresholds": _thresholds(first),
        "outcomes": _outcomes(first.figures["languages"]),
        "told apart": _told_apart(first.figures["languages"]),
        "both stages": _both_stages(first.figures["stages"]),
        "outcomes, stated licences": _outcomes(stated.figures["languages"]),
        "told apart, stated licences": _told_apart(stated.figures["languages"]),
        "files": _files(first),
    }


def measured_tables(model: ModelFile, dev: Path) -> dict[str, list[str]]:
    """What is measured set by set: of the fast stage on all held-out comments, of both on a few of each set."""
    fast = load(model.path, sha256=model.sha256, stages="fast")
    both = load(model.path, sha256=model.sha256)
    if both.alone is not None:
        raise SystemExit(f"the second stage can't be measured: {both.alone}")
    return {
        "kinds": _kinds(evaluate(fast, dev, progress=_say)),
        "sets": sets_table(
            evaluate(fast, dev, progress=_say, at_most=OF_EACH),
            evaluate(both, dev, progress=_say, at_most=OF_EACH),
            learned=frozenset(model.figures["examples"]),
        ),
    }


def _say(line: str) -> None:
    print(line, flush=True)


def _models(first: ModelFile, stated: ModelFile) -> list[str]:
    rows = [
        (
            model.version,
            f"{what}, and ours: {sum(model.figures['examples'].values()):,} examples",
            f"{model.path.stat().st_size / 1e6:.1f} MB",
            f"`{model.sha256[:16]}`",
        )
        for model, what in ((first, "every file below"), (stated, "files whose licence is stated"))
    ]
    return _table(["version", "learned from", "size", "SHA-256 begins"], rows)


def _thresholds(model: ModelFile) -> list[str]:
    rows = [
        (label, f"{hold:.2f}", f"{reject:.3f}", f"{BUDGET[label]:.1%}")
        for label, (hold, reject) in model.figures["thresholds"].items()
    ]
    return _table(["label", "hold_at", "reject_at", "of clean comments, at most"], rows)


def _outcomes(languages: Mapping[str, Any]) -> list[str]:
    rows = [
        (language, side, f"{found[side]['comments']:,}", *(f"{found[side][outcome]:.0%}" for outcome in OUTCOMES))
        for language, found in languages.items()
        for side in SIDES
        if side in found
    ]
    return _table(["language", "side", "comments", *OUTCOMES], rows)


def _told_apart(languages: Mapping[str, Any]) -> list[str]:
    rows = [
        (language, *(f"{found['auc'][label]:.3f}" if label in found["auc"] else "–" for label in LABELS))
        for language, found in languages.items()
        if "auc" in found
    ]
    return _table(["language", *LABELS], rows)


def _both_stages(stages: Mapping[str, Any]) -> list[str]:
    rows = []
    for language, one in stages["fast"].items():
        other = stages["all"][language]
        aucs = [(one["auc"].get(label), other["auc"].get(label)) for label in GAINED]
        published = [(one[side]["published"], other[side]["published"]) for side in SIDES]
        rows.append((language, *(_change(*pair) for pair in aucs), *(_change(*pair, share=True) for pair in published)))
    return _table(["language", *GAINED, "clean published", "abuse published"], rows)


def _files(model: ModelFile) -> list[str]:
    licences = model.figures["licences"]
    # Ours last, and what was written again after what it was written from.
    names = sorted(model.figures["examples"], key=lambda name: (name.startswith(OURS), name))
    rows = [(f"`{name}`", f"{model.figures['examples'][name]:,}", licences[name]) for name in names]
    return _table(["file", "examples", "licence"], rows)


def _kinds(fast: Evaluation) -> list[str]:
    rows = [
        (
            KINDS[found.source],
            f"`{found.source}`",
            found.language,
            f"{found.comments:,}",
            f"{found.held:.0%}",
            f"{found.rejected:.0%}",
        )
        for found in fast.outcomes
        if found.side == "clean" and found.source in KINDS
    ]
    return _table(["kind", "set", "language", "comments", "held", "rejected"], rows)


def sets_table(fast: Evaluation, both: Evaluation, *, learned: frozenset[str]) -> list[str]:
    """Each set, and the mean of those of sources that nothing was learned from."""
    aucs = [_aucs(figures) for figures in (fast, both)]
    published = [_published(figures) for figures in (fast, both)]
    names = sorted({place for place, _ in aucs[0]} | {place for place, _ in published[0]})
    rows = []
    for place in names:
        source, language = place
        told = [_change(*(found.get((place, label)) for found in aucs)) for label in GAINED]
        shares = [_change(*(found.get((place, side)) for found in published), share=True) for side in SIDES]
        rows.append((f"`{source}`", language, "" if source in learned else "no", *told, *shares))
    means = []
    for label in GAINED:
        new = [place for place, known in aucs[0] if known == label and place[0] not in learned]
        mean = [fmean(found[place, label] for place in new) if new else None for found in aucs]
        means.append(_change(*mean) + (f" ({len(new)})" if new else ""))
    rows.append(("*mean of those of new sources*", "", "no", *means, "", ""))
    return _table(["set", "language", "learned from its source", *GAINED, "clean published", "abuse published"], rows)


def _aucs(figures: Evaluation) -> dict[tuple[tuple[str, str], str], float]:
    return {((found.source, found.language), found.label): found.auc for found in figures.labels}


def _published(figures: Evaluation) -> dict[tuple[tuple[str, str], str], float]:
    return {((found.source, found.language), found.side): found.published for found in figures.outcomes}


def _change(before: float | None, after: float | None, *, share: bool = False) -> str:
    if before is None or after is None:
        return "–"
    return f"{before:.1%} → {after:.1%}" if share else f"{before:.3f} → {after:.3f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [_row(head), "|" + "---|" * len(head), *map(_row, rows)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
