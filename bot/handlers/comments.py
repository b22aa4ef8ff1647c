"""Readers who comment: begin by a button, a reply or a link; agree to the terms; write, and edit what was written.

What becomes of a comment is told by notices. Only what can't be a comment at all is refused here, at once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import structlog
from aiogram import Bot, F, Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import CallbackQuery, Message, ReplyParameters

from bot import keyboards
from bot.handlers.answering import answer, place_of
from bot.handlers.drafts import Asked, Draft, Drafts, Target
from bot.keyboards import Ask
from bot.messages import terms as terms_messages
from bot.messages.stories import recalled
from bot.messages.texts import Html, plain, say
from bot.middlewares import Reader
from bot.store import BotStore
from bot.story import Story
from moderation.comment import MAX_LENGTH, Submission, utf16_length, validated_text
from moderation.errors import CommentsClosed, InvalidSubmission, TermsNotAgreed, UnknownComment
from moderation.intake import Intake
from moderation.policy import Terms
from moderation.switches import Switches
from moderation.threads import Threads

log = structlog.get_logger(__name__)

CUT_FROM = 3 * MAX_LENGTH // 4
"""UTF-16 units of a message that more may follow of: messengers cut at a blank or a line where they can."""

ANSWERED_BY = 3
"""Messages right before one that may be its beginning."""

SAID = frozenset(
    {
        "animation",
        "audio",
        "checklist",
        "contact",
        "dice",
        "document",
        "game",
        "live_photo",
        "location",
        "paid_media",
        "photo",
        "poll",
        "sticker",
        "story",
        "text",
        "unknown",
        "venue",
        "video",
        "video_note",
        "voice",
    }
)
"""Kinds of message a person sends to say something, and those nobody knows yet; the rest are Telegram's own notes, and
are not answered."""


def source_key(chat_id: int, message_id: int) -> str:
    """How `moderation` names a Telegram message that a comment came from."""
    return f"telegram:{chat_id}:{message_id}"


class CommentHandlers:
    """A reader's words and edits, and the presses that lead to them. `terms` is by language, `version` in force."""

    def __init__(
        self,
        bot: Bot,
        *,
        store: BotStore,
        drafts: Drafts,
        intake: Intake,
        switches: Switches,
        threads: Threads,
        terms: Mapping[str, Terms],
        version: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._bot = bot
        self._store = store
        self._drafts = drafts
        self._intake = intake
        self._switches = switches
        self._threads = threads
        self._terms = terms
        self._version = version
        self._clock = clock

    def router(self) -> Router:
        """What of the updates is for this feature. It takes every message in private, so it comes last."""
        router = Router(name="comments")
        router.message.filter(F.chat.type == "private")
        router.edited_message.filter(F.chat.type == "private")
        router.message.register(self.write, F.content_type.in_(SAID))
        router.edited_message.register(self.edit, F.content_type.in_(SAID))
        router.callback_query.register(self.press_comment, F.data.startswith(f"{Ask.COMMENT}:"))
        router.callback_query.register(self.agree, F.data.startswith(f"{Ask.AGREE}:"))
        return router

    async def press_comment(self, callback: CallbackQuery, reader: Reader) -> None:
        """The next message is a comment on this story."""
        press = keyboards.read(callback.data)
        story_id = press.number(0) if press is not None else None
        story = await self._store.stories.one(story_id) if story_id is not None else None
        if story is None:
            await answer(callback, plain("old-button", reader.language), alert=True)
            return
        if not await self._is_open(story):
            await answer(callback, plain("answer-closed", reader.language), alert=True)
            return
        await answer(callback)
        await self.begin(reader, story)

    async def begin(self, reader: Reader, story: Story) -> None:
        """Ask for a comment on this story; for agreement to the terms first, where that is missing.

        Where comments are closed, only say so.
        """
        now = self._clock()
        await self._store.subscribers.meet(reader.id, name=reader.name, language=reader.language, now=now)
        await self._store.opened.note(story.id, reader.id, now=now)
        if not await self._is_open(story):
            closed = say("comments-closed", reader.language, title=story.title)
            gone = story.recalled_at is not None
            await self._bot.send_message(reader.id, recalled(story, language=reader.language) if gone else closed)
            return
        await self._drafts.begin(reader.id, Target(story.id), now=now)
        if not await self._intake.has_agreed(reader.author):
            await self._ask_agreement(reader, kept=False)
            return
        prompt = await self._bot.send_message(
            reader.id,
            say("compose-prompt", reader.language, title=story.title),
            reply_markup=keyboards.writing(reader.language),
        )
        await self._store.shown.note_story(reader.id, prompt.message_id, story_id=story.id, now=now)

    async def _is_open(self, story: Story) -> bool:
        state = await self._switches.state_of(
            story.url, section=story.section, published_at=story.published_at, now=self._clock()
        )
        return state.open and story.recalled_at is None

    async def agree(self, callback: CallbackQuery, reader: Reader) -> None:
        """Note the agreement, and send what was written before it."""
        press, place = keyboards.read(callback.data), place_of(callback)
        if press is None or press.name(0) != self._version:
            await answer(callback, plain("terms-current", reader.language))
            await self._ask_agreement(reader, kept=bool((await self._drafts.of(reader.id)).drafts))
            return
        await self._intake.agree(reader.author, language=reader.language, now=self._clock())
        await answer(callback, plain("terms-agreed", reader.language))
        writing = await self._drafts.of(reader.id)
        for draft in writing.drafts:
            await self._submit(reader, draft)
        if place is not None and all(asked.message != place[1] for asked in writing.asked):
            await self._take_button_away(*place)
        for asked in writing.asked:
            await self._close(reader, asked)
        await self._drafts.drop(reader.id, writing.drafts, now=self._clock())
        if writing.target is not None and not writing.drafts:
            await self._bot.send_message(reader.id, say("write-now", reader.language))

    async def _close(self, reader: Reader, asked: Asked) -> None:
        """No message goes on to ask what was answered, or to say that a comment waits for it."""
        if not asked.line:
            await self._take_button_away(reader.id, asked.message)
            return
        with contextlib.suppress(TelegramBadRequest):  # changed before, by a process that ended, or gone
            text = say("terms-agreed", reader.language)
            await self._bot.edit_message_text(text, chat_id=reader.id, message_id=asked.message)

    async def _take_button_away(self, chat_id: int, message_id: int) -> None:
        try:
            await self._bot.edit_message_reply_markup(chat_id=chat_id, message_id=message_id, reply_markup=None)
        except TelegramBadRequest:
            return  # pressed twice, or the message is gone: either way no button is left

    async def write(self, message: Message, reader: Reader, damaged: bool) -> None:
        """A message in private: a comment where it answers a story or one was begun, else a word on how to comment."""
        key = source_key(message.chat.id, message.message_id)
        if await self._threads.by_source(key) is not None:
            # Handled before, by a process that ended before it could say so.
            await self._drafts.leave(reader.id, now=self._clock())
            return
        target = await self._target(message, reader)
        if target is None:
            if message.reply_to_message is not None:
                how = "reply-unknown"
            else:
                how = "rest-not-taken" if await self._goes_on(message, reader) else "how-to-comment"
            await self._refuse(message, reader, how)
            return
        text = await self._words(message, reader, damaged=damaged)
        if text is None:
            return
        now = self._clock()
        await self._store.subscribers.meet(reader.id, name=reader.name, language=reader.language, now=now)
        draft = Draft(message.message_id, text, target)
        story = await self._store.stories.one(target.story)
        if story is not None and not await self._is_open(story):
            await self._say_closed(reader, draft)
        elif not await self._intake.has_agreed(reader.author):
            await self._keep_for_later(message, reader, draft)
        elif await self._submit(reader, draft):
            await self._drafts.leave(reader.id, now=now)

    async def _target(self, message: Message, reader: Reader) -> Target | None:
        replied = message.reply_to_message
        if replied is not None:
            shown = await self._store.shown.story_of(message.chat.id, replied.message_id)
            if shown is not None:
                return Target(*shown)
            named = _story_on_buttons(replied)
            if named is not None and await self._store.stories.one(named) is not None:
                return Target(named)
        return (await self._drafts.of(reader.id)).target

    async def _goes_on(self, message: Message, reader: Reader) -> bool:
        """Whether right before it came a comment as long as one can be: messengers cut what is longer.

        Between the two may stand our answer to the first.
        """
        before = range(message.message_id - ANSWERED_BY, message.message_id)
        kept = [draft.text for draft in (await self._drafts.of(reader.id)).drafts if draft.message in before]
        for place in before:
            record = await self._threads.by_source(source_key(message.chat.id, place))
            if record is not None:
                kept.append(record.comment.latest.text)
        return any(utf16_length(text) >= CUT_FROM for text in kept)

    async def _words(self, message: Message, reader: Reader, *, damaged: bool) -> str | None:
        """The comment's text; None after saying why there is none."""
        if message.forward_origin is not None:
            await self._refuse(message, reader, "refused-forwarded")
        elif message.text is None:
            await self._refuse(message, reader, "refused-not_text")
        elif damaged:
            await self._refuse(message, reader, "refused-bad_characters")
        else:
            try:
                return validated_text(message.text)
            except InvalidSubmission as error:
                await self._refuse(message, reader, f"refused-{error.code}", at_most=MAX_LENGTH)
        return None

    async def _keep_for_later(self, message: Message, reader: Reader, draft: Draft) -> None:
        before = await self._drafts.of(reader.id)
        asked = before.target is not None or bool(before.drafts)
        try:
            await self._drafts.put(reader.id, draft, now=self._clock())
        except ValueError:
            await self._refuse(message, reader, "refused-drafts", n=len(before.drafts))
        if asked:
            # The terms stand a little above; the whole wall of them a second time would hide what is new.
            await self._ask(reader, say("terms-kept", reader.language), line=True)
        else:
            await self._ask_agreement(reader, kept=True)

    async def _ask_agreement(self, reader: Reader, *, kept: bool) -> None:
        await self._ask(reader, terms_messages.asked(self._terms[reader.language], kept=kept), line=False)

    async def _ask(self, reader: Reader, text: Html, *, line: bool) -> None:
        markup = keyboards.terms(version=self._version, language=reader.language)
        sent = await self._bot.send_message(reader.id, text, reply_markup=markup)
        await self._drafts.ask(reader.id, Asked(sent.message_id, line), now=self._clock())

    async def _submit(self, reader: Reader, draft: Draft) -> bool:
        """Hand a comment in; False after saying why it could not be."""
        story = await self._store.stories.one(draft.target.story)
        if story is None or story.recalled_at is not None:
            await self._reply(reader, draft.message, "story-unknown")
            return False
        submission = Submission(
            story=story.url,
            author=reader.author,
            author_name=reader.name,
            text=draft.text,
            source_key=source_key(reader.id, draft.message),
            parent=draft.target.parent,
            section=story.section,
            story_published_at=story.published_at,
        )
        try:
            await self._intake.submit(submission, now=self._clock())
        except UnknownComment:
            await self._reply(reader, draft.message, "refused-parent")
        except CommentsClosed:
            await self._say_closed(reader, draft)
        except InvalidSubmission as error:
            # The words were looked at when they came: it is the story that takes none, however often they are sent.
            log.error("story takes no comment", story=story.id, code=error.code)
            await self._say_closed(reader, draft)
        except TermsNotAgreed:
            await self._drafts.put(reader.id, draft, now=self._clock())
            await self._ask_agreement(reader, kept=True)
        else:
            return True
        return False

    async def _say_closed(self, reader: Reader, draft: Draft) -> None:
        """Nothing more is to be said on this story, so what comes next is not meant for it."""
        await self._reply(reader, draft.message, "refused-closed")
        await self._drafts.leave(reader.id, now=self._clock())

    async def edit(self, message: Message, reader: Reader, damaged: bool) -> None:
        """An edit of a comment's message edits the comment; of a draft's, the draft; of any other words, nothing."""
        key = source_key(message.chat.id, message.message_id)
        known = await self._threads.by_source(key)
        drafts = (await self._drafts.of(reader.id)).drafts
        draft = next((one for one in drafts if one.message == message.message_id), None)
        if known is None and draft is None:
            if message.reply_to_message is not None:
                # Refused when it was written, and mended since.
                await self.write(message, reader, damaged)
            elif message.text is not None:
                # Only words: a place that is shared live is edited every few seconds.
                await self._refuse(message, reader, "edit-unknown")
            return
        text = await self._words(message, reader, damaged=damaged)
        if text is None:
            return
        if known is None and draft is not None:
            await self._drafts.put(reader.id, Draft(draft.message, text, draft.target), now=self._clock())
            return
        try:
            await self._intake.edit(key, author=reader.author, text=text, now=self._clock())
        except UnknownComment:
            await self._refuse(message, reader, "refused-gone")
        except CommentsClosed:
            await self._refuse(message, reader, "refused-closed_edit")

    async def _refuse(self, message: Message, reader: Reader, key: str, **variables: str | int) -> None:
        await self._reply(reader, message.message_id, key, **variables)

    async def _reply(self, reader: Reader, message_id: int, key: str, **variables: str | int) -> None:
        await self._bot.send_message(
            reader.id,
            say(key, reader.language, **variables),
            reply_parameters=ReplyParameters(message_id=message_id, allow_sending_without_reply=True),
        )


def _story_on_buttons(message: Any) -> int | None:
    """The story that a message's own Comment button names: it may have been sent and not yet remembered."""
    markup = getattr(message, "reply_markup", None)
    for row in markup.inline_keyboard if markup is not None else ():
        for button in row:
            press = keyboards.read(button.callback_data)
            if press is not None and press.ask is Ask.COMMENT:
                return press.number(0)
    return None
