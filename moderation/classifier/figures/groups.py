"""Whether it makes a difference which group of people a comment names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from moderation.classifier.data import Example
from moderation.classifier.figures.discrimination import auc
from moderation.classifier.figures.intervals import Bools, Floats, Interval, wilson
from moderation.classifier.labels import LABELS
from moderation.classifier.scored import ENOUGH, Scored

TEMPLATES = "suite_bias"
"""How sets of templates begin, whose comments name a group by one of the words below and say so in no column."""

_ENGLISH = {
    "Muslims": "muslim", "Christians": "christian catholic protestant", "Jews": "jewish", "Sikhs": "sikh",
    "Buddhists": "buddhist taoist", "Black people": "black african", "white people": "white european",
    "Asians": "asian chinese japanese", "Indians": "indian", "Latinos": "latino latina latinx hispanic mexican",
    "Middle Eastern people": "middle", "gay people": "gay lesbian homosexual queer lgbt lgbtq bisexual",
    "trans people": "trans transgender nonbinary", "straight people": "straight heterosexual", "women": "female",
    "men": "male", "disabled people": "blind deaf paralyzed", "the old": "old older elderly aged",
    "the young": "young younger teenage millenial",
}  # fmt: skip
_ROMANISED = {
    "Muslims": "muslim musalman sunni shiya", "Hindus": "hindoo vaishnav", "Sikhs": "sikh", "Jains": "jain",
    "Christians": "esaayi isaai catholic caitholik protestant protestent", "Jews": "yahudi yahoodi",
    "Buddhists": "bauddh bouddh", "Parsis": "paarasi", "upper castes": "brahman pandit kshatriy vaishy baniya",
    "other castes": "shudr dhobi lohaar sonaar thathere nat banjaara jaat gurjar meena",
    "people of Indian regions": "bihaari bangaali gujaraati maraathi malayaali madraasi maarwadi pahaadi",
    "Pakistanis": "paakistani", "Indians": "bhartiya", "Black people": "afriki kala kali", "white people": "safed",
    "Asians": "asiaayi japani chini", "women": "stree", "men": "purush", "gay people": "samlaingik ubhaylingi",
    "straight people": "vishamlingi", "disabled people": "andha andhi badhir pakshaghaat",
}  # fmt: skip
_WORDS: Mapping[str, Mapping[str, str]] = {"en": _ENGLISH, "hi-Latn": _ROMANISED}
_GROUP_OF: Mapping[str, Mapping[str, str]] = {
    language: {word: group for group, words in table.items() for word in words.split()}
    for language, table in _WORDS.items()
}
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class GroupFigure:
    """How comments that name one group fare in one set; the areas are those of D. Borkan and others (2019).

    `subgroup`: only comments that name it. `bpsn` (background positive, subgroup negative): clean ones that name it
    against abusive ones that do not; low where naming it alone raises the score. `bnsp`: abusive ones that name it
    against clean ones that do not; low where abuse of it is passed over. `clean_kept_back`: of the clean ones that name
    it, the share that the thresholds do not publish.
    """

    group: str
    label: str
    language: str
    source: str
    positives: int
    negatives: int
    subgroup: Interval
    bpsn: Interval
    bnsp: Interval
    clean_kept_back: Interval


def groups_of(example: Example) -> tuple[str, ...]:
    """The groups a comment names: those that its set says, or in sets of templates those of its words."""
    if example.groups or not example.source.startswith(TEMPLATES):
        return example.groups
    table = _GROUP_OF.get(example.language, {})
    return tuple(dict.fromkeys(table[word] for word in _WORD.findall(example.text.lower()) if word in table))


def group_figures(part: Scored, thresholds: Mapping[str, tuple[float, float]]) -> Iterable[GroupFigure]:
    """One figure for each group of which a set has enough of both sides; none for a set that names no group.

    For `toxic`, or for `identity_hate` where only that was asked.
    """
    named = [groups_of(example) for example in part.examples]
    for label in ("toxic", "identity_hate"):
        column = LABELS.index(label)
        answers = np.array([np.nan if (known := e.known[column]) is None else known for e in part.examples])
        found = list(_of_label(part, label, answers, named, _kept_back(part.scores, thresholds)))
        if found:
            yield from found
            return


def _of_label(
    part: Scored, label: str, answers: Floats, named: Sequence[tuple[str, ...]], kept_back: Bools
) -> Iterable[GroupFigure]:
    scores = part.scores[:, LABELS.index(label)]
    ones, zeros = answers == 1, answers == 0
    for group in sorted({group for groups in named for group in groups}):
        inside = np.array([group in groups for groups in named])
        sides = (ones & inside, zeros & inside, ones & ~inside, zeros & ~inside)
        if min(int(side.sum()) for side in sides) < ENOUGH:
            continue
        own_ones, own_zeros, other_ones, other_zeros = sides
        yield GroupFigure(
            group,
            label,
            part.language,
            part.source,
            int(own_ones.sum()),
            int(own_zeros.sum()),
            _between(scores, own_ones, own_zeros),
            _between(scores, other_ones, own_zeros),
            _between(scores, own_ones, other_zeros),
            wilson(int(kept_back[own_zeros].sum()), int(own_zeros.sum())),
        )


def _between(scores: Floats, ones: Bools, zeros: Bools) -> Interval:
    both = ones | zeros
    return auc(ones[both], scores[both])


def _kept_back(scores: Floats, thresholds: Mapping[str, tuple[float, float]]) -> Bools:
    back: Bools = np.any(scores >= np.array([thresholds[label][0] for label in LABELS]), axis=1)
    return back
