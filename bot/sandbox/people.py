"""What people do in the sandbox, and what of it the bot hears."""

from __future__ import annotations

import asyncio
from typing import Any

from bot.sandbox.callbacks import Callbacks
from bot.sandbox.clock import Clock
from bot.sandbox.content import as_replied
from bot.sandbox.errors import ControlError
from bot.sandbox.markup import Formatted, with_found_entities
from bot.sandbox.markup.text import utf16_length
from bot.sandbox.members import member_object
from bot.sandbox.state import BOT_USERNAME, INSIDE, Chat, Json, Person, World
from bot.sandbox.updates import UpdateQueue

LONGEST_TEXT_UTF16 = 4096
CONTENT = ("text", "entities", "caption", "caption_entities")


class People:
    """The hands of everybody but the bot. Every act raises ControlError where the person could not do it."""

    def __init__(self, *, world: World, updates: UpdateQueue, callbacks: Callbacks, clock: Clock) -> None:
        self._world = world
        self._updates = updates
        self._callbacks = callbacks
        self._clock = clock

    # Messages.

    def write(self, person: Person, chat: Chat, *, text: str, reply_to: int | None, force: bool) -> Json:
        """The person writes; gives the Message. A /start while the bot is blocked unblocks it, as clients do."""
        if not text and not force:
            raise ControlError(400, "text is empty")
        self._check_length(text, force=force)
        self._must_be_inside(person, chat)
        if chat.channel:
            raise ControlError(403, "only the bot writes in a channel")
        if chat.private and person.blocked:
            if not text.startswith("/start"):
                raise ControlError(403, "the person blocked the bot; unblock it first")
            self.unblock(person)
        content = _text(text)
        if reply_to is not None:
            content["reply_to_message"] = as_replied(_kept(chat, reply_to))
        return self.send(person, chat, content)

    def send(self, person: Person, chat: Chat, content: Json) -> Json:
        """Put any content into the chat as the person's message and let the bot hear of it."""
        if chat.private and not person.started:
            self._world.keep_person(Person(user=person.user, started=True, blocked=person.blocked))
        message = self._world.add_message(chat, sender=person.user, content=content)
        if self._bot_hears(chat, message):
            self._updates.add("message", message, lane=chat.id)
        return message

    def edit(self, person: Person, chat: Chat, *, message_id: int, text: str, force: bool) -> Json:
        """The person edits the text of a message of theirs; gives the Message."""
        message = _kept(chat, message_id)
        if self._world.is_bots(message) or message["from"]["id"] != person.user["id"]:
            raise ControlError(403, "the message is somebody else's")
        if not text and not force:
            raise ControlError(400, "text is empty")
        self._check_length(text, force=force)
        old = message.get("text", message.get("caption"))
        if old == text:
            raise ControlError(400, "the text is the same as before")
        content = _text(text)
        if "text" not in message:
            content = {"caption" if key == "text" else f"caption_{key}": value for key, value in content.items()}
        rest = {key: value for key, value in message.items() if key not in CONTENT}
        edited = {**rest, "edit_date": int(self._clock.now()), **content}
        self._world.change_message(chat, edited)
        if self._bot_hears(chat, edited):
            self._updates.add("edited_message", edited, lane=chat.id)
        return edited

    def _bot_hears(self, chat: Chat, message: Json) -> bool:
        """In a group a bot without rights hears only what is meant for it."""
        if chat.private:
            return True
        status = chat.members.get(self._world.bot_id)
        if status in ("administrator", "creator"):
            return True
        text = message.get("text", "")
        answers_bot = message.get("reply_to_message", {}).get("from", {}).get("id") == self._world.bot_id
        return status in INSIDE and (text.startswith("/") or f"@{BOT_USERNAME}" in text.lower() or answers_bot)

    # Presses and reactions.

    async def press(self, person: Person, chat: Chat, *, message_id: int, data: str, wait_s: float) -> Json | None:
        """The person presses a button with that callback data, there or not; gives the bot's answer, None for none."""
        message = _kept(chat, message_id)
        self._must_be_inside(person, chat)
        if not self._world.is_bots(message):
            raise ControlError(400, "the message is not the bot's")
        press = self._callbacks.open()
        query = {
            "id": press.id,
            "from": person.user,
            "message": message,
            "chat_instance": str(chat.id * 7_919),
            "data": data,
        }
        self._updates.add("callback_query", query, lane=person.user["id"])
        try:
            return await asyncio.wait_for(asyncio.shield(press.answer), wait_s)
        except TimeoutError:
            return None

    def react(self, person: Person, chat: Chat, *, message_id: int, emoji: list[str]) -> None:
        """The person's reactions are these now; the bot hears of it if it asked to and, in groups, has rights."""
        _kept(chat, message_id)
        self._must_be_inside(person, chat)
        former = self._world.react(chat, message_id, user_id=person.user["id"], emoji=emoji)
        rights = chat.private or chat.members.get(self._world.bot_id) in ("administrator", "creator")
        if rights and former != emoji:
            reaction = {
                "chat": chat.chat,
                "message_id": message_id,
                "user": person.user,
                "date": int(self._clock.now()),
                "old_reaction": [{"type": "emoji", "emoji": one} for one in former],
                "new_reaction": [{"type": "emoji", "emoji": one} for one in emoji],
            }
            self._updates.add("message_reaction", reaction, lane=chat.id)

    # Coming and going.

    def block(self, person: Person) -> None:
        """The person blocks the bot."""
        self._set_blocked(person, blocked=True)

    def unblock(self, person: Person) -> None:
        """The person unblocks the bot."""
        self._set_blocked(person, blocked=False)

    def _set_blocked(self, person: Person, *, blocked: bool) -> None:
        current = self._world.people[person.user["id"]]
        if current.blocked == blocked:
            return
        self._world.keep_person(Person(user=person.user, started=current.started, blocked=blocked))
        chat = self._world.chats[person.user["id"]]
        old, new = ("member", "kicked") if blocked else ("kicked", "member")
        self._updates.add(
            "my_chat_member", self._membership(chat, person.user, self._world.bot_user(), old, new), lane=chat.id
        )

    def set_status(self, chat: Chat, user: Json, status: str) -> None:
        """Somebody joins, leaves, is given or loses rights; the group sees a service message at coming and going."""
        old = chat.members.get(user["id"], "left")
        if old == status:
            return
        self._world.set_member(chat, user["id"], status)
        about_bot = user["id"] == self._world.bot_id
        kind = "my_chat_member" if about_bot else "chat_member"
        by = next((self._world.user(id_) for id_, was in chat.members.items() if was == "creator"), None) or user
        self._updates.add(kind, self._membership(chat, by, user, old, status), lane=chat.id)
        came, went = old not in INSIDE and status in INSIDE, old in INSIDE and status not in INSIDE
        if came or went:
            content: Json = {"new_chat_members": [user]} if came else {"left_chat_member": user}
            message = self._world.add_message(chat, sender=user if not about_bot else by, content=content)
            if chat.members.get(self._world.bot_id) in INSIDE:
                self._updates.add("message", message, lane=chat.id)

    def _membership(self, chat: Chat, by: Json, whose: Json, old: str, new: str) -> Json:
        return {
            "chat": chat.chat,
            "from": by,
            "date": int(self._clock.now()),
            "old_chat_member": member_object(whose, old),
            "new_chat_member": member_object(whose, new),
        }

    def _must_be_inside(self, person: Person, chat: Chat) -> None:
        if chat.members.get(person.user["id"]) not in INSIDE:
            raise ControlError(403, "the person is not in this chat")

    @staticmethod
    def _check_length(text: str, *, force: bool) -> None:
        if not force and utf16_length(text) > LONGEST_TEXT_UTF16:
            raise ControlError(400, f"text is longer than {LONGEST_TEXT_UTF16} UTF-16 units; clients would split it")


def _text(text: str) -> Json:
    marked = with_found_entities(Formatted(text))
    content: Json = {"text": text}
    if marked.entities:
        content["entities"] = marked.entities
    return content


def _kept(chat: Chat, message_id: int) -> Json:
    kept = chat.kept.get(message_id)
    if kept is None:
        raise ControlError(404, f"no message {message_id} in chat {chat.id}")
    return kept.message


def button_named(message: Json, visible: str) -> Json:
    """The first button of a message with exactly that visible text. Raises ControlError 404 where there is none."""
    rows: list[list[Any]] = message.get("reply_markup", {}).get("inline_keyboard", [])
    for row in rows:
        for button in row:
            if button.get("text") == visible:
                return dict(button)
    raise ControlError(404, f"message {message['message_id']} has no button {visible!r}")
