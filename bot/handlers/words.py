"""Words that a subscriber follows or mutes: all of them in the settings' message, a new one asked for by a message."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery, ForceReply, Message

from bot import keyboards
from bot.handlers.answering import answer, edit_or_send, settings_pressed
from bot.handlers.drafts import Drafts
from bot.keyboards import WORDS, Ask
from bot.keywords import KEYWORDS_AT_MOST, LONGEST, WORDS_AT_MOST, Kind
from bot.messages.texts import plain, say
from bot.messages.words import words
from bot.middlewares import Reader
from bot.store import BotStore
from moderation.policy import LANGUAGES

_KINDS: dict[str, Kind] = {"follow": "follow", "mute": "mute"}
_QUESTIONS = {"follow": "word-follow", "mute": "word-mute"}


class WordHandlers:
    """Presses about words, and the message that a word is written in."""

    def __init__(self, bot: Bot, *, store: BotStore, drafts: Drafts, clock: Callable[[], datetime]) -> None:
        self._bot = bot
        self._store = store
        self._drafts = drafts
        self._clock = clock

    def router(self) -> Router:
        """What of the updates is for this feature. Stands before the other settings, and before comments."""
        router = Router(name="words")
        router.callback_query.register(self.press, F.data.startswith(f"{Ask.SETTINGS}:{WORDS}"))
        router.message.register(self.write, F.chat.type == "private", F.text, self._is_awaited)
        return router

    async def press(self, callback: CallbackQuery, reader: Reader) -> None:
        """Show the words, ask for one, or take one away, in the same message."""
        pressed = await settings_pressed(callback, self._store, reader)
        if pressed is None:
            return
        press, message_id, _ = pressed
        kind, number = _KINDS.get(press.name(1)), press.number(2)
        if kind is not None:
            await answer(callback)
            await self._ask(reader, kind)
            return
        if press.name(1) == "drop" and number is not None:
            dropped = await self._store.keywords.drop(reader.id, number)
            await answer(callback, plain("sections-saved" if dropped else "old-button", reader.language))
        elif press.name(1):
            await answer(callback, plain("old-button", reader.language), alert=True)
        else:
            await answer(callback)
        await self._show(reader, message_id)

    async def _ask(self, reader: Reader, kind: Kind) -> None:
        await self._bot.send_message(
            reader.id,
            say(_QUESTIONS[kind], reader.language),
            reply_markup=ForceReply(input_field_placeholder=plain("word-placeholder", reader.language)),
        )
        await self._drafts.ask_word(reader.id, kind, now=self._clock())

    async def _is_awaited(self, message: Message, reader: Reader) -> bool | dict[str, Kind]:
        """Whether the message is a word that was asked for, and then its kind.

        An answer to a question of ours is one, however old the question is; an answer to something else is a comment.
        """
        if (message.text or "").startswith("/"):
            return False
        if message.reply_to_message is not None:
            answered = _questions().get(message.reply_to_message.text or "")
            return {"kind": answered} if answered is not None else False
        word = (await self._drafts.of(reader.id)).word
        return {"kind": word} if word is not None else False

    async def write(self, message: Message, reader: Reader, kind: Kind) -> None:
        """Follow or mute the word. Of what is none it is said why, and another one is waited for."""
        try:
            has_room = await self._store.keywords.add(reader.id, kind, message.text or "")
        except ValueError:
            text = say("word-unknown", reader.language, letters=LONGEST, words=WORDS_AT_MOST)
            await self._bot.send_message(reader.id, text)
            return
        if (await self._drafts.of(reader.id)).word is not None:
            await self._drafts.leave(reader.id, now=self._clock())
        if not has_room:
            await self._bot.send_message(reader.id, say("word-many", reader.language, n=KEYWORDS_AT_MOST))
        await self._show(reader, None)

    async def _show(self, reader: Reader, message_id: int | None) -> None:
        """All words, in place of a message, or as a new one."""
        chosen = await self._store.keywords.of(reader.id)
        text, markup = words(chosen, language=reader.language), keyboards.words(chosen, language=reader.language)
        if message_id is None:
            await self._bot.send_message(reader.id, text, reply_markup=markup)
        else:
            await edit_or_send(self._bot, reader.id, message_id, text, reply_markup=markup)


@cache
def _questions() -> dict[str, Kind]:
    """What each kind is asked for by, in every language."""
    return {say(key, language): _KINDS[kind] for kind, key in _QUESTIONS.items() for language in LANGUAGES}
