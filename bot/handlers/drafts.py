"""What a reader is about to say, kept in the store so that a restart loses none of it.

A state is a target, where a comment was begun by a button or a link, or the keyword that was asked for; and drafts:
comments written before their author agreed to the terms, with the messages that ask for the agreement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from bot.keywords import Kind
from bot.store import BotStore

DRAFTS_AT_MOST = 20
"""Comments kept for one reader until they agree."""

ASKED_AT_MOST = 20


@dataclass(frozen=True, slots=True)
class Target:
    """What a comment is about: a story, and the comment it answers, if any."""

    story: int
    parent: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A comment that waits for its author's agreement. `message` is the Telegram message it was written in."""

    message: int
    text: str
    target: Target


@dataclass(frozen=True, slots=True)
class Asked:
    """A message with a button to agree. `line`: it has no terms in it, and says only that a comment is kept."""

    message: int
    line: bool


@dataclass(frozen=True, slots=True)
class Writing:
    """What is under way with one reader. `word` is the kind of keyword that was asked for.

    `asked` are the messages whose button goes once it was pressed on one.
    """

    target: Target | None = None
    drafts: tuple[Draft, ...] = ()
    asked: tuple[Asked, ...] = ()
    word: Kind | None = None


class Drafts:
    """Each reader's writing, in the store's conversations."""

    def __init__(self, store: BotStore) -> None:
        self._store = store

    async def of(self, person: int) -> Writing:
        """What is under way with this reader."""
        return _read(await self._store.conversations.state(person) or {})

    async def begin(self, person: int, target: Target, *, now: datetime) -> None:
        """The reader's next message is a comment on this."""
        writing = await self.of(person)
        await self._keep(person, replace(writing, target=target, word=None), now=now)

    async def ask_word(self, person: int, word: Kind, *, now: datetime) -> None:
        """The reader's next message is a keyword of this kind."""
        writing = await self.of(person)
        await self._keep(person, replace(writing, target=None, word=word), now=now)

    async def leave(self, person: int, *, now: datetime) -> None:
        """Neither comment nor keyword is begun any more; drafts stay."""
        writing = await self.of(person)
        if writing.target is not None or writing.word is not None:
            await self._keep(person, replace(writing, target=None, word=None), now=now)

    async def put(self, person: int, draft: Draft, *, now: datetime) -> None:
        """Keep a draft, in place of an earlier text of the same message. The comment that was begun is written now.

        Raises ValueError when DRAFTS_AT_MOST others wait already.
        """
        writing = await self.of(person)
        others = [known for known in writing.drafts if known.message != draft.message]
        if len(others) >= DRAFTS_AT_MOST:
            raise ValueError(f"{DRAFTS_AT_MOST} drafts wait already")
        await self._keep(person, replace(writing, target=None, drafts=(*others, draft)), now=now)

    async def ask(self, person: int, asked: Asked, *, now: datetime) -> None:
        """The reader was asked to agree by this message; of more than ASKED_AT_MOST the newest are known."""
        writing = await self.of(person)
        await self._keep(person, replace(writing, asked=(*writing.asked, asked)[-ASKED_AT_MOST:]), now=now)

    async def drop(self, person: int, sent: Sequence[Draft], *, now: datetime) -> None:
        """These drafts were sent, and nothing is asked any more."""
        writing = await self.of(person)
        left = tuple(draft for draft in writing.drafts if draft not in sent)
        await self._keep(person, replace(writing, drafts=left, asked=()), now=now)

    async def _keep(self, person: int, writing: Writing, *, now: datetime) -> None:
        if writing == Writing():
            await self._store.conversations.leave(person)
        else:
            await self._store.conversations.enter(person, asdict(writing), now=now)


def _read(raw: dict[str, Any]) -> Writing:
    target = raw.get("target")
    return Writing(
        target=Target(**target) if target else None,
        drafts=tuple(Draft(one["message"], one["text"], Target(**one["target"])) for one in raw.get("drafts", ())),
        asked=tuple(Asked(**one) for one in raw.get("asked", ())),
        word=raw.get("word"),
    )
