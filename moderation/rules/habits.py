"""Flooding and repeating: what one comment alone does not show."""

from __future__ import annotations

from dataclasses import dataclass

SAID_BY_ONE_LETTERS = 10
SAID_BY_MANY_LETTERS = 20
"""Shorter texts may be repeated: "thank you", "rest in peace" and "well said" are what people say."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the store knows around a comment, which is itself not counted.

    `by_author_in_window` comments by the same author in the time the flooding rule looks at; `same_by_author` of them
    with the same text, and `same_by_others` other authors with the same text, in the time the repeats rule looks at.
    """

    by_author_in_window: int = 0
    same_by_author: int = 0
    same_by_others: int = 0


def floods(facts: Facts, *, comments: int) -> bool:
    """Whether this comment is more than the author's `comments` in the window."""
    return facts.by_author_in_window >= comments


def repeats(text: str, facts: Facts, *, same_author: int, other_authors: int) -> bool:
    """Whether the author sends this text for the `same_author`-th time, or `other_authors` others sent it too."""
    by_one = facts.same_by_author + 1 >= same_author
    by_many = facts.same_by_others >= other_authors
    if not by_one and not by_many:
        return False
    letters = sum(letter.isalnum() for letter in text)
    return (by_one and letters >= SAID_BY_ONE_LETTERS) or (by_many and letters >= SAID_BY_MANY_LETTERS)
