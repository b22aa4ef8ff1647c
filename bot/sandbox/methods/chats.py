"""What the bot asks about chats and does in them."""

from __future__ import annotations

from bot.sandbox.content import as_replied, bot_must_be_in, named_chat
from bot.sandbox.errors import bad_request
from bot.sandbox.members import PERMISSIONS, member_object
from bot.sandbox.methods import Method
from bot.sandbox.params import Params
from bot.sandbox.state import INSIDE, Chat, Json, World

ADMINISTRATORS = ("creator", "administrator")


class Chats:
    """Chats, their members, their pinned message."""

    def __init__(self, *, world: World) -> None:
        self._world = world
        self._pinned: dict[int, int] = {}

    def methods(self) -> dict[str, Method]:
        """Each method under its name."""
        return {
            "getChat": self._get_chat,
            "getChatMember": self._get_chat_member,
            "getChatAdministrators": self._get_chat_administrators,
            "getChatMemberCount": self._get_chat_member_count,
            "pinChatMessage": self._pin,
            "unpinChatMessage": self._unpin,
        }

    async def _get_chat(self, params: Params) -> Json:
        chat = self._open_chat(params)
        full: Json = {
            **chat.chat,
            "accent_color_id": abs(chat.id) % 7,
            "max_reaction_count": 11,
            "accepted_gift_types": dict.fromkeys(
                ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"),
                False,
            ),
        }
        if not chat.private:
            full["permissions"] = dict.fromkeys(PERMISSIONS, True)
        pinned = chat.kept.get(self._pinned.get(chat.id, 0))
        if pinned:
            full["pinned_message"] = as_replied(pinned.message)
        return full

    async def _get_chat_member(self, params: Params) -> Json:
        chat = self._open_chat(params)
        user = self._world.user(params.number("user_id"))
        if user is None:
            raise bad_request("invalid user_id specified" if not params.number("user_id") else "user not found")
        return member_object(user, chat.members.get(user["id"], "left"))

    async def _get_chat_administrators(self, params: Params) -> list[Json]:
        chat = self._open_chat(params)
        if chat.private:
            raise bad_request("there are no administrators in the private chat")
        found = ((self._world.user(id_), status) for id_, status in chat.members.items() if status in ADMINISTRATORS)
        return [member_object(user, status) for user, status in found if user and not user["is_bot"]]

    async def _get_chat_member_count(self, params: Params) -> int:
        chat = self._open_chat(params)
        return 2 if chat.private else sum(status in INSIDE for status in chat.members.values())

    async def _pin(self, params: Params) -> bool:
        chat = self._open_chat(params)
        message_id = params.number("message_id")
        if message_id not in chat.kept:
            raise bad_request("message to pin not found")
        self._pinned[chat.id] = message_id
        return True

    async def _unpin(self, params: Params) -> bool:
        chat = self._open_chat(params)
        message_id = params.number("message_id")
        if message_id and self._pinned.get(chat.id) != message_id:
            raise bad_request("message to unpin not found")
        self._pinned.pop(chat.id, None)
        return True

    def _open_chat(self, params: Params) -> Chat:
        chat = named_chat(self._world, params)
        if not chat.private:
            bot_must_be_in(self._world, chat)
        return chat
