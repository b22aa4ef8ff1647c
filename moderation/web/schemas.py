"""The API's questions and answers. The OpenAPI document is made from these, so they say what is sent, exactly."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

MAX_STORY = 2048
"""Longest address of a story, in characters."""


def _digits(value: object) -> object:
    if isinstance(value, str) and not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise ValueError("a whole number")
    return value


def _printable(value: str) -> str:
    # A NUL is an error to PostgreSQL; no address and no name holds any other control character either.
    if not value.strip() or any(letter < " " or letter == "\x7f" for letter in value):
        raise ValueError("not blank, without control characters")
    return value


Printable = AfterValidator(_printable)
Limit = Annotated[int, Field(ge=1, le=100, description="How many at most."), BeforeValidator(_digits)]
StoryName = Annotated[str, Field(max_length=MAX_STORY, description="The story's address, or its id."), Printable]
Cursor = Annotated[str, Field(max_length=512, description="`next_cursor` of the page before."), Printable]


class Query(BaseModel):
    """What may stand behind the question mark. What is not named is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class CommentsQuery(Query):
    """Which comments."""

    story: StoryName
    sort: Literal["newest", "oldest", "top"] = "newest"
    limit: Limit = 20
    cursor: Cursor | None = None


class CountsQuery(Query):
    """For which stories."""

    story: Annotated[list[StoryName], Field(min_length=1, max_length=100)]


class StoryQuery(Query):
    """Which story."""

    story: StoryName


class Answer(BaseModel):
    """What the API answers."""

    model_config = ConfigDict(frozen=True)


class Author(Answer):
    """Who wrote a comment, as far as the public is told."""

    name: str


class PublicComment(Answer):
    """A published comment. `text` is plain text, never markup; a removed comment keeps its id and no words."""

    id: str
    story: str
    parent: str | None
    author: Author
    text: str
    language: str | None
    published_at: AwareDatetime
    edited: bool
    reactions: dict[str, int]


class CommentsPage(Answer):
    """One page of a story's comments. `total` counts them all.

    `open` says whether readers may comment on the story; `held_for_reading`, that a person reads each comment first.
    """

    items: list[PublicComment]
    total: int
    next_cursor: str | None
    open: bool
    held_for_reading: bool


class StreamedState(Answer):
    """What became of a story for everybody while a page was open, in the words of CommentsPage."""

    open: bool
    held_for_reading: bool


class Counts(Answer):
    """How many comments are published under each story, by the name it was asked with."""

    counts: dict[str, int]


class Place(Answer):
    """What the widget needs to know of a story beside its comments."""

    id: str
    url: str
    title: str
    language: str | None
    telegram_link: str | None


class Alive(Answer):
    """The process answers."""

    alive: bool


class Readiness(Answer):
    """Whether the whole system can do its work: `ok`, or what is wrong, for each thing it depends on.

    `alarms` names what a person has to see to, ready or not. Beside a front, each part of it is named as well, such as
    `bot`; these do not count for `ready`.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    __pydantic_extra__: dict[str, str]

    ready: bool
    database: str
    redis: str
    worker: str
    classifier: str
    alarms: list[str]


class ProblemDocument(Answer):
    """RFC 9457. `code` stays the same from version to version; `title` and `detail` are for people."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None


class TurnedSwitch(Answer):
    """A switch after a moderator's press. `by_this` is False where it had been begun or ended before."""

    id: str
    kind: str
    scope: str
    target: str
    active: bool
    by_this: bool
    begun_by: str
    ended_by: str | None


class Ended(Answer):
    """What became of a comment that left the review queue."""

    words: str


class Decided(Answer):
    """What became of a comment after a moderator's press."""

    id: str
    revision: int
    status: str
    clause: str | None
    decided_by: str
    undo_until: datetime | None
