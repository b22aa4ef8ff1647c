"""The sandbox's world: people, chats, messages, and the one bot among them.

Bot API objects are kept as the JSON they are sent as. A kept object is never changed in place, only replaced, so an
update already queued keeps showing what was true when it was queued.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.clock import Clock
from bot.sandbox.journal import Journal, Record
from bot.sandbox.watch import Watchers

Json = dict[str, Any]

BOT_USERNAME = "baithak_sandbox_bot"
BOT_NAME = "Baithak"
MODERATORS_CHAT = -1003000000001
INSIDE = frozenset({"creator", "administrator", "member", "restricted"})


@dataclass(slots=True)
class Person:
    """A human being: the Bot API User, and how they stand to the bot."""

    user: Json
    started: bool = False
    blocked: bool = False


@dataclass(slots=True)
class Kept:
    """A message, when in its chat's count of changes it was sent and last changed, and who reacted with what."""

    message: Json
    sent: int
    changed: int
    reactions: dict[int, list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Chat:
    """A private chat, group or channel: the Bot API Chat, its members' statuses, its messages by id, oldest first."""

    chat: Json
    members: dict[int, str] = field(default_factory=dict)
    last_id: int = 0
    changes: int = 0
    kept: dict[int, Kept] = field(default_factory=dict)

    @property
    def id(self) -> int:
        """The Bot API chat id; a private chat's is its person's."""
        return int(self.chat["id"])

    @property
    def private(self) -> bool:
        """Whether this is one person's chat with the bot."""
        return bool(self.chat["type"] == "private")

    @property
    def channel(self) -> bool:
        """Whether only administrators write here, in the chat's name."""
        return bool(self.chat["type"] == "channel")

    def since(self, after: int) -> Iterator[Kept]:
        """Messages with a higher id, and those changed after the last message up to that id was sent; oldest first."""
        known = [kept.sent for id_, kept in self.kept.items() if id_ <= after]
        moment = max(known, default=0)
        for id_, kept in self.kept.items():
            if id_ > after or kept.changed > max(moment, kept.sent):
                yield kept


class World:
    """Everything that is so in the sandbox; what changes is journalled first and then told to watchers."""

    def __init__(self, *, clock: Clock, journal: Journal, watchers: Watchers) -> None:
        self._clock = clock
        self._journal = journal
        self._watchers = watchers
        self.people: dict[int, Person] = {}
        self.chats: dict[int, Chat] = {}
        self.bot_id = 42
        self.bot_name = BOT_NAME

    # What is remembered.

    def recall(self, record: Record) -> None:
        """Take in one record of an earlier run; those of other kinds are left alone."""
        if record.kind == "person":
            self.people[int(record.key)] = Person(**record.value)
        elif record.kind == "chat":
            self._recall_chat(record.value)
        elif record.kind == "message":
            self._recall_message(record)
        elif record.kind == "bot":
            self.bot_id = int(record.value["id"])
            self.bot_name = str(record.value["name"])

    def records(self) -> Iterator[Record]:
        """All there is to remember."""
        yield Record("bot", "bot", {"id": self.bot_id, "name": self.bot_name})
        for id_, person in self.people.items():
            yield Record("person", str(id_), _person_value(person))
        for chat in self.chats.values():
            yield Record("chat", str(chat.id), _chat_value(chat))
            for message_id, kept in chat.kept.items():
                yield Record("message", f"{chat.id}:{message_id}", _kept_value(kept))

    def _recall_chat(self, value: Json) -> None:
        old = self.chats.get(value["chat"]["id"])
        members = {int(id_): status for id_, status in value["members"].items()}
        if old is None:
            self.chats[value["chat"]["id"]] = Chat(
                chat=value["chat"], members=members, last_id=value["last_id"], changes=value["changes"]
            )
        else:
            old.chat, old.members = value["chat"], members

    def _recall_message(self, record: Record) -> None:
        chat_id, message_id = map(int, record.key.split(":"))
        chat = self.chats[chat_id]
        chat.last_id = max(chat.last_id, message_id)
        if record.value is None:
            chat.kept.pop(message_id, None)
            return
        reactions = {int(id_): emoji for id_, emoji in record.value["reactions"].items()}
        kept = Kept(**{**record.value, "reactions": reactions})
        chat.changes = max(chat.changes, kept.changed)
        chat.kept[message_id] = kept

    # The bot.

    def bot_user(self) -> Json:
        """The bot as a Bot API User."""
        return {"id": self.bot_id, "is_bot": True, "first_name": self.bot_name, "username": BOT_USERNAME}

    def bot_is(self, *, id_: int | None = None, name: str | None = None) -> None:
        """The bot goes by this id (its token's number) or this name from now on; groups keep it as a member."""
        if (id_ is None or id_ == self.bot_id) and (name is None or name == self.bot_name):
            return
        old_id, self.bot_id = self.bot_id, self.bot_id if id_ is None else id_
        self.bot_name = self.bot_name if name is None else name
        self._journal.put("bot", "bot", {"id": self.bot_id, "name": self.bot_name})
        for chat in self.chats.values():
            if old_id != self.bot_id and old_id in chat.members:
                chat.members[self.bot_id] = chat.members.pop(old_id)
                self._put_chat(chat)

    # People and chats.

    def user(self, id_: int) -> Json | None:
        """The Bot API User with that id, a person or the bot, if there is one."""
        if id_ == self.bot_id:
            return self.bot_user()
        person = self.people.get(id_)
        return person.user if person else None

    def keep_person(self, person: Person) -> None:
        """Add a person with their private chat, or keep what changed about them."""
        id_ = person.user["id"]
        self.people[id_] = person
        self._journal.put("person", str(id_), _person_value(person))
        chat = {"id": id_, "type": "private"}
        chat.update({key: person.user[key] for key in ("first_name", "last_name", "username") if key in person.user})
        if id_ not in self.chats:
            self.keep_chat(Chat(chat=chat, members={id_: "member"}))
        elif self.chats[id_].chat != chat:
            self.chats[id_].chat = chat
            self._put_chat(self.chats[id_])
        self._watchers.tell("user", id_, user=person.user, started=person.started, blocked=person.blocked)

    def keep_chat(self, chat: Chat) -> None:
        """Add a chat."""
        self.chats[chat.id] = chat
        self._put_chat(chat)

    def set_member(self, chat: Chat, user_id: int, status: str) -> None:
        """Somebody's status in a chat is this now."""
        chat.members[user_id] = status
        self._put_chat(chat)
        self._watchers.tell("members", chat.id, user_id=user_id, status=status)

    # Messages.

    def is_bots(self, message: Json) -> bool:
        """Whether the bot wrote it: in a channel nobody else does."""
        return "sender_chat" in message or bool(message["from"]["id"] == self.bot_id)

    def add_message(self, chat: Chat, *, sender: Json, content: Json) -> Json:
        """A new message of that sender; gives the Bot API Message, with the chat's next id and the clock's date."""
        message = {
            "message_id": chat.last_id + 1,
            **({"sender_chat": chat.chat} if chat.channel else {"from": sender}),
            "chat": chat.chat,
            "date": int(self._clock.now()),
            **content,
        }
        self.keep_message(chat, message)
        return message

    def keep_message(self, chat: Chat, message: Json) -> None:
        """Keep a message as new; its id should be above all of the chat's, or it takes the place of that id's."""
        chat.changes += 1
        kept = Kept(message=message, sent=chat.changes, changed=chat.changes)
        self._put_message(chat, kept)
        chat.last_id = max(chat.last_id, message["message_id"])
        self._watchers.tell("message", chat.id, message=message)

    def change_message(self, chat: Chat, message: Json) -> None:
        """Put a changed message in the place of the one with its id. Raises KeyError where there is none."""
        kept = chat.kept[message["message_id"]]
        chat.changes += 1
        changed = Kept(message=message, sent=kept.sent, changed=chat.changes, reactions=kept.reactions)
        self._put_message(chat, changed)
        self._watchers.tell("edited", chat.id, message=message)

    def remove_message(self, chat: Chat, message_id: int) -> None:
        """A message is gone for everybody. Raises KeyError where there is none; its id is never given again."""
        if message_id not in chat.kept:
            raise KeyError(message_id)
        self._journal.put("message", f"{chat.id}:{message_id}", None)
        del chat.kept[message_id]
        self._watchers.tell("deleted", chat.id, message_id=message_id)

    def react(self, chat: Chat, message_id: int, *, user_id: int, emoji: list[str]) -> list[str]:
        """Somebody's reactions to a message are these now; gives the former ones. Raises KeyError."""
        kept = chat.kept[message_id]
        former = kept.reactions.get(user_id, [])
        reactions = {**kept.reactions, user_id: emoji}
        if not emoji:
            del reactions[user_id]
        chat.changes += 1
        self._put_message(chat, Kept(message=kept.message, sent=kept.sent, changed=chat.changes, reactions=reactions))
        self._watchers.tell("reaction", chat.id, message_id=message_id, reactions=by_emoji(reactions))
        return former

    def _put_chat(self, chat: Chat) -> None:
        self._journal.put("chat", str(chat.id), _chat_value(chat))

    def _put_message(self, chat: Chat, kept: Kept) -> None:
        # The journal first: if the disk is full the message is nowhere, rather than here and gone after a restart.
        message_id = kept.message["message_id"]
        self._journal.put("message", f"{chat.id}:{message_id}", _kept_value(kept))
        chat.kept[message_id] = kept


def by_emoji(reactions: dict[int, list[str]]) -> dict[str, list[int]]:
    """Who reacted, under each emoji."""
    people: dict[str, list[int]] = {}
    for user_id, emoji in reactions.items():
        for one in emoji:
            people.setdefault(one, []).append(user_id)
    return people


def _person_value(person: Person) -> Json:
    return {"user": person.user, "started": person.started, "blocked": person.blocked}


def _chat_value(chat: Chat) -> Json:
    return {"chat": chat.chat, "members": chat.members, "last_id": chat.last_id, "changes": chat.changes}


def _kept_value(kept: Kept) -> Json:
    return {"message": kept.message, "sent": kept.sent, "changed": kept.changed, "reactions": kept.reactions}
