"""`policy …`: is the policy well formed, and what would it decide."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import typer

from moderation.classifier import Classifier
from moderation.cli.screen import UNSCREENABLE, Asked, Refused, batches, model_to_use, open_input
from moderation.config import load_policy, load_terms
from moderation.decision import decide
from moderation.errors import ClassifierUnavailable, PolicyError
from moderation.policy import Budget, Policy
from moderation.running import EXIT_MISSING, EXIT_REFUSED
from moderation.screening import Screener, isolate, load_checked
from moderation.settings import Settings

if TYPE_CHECKING:
    from moderation.classifier.figures.budget import Spent

Conclusion = tuple[str, str]
"""An outcome and the clause it cites; "" where it cites none."""


def check(path: Path | None) -> None:
    """Say that policy and terms are well formed. Raises PolicyError with what is not."""
    policy = load_policy(path)
    terms = load_terms(policy)
    typer.echo(
        f"terms {policy.version}: {len(policy.clauses)} clauses, {len(policy.rules)} rules, "
        f"in {len(terms)} languages; well formed"
    )


def simulate(settings: Settings, file: Path | None, *, other: Path | None) -> int:
    """Count what the policy would decide about comments; with another policy, what that one would decide otherwise."""
    policies = [load_policy()] + ([load_policy(other)] if other is not None else [])
    status = 0
    try:
        classifier: Classifier | None = load_checked(model_to_use(settings), settings.stages)
    except ClassifierUnavailable as error:
        sys.stderr.write(f"baithak: no usable model, every comment would be held: {error}\n")
        classifier, status = None, EXIT_MISSING
    try:
        counted, refused = _count(open_input(file), [Screener(policy, classifier) for policy in policies])
    except OSError as error:
        sys.stderr.write(f"baithak: {file} can't be read: {error.strerror}\n")
        return EXIT_REFUSED
    for refusal in refused[:10]:
        sys.stderr.write(f"baithak: line {refusal.line}: {refusal.error}\n")
    _tell(counted, policies, other)
    return status or (EXIT_REFUSED if refused else 0)


def thresholds(settings: Settings, examples: Path, *, other: Path | None, at_most: int | None) -> int:
    """Tell which thresholds keep to the policy's error budget on labelled comments; changes nothing.

    Raises PolicyError for a policy without a budget.
    """
    from moderation.classifier.figures.budget import keep_to, under
    from moderation.classifier.scored import score_folder

    policy = load_policy(other)
    budget = policy.budget
    if budget is None:
        raise PolicyError("the policy has no [budget]: say in it how often the machine may be wrong")
    acting = {
        label: (each.hold_at, each.reject_at) for one in policy.clauses.values() for label, each in one.labels.items()
    }
    try:
        classifier = load_checked(model_to_use(settings), settings.stages)
        scored = score_folder(classifier, examples, progress=_progress, at_most=at_most)
        kept = keep_to(budget, scored, tuple(acting))
    except (ValueError, ClassifierUnavailable) as error:
        sys.stderr.write(f"baithak: {error}\n")
        return EXIT_MISSING if isinstance(error, ClassifierUnavailable) else EXIT_REFUSED
    typer.echo(
        f"model {classifier.version}, as if {budget.abuse:.0%} of the comments broke the terms; shares of all comments"
    )
    typer.echo("\nBy thresholds that keep to the budget, chosen without the source at hand:")
    for one in kept.spent:
        typer.echo(_row(f"{one.source:38} {one.language}", *one.shares()))
    _tell_together(kept.spent, budget)
    typer.echo("\nBy the thresholds of this policy:")
    _tell_together(under(acting, scored, budget), budget)
    typer.echo(
        f"\nTo keep to the budget at {1 - budget.exceeded:.0%} of sites like these, write under every label:\n"
        f"hold_at = {kept.edges.hold_at:g}\nreject_at = {kept.edges.reject_at:g}"
    )
    if kept.edges.hold_at >= kept.edges.reject_at:
        typer.echo(
            "By these no comment would come before a person: such sets are easier told apart than what readers write"
        )
    return 0


def _tell_together(spent: Sequence[Spent], budget: Budget) -> None:
    published, refused, decided, error = zip(*(one.shares() for one in spent), strict=True)
    typer.echo(_row("mean", *map(fmean, (published, refused, decided, error))))
    typer.echo(_row("budget", budget.wrongly_published, budget.wrongly_refused))
    over = (
        fmean(share > most for share in shares)
        for shares, most in ((published, budget.wrongly_published), (refused, budget.wrongly_refused))
    )
    typer.echo(_row(f"of {len(spent)} sets exceed it", *over))


def _row(name: str, published: float, refused: float, *rest: float) -> str:
    decided = "".join(f"  {word} {share:5.1%}" for word, share in zip(("decided", "of that wrong"), rest, strict=False))
    return f"{name:47} wrongly published {published:6.2%}  wrongly refused {refused:6.2%}{decided}"


def _progress(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _count(given: BufferedReader, screeners: list[Screener]) -> tuple[Counter[tuple[Conclusion, ...]], list[Refused]]:
    counted: Counter[tuple[Conclusion, ...]] = Counter()
    refused: list[Refused] = []
    for batch in batches(given):
        asked = [line for line in batch if isinstance(line, Asked)]
        refused += [line for line in batch if isinstance(line, Refused)]
        columns = [_conclusions(asked, screener) for screener in screeners]
        counted.update(zip(*columns, strict=True))
    return counted, refused


def _conclusions(asked: list[Asked], screener: Screener) -> list[Conclusion]:
    now = datetime.now(UTC)
    seen = isolate(screener.screen, [line.subject for line in asked])
    decisions = [decide(screening or UNSCREENABLE, screener.policy, now) for screening in seen]
    return [(decision.outcome.value, decision.clause or "") for decision in decisions]


def _tell(counted: Counter[tuple[Conclusion, ...]], policies: list[Policy], other: Path | None) -> None:
    total = sum(counted.values())
    typer.echo(f"{total} comments")
    for place, policy in enumerate(policies):
        typer.echo(f"{'policy in force' if place == 0 else other}, terms {policy.version}:")
        _tell_counts(Counter({row[place]: 0 for row in counted}), counted, place, total)
    if len(policies) > 1:
        changed = Counter({row: n for row, n in counted.items() if row[0][0] != row[1][0]})
        typer.echo(f"{sum(changed.values())} would be decided otherwise" + (":" if changed else ""))
        for (before, after), number in changed.most_common():
            typer.echo(f"  {number:7}  {_words(before)} → {_words(after)}")


def _tell_counts(sums: Counter[Conclusion], counted: Counter[tuple[Conclusion, ...]], place: int, total: int) -> None:
    for row, number in counted.items():
        sums[row[place]] += number
    for conclusion in sorted(sums, key=lambda one: (("publish", "hold", "reject").index(one[0]), one[1])):
        typer.echo(f"  {sums[conclusion]:7}  {sums[conclusion] / total:6.1%}  {_words(conclusion)}")


def _words(conclusion: Conclusion) -> str:
    outcome, clause = conclusion
    return f"{outcome}, clause {clause}" if clause else outcome
