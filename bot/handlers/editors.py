"""An editor's hand on stories, in Telegram: push, correct, recall, pin, mute. For administrators; each press asks who
it is.

A command that cannot be undone asks first, as a reply to the message that gave it: the words to be used are read from
there when the button is pressed.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from aiogram import Bot, F, Router
from aiogram.enums import ChatType
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message, ReplyParameters

from bot import keyboards
from bot.editing import PINNED_H, Amended, Editor, StoryRefused, corrected_words, recalled_words
from bot.handlers.answering import answer, edit_or_send, place_of
from bot.keyboards import Ask
from bot.limiter import Rates
from bot.messages.texts import MODERATORS, Html, escape, plain, say
from bot.middlewares import Reader
from bot.notices import Progress
from bot.store import BotStore
from bot.story import Story
from moderation.roles import Roles

log = structlog.get_logger(__name__)

COMMANDS = ("push", "correct", "recall", "pin", "unpin", "mute", "unmute")


@dataclass(frozen=True, slots=True)
class Said:
    """What a command says behind its name: the story it names, and the words that follow."""

    story: str
    rest: str
    answers: bool

    def title(self) -> str | None:
        """The first line of what follows."""
        return self.rest.partition("\n")[0].strip() or None

    def summary(self) -> str | None:
        """The lines after it; none where they are not given."""
        return self.rest.partition("\n")[2].strip() or None


class EditorHandlers:
    """Commands and presses of administrators about stories."""

    def __init__(self, bot: Bot, *, store: BotStore, editor: Editor, progress: Progress, roles: Roles) -> None:
        self._bot = bot
        self._progress = progress
        self._store = store
        self._editor = editor
        self._roles = roles

    def router(self) -> Router:
        """What of the updates is for this feature. Its commands are for administrators: to others they are unknown."""
        router = Router(name="editors")
        router.message.filter(F.chat.type == ChatType.PRIVATE, Command(*COMMANDS, ignore_case=True), self.is_editor)
        router.message.register(self.ask_push, Command("push", ignore_case=True))
        router.message.register(self.ask_correct, Command("correct", ignore_case=True))
        router.message.register(self.ask_recall, Command("recall", ignore_case=True))
        router.message.register(self.pin, Command("pin", "unpin", ignore_case=True))
        router.message.register(self.mute, Command("mute", "unmute", ignore_case=True))
        router.callback_query.register(self.press, F.data.startswith(f"{Ask.STORY}:"))
        return router

    async def is_editor(self, message: Message, reader: Reader) -> bool:
        """Whether a command comes from somebody who may do everything."""
        return self._roles.is_administrator(reader.author)

    async def ask_push(self, message: Message, command: CommandObject, reader: Reader) -> None:
        """Ask whether to push, and say to how many."""
        said = await self._said(message, command.args)
        if (story := await self._meant(message, command, said)) is None:
            return
        wanted = await self._editor.wanted_by(story)
        text = say(
            "editor-push-sure",
            MODERATORS,
            title=story.title,
            n=wanted.planned,
            takes=_takes(wanted.now),
            later=_later(wanted.later),
            channels=_channels(wanted.channels),
            full=say("editor-full", MODERATORS, n=wanted.full) if wanted.full else Html(""),
        )
        await self._ask(message, text, "push", story, said)

    async def ask_correct(self, message: Message, command: CommandObject, reader: Reader) -> None:
        """Ask whether to correct, and show what it would say."""
        said = await self._said(message, command.args)
        if (story := await self._meant(message, command, said)) is None:
            return
        if said.title() is None:
            await self._tell(message, say("editor-correct-how", MODERATORS))
            return
        try:
            title, summary, _ = corrected_words(said.title(), said.summary(), None)
        except StoryRefused as error:
            await self._tell(message, escape(str(error)))
            return
        new = {"new": title or "", "summary": story.summary if summary is None else summary}
        await self._ask(
            message, say("editor-correct-sure", MODERATORS, title=story.title, **new), "correct", story, said
        )

    async def ask_recall(self, message: Message, command: CommandObject, reader: Reader) -> None:
        """Ask whether to take a story back."""
        said = await self._said(message, command.args)
        if (story := await self._meant(message, command, said)) is None:
            return
        try:
            note = recalled_words(said.rest)
        except StoryRefused as error:
            await self._tell(message, escape(str(error)))
            return
        why = note or plain("editor-no-note", MODERATORS)
        await self._ask(
            message, say("editor-recall-sure", MODERATORS, title=story.title, note=why), "recall", story, said
        )

    async def pin(self, message: Message, command: CommandObject, reader: Reader) -> None:
        """Have a story first of the top stories, for a day or as many hours as are said; or no more."""
        said = await self._said(message, command.args)
        if (story := await self._meant(message, command, said)) is None:
            return
        if command.command.lower() == "unpin":
            await self._editor.unpin(story)
            await self._tell(message, say("editor-unpinned", MODERATORS, title=story.title))
            return
        hours = int(said.rest) if said.rest.isascii() and said.rest.isdigit() and len(said.rest) < 6 else None
        try:
            if said.rest and hours is None:
                raise StoryRefused("behind the story only a number of hours is understood, such as 12")
            await self._editor.pin(story, hours=PINNED_H if hours is None else hours)
        except StoryRefused as error:
            await self._tell(message, escape(str(error)))
            return
        await self._tell(message, say("editor-pinned", MODERATORS, title=story.title, n=hours or PINNED_H))

    async def mute(self, message: Message, command: CommandObject, reader: Reader) -> None:
        """Have a story not among the top stories; or again."""
        said = await self._said(message, command.args)
        if (story := await self._meant(message, command, said)) is None:
            return
        muted = command.command.lower() == "mute"
        await self._editor.mute(story, muted=muted)
        await self._tell(message, say("editor-muted" if muted else "editor-unmuted", MODERATORS, title=story.title))

    async def press(self, callback: CallbackQuery, reader: Reader) -> None:
        """A press on what was asked, or on how far it is."""
        press, place = keyboards.read(callback.data), place_of(callback)
        if not self._roles.is_administrator(reader.author):
            log.info("press refused", reader=reader.id, ask=press.ask if press is not None else None)
            await answer(callback, plain("answer-not-administrator", MODERATORS), alert=True)
            return
        number = press.number(1) if press is not None else None
        story = await self._store.stories.one(number) if number is not None else None
        if press is None or place is None or story is None:
            await answer(callback, plain("old-button", reader.language), alert=True)
            return
        if press.name(0) == "far":
            await answer(callback)
            await self._progress.follow(place[0], story, message_id=place[1])
            return
        try:
            answers = press.name(2) == keyboards.ANSWERING
            text = await self._do(press.name(0), story, callback, reader, answers=answers)
        except StoryRefused as error:
            await answer(callback, str(error), alert=True)
            return
        if text is None:
            await answer(callback, plain("old-button", reader.language), alert=True)
            return
        await answer(callback)
        await edit_or_send(self._bot, *place, text)
        if press.name(0) != "leave":
            await self._progress.follow(place[0], story)

    async def _do(
        self, act: str, story: Story, callback: CallbackQuery, reader: Reader, *, answers: bool
    ) -> Html | None:
        """Do what is asked, and say so; None for what can't be done any more."""
        asked = callback.message.reply_to_message if isinstance(callback.message, Message) else None
        words = (asked.text or "").split(maxsplit=1)[1:] if asked is not None else []
        said = _said(words[0] if words else "", answers=answers)
        match act:
            case "push":
                fresh = await self._editor.to_push(story.url)
                channels = await self._editor.channels(fresh)
                planned = await self._editor.push(fresh)
                later = min(await self._editor.put_off(fresh), planned)
                return say(
                    "editor-pushed",
                    MODERATORS,
                    title=story.title,
                    n=planned,
                    takes=_takes(planned - later),
                    later=_later(later),
                    channels=_channels(channels),
                )
            case "correct" if said.title() is not None:
                amended = await self._editor.correct(story, title=said.title(), summary=said.summary(), note=None)
                return _amended("editor-corrected", amended)
            case "recall":
                amended = await self._editor.recall(story, note=said.rest, who=reader.author, name=reader.name)
                return _amended("editor-recalled", amended)
            case "leave":
                return say("editor-left", MODERATORS, title=story.title)
        return None

    async def _meant(self, message: Message, command: CommandObject, said: Said) -> Story | None:
        """The story a command is about; where there is none, how to name one is said."""
        story = await self._store.stories.pointed_at(said.story) if said.story else None
        if story is None:
            key = "editor-unknown" if said.story else "editor-which"
            await self._tell(message, say(key, MODERATORS, command=f"/{command.command.lower()}"))
        elif story.recalled_at is not None:
            await self._tell(message, say("editor-recalled-already", MODERATORS))
            return None
        return story

    async def _said(self, message: Message, args: str | None) -> Said:
        """What stands behind a command: of the story it answers, all of it; else a story's name comes first."""
        replied = message.reply_to_message
        shown = await self._store.shown.story_of(message.chat.id, replied.message_id) if replied is not None else None
        return _said(args or "", answers=shown is not None, story=str(shown[0]) if shown is not None else "")

    async def _ask(self, message: Message, text: Html, act: str, story: Story, said: Said) -> None:
        await self._tell(message, text, markup=keyboards.editing(story.id, act=act, answers=said.answers))

    async def _tell(self, message: Message, text: Html, *, markup: InlineKeyboardMarkup | None = None) -> None:
        under = ReplyParameters(message_id=message.message_id, allow_sending_without_reply=True)
        await self._bot.send_message(message.chat.id, text, reply_markup=markup, reply_parameters=under)


def _said(args: str, *, answers: bool, story: str = "") -> Said:
    """The words behind a command: all of them where it answers a story, else a story's name comes first."""
    if answers:
        return Said(story, args.strip(), answers=True)
    first, *rest = args.split(maxsplit=1) or [""]
    return Said(first, rest[0] if rest else "", answers=False)


def _amended(key: str, amended: Amended) -> Html:
    return say(
        key,
        MODERATORS,
        title=amended.story.title,
        n=amended.messages,
        stopped=amended.stopped,
        takes=_takes(amended.messages),
    )


def _later(messages: int) -> Html:
    """How many get it when their quiet time ends, where anybody does."""
    return say("editor-later", MODERATORS, n=messages) if messages else Html("")


def _channels(number: int) -> Html:
    """To how many channels it goes, where there is any."""
    return say("editor-channels", MODERATORS, n=number) if number else Html("")


def _takes(messages: int) -> Html:
    """How long so many messages take, where that is worth a word."""
    minutes = round(Rates().takes_s(messages) / 60)
    return say("editor-takes", MODERATORS, minutes=minutes) if minutes > 1 else Html("")
