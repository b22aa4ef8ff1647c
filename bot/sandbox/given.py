"""Updates a program hands in: photos, voice, stickers, forwards, replays, kinds nobody knows."""

from __future__ import annotations

from bot.sandbox.clock import Clock
from bot.sandbox.errors import ControlError
from bot.sandbox.state import Chat, Json, Person, World
from bot.sandbox.updates import UpdateQueue

HIGHEST_UPDATE_ID = 2**53
HIGHEST_MESSAGE_ID = 2**31 - 1


class GivenUpdates:
    """Queues updates as they are given, and lets the messages in them stand in their chats."""

    def __init__(self, *, world: World, updates: UpdateQueue, clock: Clock) -> None:
        self._world = world
        self._updates = updates
        self._clock = clock

    def give(self, update: Json) -> int:
        """Queue an update and give its id. Raises ControlError 400 for one of no kind or with an id ill formed.

        A message in it from a known person in a known chat is completed (full sender and chat, id, date) and kept.
        """
        id_ = update.get("update_id")
        if id_ is not None and (isinstance(id_, bool) or not isinstance(id_, int) or not 0 < id_ < HIGHEST_UPDATE_ID):
            raise ControlError(400, "update_id is a whole number above 0")
        if not update.keys() - {"update_id"}:
            raise ControlError(400, "the update is of no kind")
        for kind in ("message", "edited_message"):
            message = update.get(kind)
            if isinstance(message, dict):
                update = {**update, kind: self._kept(message)}
        return self._updates.add_given(update)

    def _kept(self, message: Json) -> Json:
        chat, person = self._chat_of(message), self._sender_of(message)
        if chat is None or person is None:
            return message
        whole = {
            "message_id": chat.last_id + 1,
            **message,
            "from": {**person.user, **message["from"]},
            "chat": {**chat.chat, **message["chat"]},
            "date": message.get("date", int(self._clock.now())),
        }
        if not isinstance(whole["message_id"], int) or not isinstance(whole["date"], int):
            return message
        if not 0 < whole["message_id"] <= HIGHEST_MESSAGE_ID:
            # The chat counts on from its highest, and no bot could keep what comes after.
            return message
        if chat.private and not person.started:
            self._world.keep_person(Person(user=person.user, started=True, blocked=person.blocked))
        if whole["message_id"] not in chat.kept:
            self._world.keep_message(chat, whole)
        elif chat.kept[whole["message_id"]].message != whole:
            self._world.change_message(chat, whole)
        return whole

    def _chat_of(self, message: Json) -> Chat | None:
        chat = message.get("chat")
        id_ = chat.get("id") if isinstance(chat, dict) else None
        return self._world.chats.get(id_) if isinstance(id_, int) else None

    def _sender_of(self, message: Json) -> Person | None:
        sender = message.get("from")
        id_ = sender.get("id") if isinstance(sender, dict) else None
        return self._world.people.get(id_) if isinstance(id_, int) else None
