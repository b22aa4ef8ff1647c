"""What all checks see of a comment: CHECKS in order, one screening a text.

A check that breaks on a text asks for a person to read it; without a usable classifier nothing is scored, and `decide`
then publishes nothing. Neither ends the screening of the others in the batch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import structlog

from moderation.classifier.languages import detect_language, is_of_another_language
from moderation.classifier.normalise import LONGEST_KEPT, LONGEST_READ, Normalised, normalise
from moderation.classifier.slugs import slugs
from moderation.decision import Finding, Outcome, Screening, Span, findings_of
from moderation.errors import ClassifierUnavailable
from moderation.policy import LABELS, Policy, RuleSettings
from moderation.rules import (
    BannedWords,
    Facts,
    floods,
    home_addresses,
    links_elsewhere,
    mail_addresses,
    phone_numbers,
    repeats,
)

if TYPE_CHECKING:
    from moderation.classifier import Classifier, Screened

log = structlog.get_logger(__name__)

T = TypeVar("T")
R = TypeVar("R")

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")

_TURNING = re.compile("[\u202d\u202e]")

UNKNOWN_LANGUAGE = "und"

NO_FACTS = Facts()
"""What is known around a comment that comes from nowhere: nothing."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One text to screen, with what is known around it. `story` is the address it stands under: its site may be linked
    to."""

    text: str
    language: str | None = None
    story: str = ""
    facts: Facts = NO_FACTS


@dataclass(frozen=True, slots=True)
class Seen:
    """A subject as the checks see it: with its normal form, and what the classifier said where there is one."""

    subject: Subject
    normal: Normalised
    classified: Screened | None


Check = Callable[["Screener", Seen], list[Finding]]


class Screener:
    """The checks, ready for one policy and one classifier. Blocking; holds no text between calls."""

    def __init__(self, policy: Policy, classifier: Classifier | None) -> None:
        self.policy = policy
        self.classifier = classifier
        banned = policy.rules.get("banned_words")
        parameters = banned.parameters if banned is not None else {}
        self.refused_words = BannedWords(parameters.get("words", ()), fold=normalise)
        self.doubtful_words = BannedWords(parameters.get("hold", ()), fold=normalise)

    def screen(self, subjects: Sequence[Subject]) -> list[Screening]:
        """One screening a subject, in order.

        Where the classifier is missing or unusable, `model` is None and each score 1.0. Raises whatever the classifier
        raises otherwise: `isolate` finds the text that it raises at.
        """
        classified: list[Screened] | list[None] = [None] * len(subjects)
        model = None
        if self.classifier is not None:
            try:
                classified = self.classifier.classify([subject.text for subject in subjects])
                model = self.classifier.version
            except ClassifierUnavailable as error:
                log.critical("classifier unavailable", reason=str(error), held=len(subjects))
        return [self._screen(subject, seen, model) for subject, seen in zip(subjects, classified, strict=True)]

    def _screen(self, subject: Subject, classified: Screened | None, model: str | None) -> Screening:
        if classified is not None and not _scored(classified):
            log.critical("classifier unavailable", reason="a score that is none", held=1)
            classified, model = None, None
        seen = Seen(subject, normalise(subject.text), classified)
        findings: list[Finding] = []
        for check in CHECKS:
            try:
                findings += check(self, seen)
            except Exception as error:  # whatever breaks in a check, a person reads the comment
                log.error("check broken", check=check.__name__, error=type(error).__name__)
                findings.append(Finding(check.__name__, Outcome.HOLD))
        return Screening(
            language=_language(subject, classified),
            model=model,
            scores=classified.scores if classified is not None else dict.fromkeys(LABELS, 1.0),
            findings=tuple(findings),
        )


def floods_the_page(screener: Screener, seen: Seen) -> list[Finding]:
    """The author sends more than a person writes."""
    rule = screener.policy.rules.get("flooding")
    if rule is None or not floods(seen.subject.facts, comments=rule.parameters["comments"]):
        return []
    return [_broken("flooding", rule)]


def repeats_a_comment(screener: Screener, seen: Seen) -> list[Finding]:
    """The same text again, from one or from many."""
    rule = screener.policy.rules.get("repeats")
    if rule is None or not repeats(
        seen.subject.text,
        seen.subject.facts,
        same_author=rule.parameters["same_author"],
        other_authors=rule.parameters["other_authors"],
    ):
        return []
    return [_broken("repeats", rule)]


def shows_personal_data(screener: Screener, seen: Seen) -> list[Finding]:
    """A telephone number, an e-mail address or somebody's door."""
    rule = screener.policy.rules.get("personal_data")
    if rule is None:
        return []
    text = seen.subject.text
    regions = rule.parameters["regions"]
    spans = (*mail_addresses(text), *phone_numbers(text, regions=regions), *home_addresses(text))
    return [_broken("personal_data", rule, _apart(spans))] if spans else []


def _apart(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same places, rising, those that overlap as one: a number may be a telephone's and a mail address's."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda span: span.begin):
        if found and span.begin < found[-1].end:
            found[-1] = Span(found[-1].begin, max(found[-1].end, span.end))
        else:
            found.append(span)
    return tuple(found)


def leads_elsewhere(screener: Screener, seen: Seen) -> list[Finding]:
    """A link to a site that is neither ours nor named in the policy, or too many links."""
    rule = screener.policy.rules.get("links")
    if rule is None:
        return []
    allowed = [*rule.parameters["allowed"], *_site_of(seen.subject.story)]
    spans = links_elsewhere(seen.subject.text, allowed=allowed, at_most=rule.parameters["at_most"])
    return [_broken("links", rule, spans)] if spans else []


def holds_banned_words(screener: Screener, seen: Seen) -> list[Finding]:
    """A word that the site does not print, or one that a person should look at."""
    rule = screener.policy.rules.get("banned_words")
    if rule is None:
        return []
    forms = (seen.normal, *slugs(seen.subject.text))
    refused, doubtful = (
        tuple(span for form in forms for span in words.find(form))
        for words in (screener.refused_words, screener.doubtful_words)
    )
    findings = [_broken("banned_words", rule, refused)] if refused else []
    if doubtful:
        findings.append(replace(_broken("banned_words", rule, doubtful), asks=Outcome.HOLD))
    return findings


def goes_on_unread(screener: Screener, seen: Seen) -> list[Finding]:
    """Longer than the classifier reads: what it did not see it can't pass."""
    unread = len(seen.subject.text) > LONGEST_READ or len(seen.normal.text) >= LONGEST_KEPT
    return [Finding("length", Outcome.HOLD)] if unread else []


def is_in_no_known_language(screener: Screener, seen: Seen) -> list[Finding]:
    """Words of a script or a language the classifier never learned: its low scores say nothing there."""
    if seen.classified is None:
        return []
    unknown = seen.classified.language == UNKNOWN_LANGUAGE and any(map(str.isalpha, seen.subject.text))
    strange = unknown or is_of_another_language(seen.subject.text, seen.normal.text)
    return [Finding("language", Outcome.HOLD)] if strange else []


def is_turned_around(screener: Screener, seen: Seen) -> list[Finding]:
    """Signs that show letters in another order than they are read in: what is seen is not what was scored."""
    return [Finding("direction", Outcome.HOLD)] if _TURNING.search(seen.subject.text) else []


def breaks_terms(screener: Screener, seen: Seen) -> list[Finding]:
    """What the classifier found, by the thresholds of the policy."""
    if seen.classified is None:
        return []
    # A sign or a single letter weighs with the model, and tells a moderator nothing.
    telling = {
        label: [(begin, end) for begin, end in spans if sum(map(str.isalnum, seen.subject.text[begin:end])) > 1]
        for label, spans in seen.classified.spans.items()
    }
    return findings_of(seen.classified.scores, screener.policy, telling)


CHECKS: tuple[Check, ...] = (
    floods_the_page,  # what is known without reading comes first
    repeats_a_comment,
    goes_on_unread,  # then what limits the reading
    is_in_no_known_language,
    is_turned_around,
    shows_personal_data,  # what is plainly there, whoever reads it
    leads_elsewhere,
    holds_banned_words,
    breaks_terms,  # judgement last
)
"""All run, whatever an earlier one found: a moderator sees everything that speaks against a comment."""


def isolate(work: Callable[[Sequence[T]], list[R]], items: Sequence[T]) -> list[R | None]:
    """The results of `work`, halving the items where it raises, until the ones it can't do stand alone as None.

    One poisonous text among n costs about 2·log2(n) more calls. Never raises what `work` raised.
    """
    if not items:
        return []
    try:
        return list(work(items))
    except Exception as error:  # anything at all: the text is what is to be found, not the fault
        if len(items) == 1:
            log.error("screening broken", error=type(error).__name__)
            return [None]
    half = len(items) // 2
    return isolate(work, items[:half]) + isolate(work, items[half:])


def _scored(classified: Screened) -> bool:
    # A number that is none compares as false with everything.
    return all(0 <= classified.scores.get(label, -1.0) <= 1 for label in LABELS)


def _broken(check: str, rule: RuleSettings, spans: tuple[Span, ...] = ()) -> Finding:
    return Finding(check, Outcome(rule.then), clause=rule.clause, spans=spans)


def _site_of(story: str) -> list[str]:
    try:
        host = urlsplit(story).hostname
    except ValueError:  # the story's name is no address
        return []
    return [host] if host else []


def _language(subject: Subject, classified: Screened | None) -> str:
    found = classified.language if classified is not None else detect_language(subject.text)
    if found == "und" and subject.language and _LANGUAGE.fullmatch(subject.language):
        return subject.language
    return found
