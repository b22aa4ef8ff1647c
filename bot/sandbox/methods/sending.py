"""What the bot sends: messages, photos, copies, forwards, typing."""

from __future__ import annotations

from bot.sandbox.content import destination, keyboard_content, reply_content, text_content
from bot.sandbox.errors import bad_request
from bot.sandbox.methods import Method
from bot.sandbox.params import Params
from bot.sandbox.state import Json, World
from bot.sandbox.watch import Watchers

CHAT_ACTIONS = frozenset(
    {
        "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document",
        "choose_sticker", "find_location", "record_video_note", "upload_video_note",
    }
)  # fmt: skip


class Sending:
    """New messages in a chat."""

    def __init__(self, *, world: World, watchers: Watchers) -> None:
        self._world = world
        self._watchers = watchers

    def methods(self) -> dict[str, Method]:
        """Each method under its name."""
        return {"sendMessage": self._send_message, "sendChatAction": self._send_chat_action}

    async def _send_message(self, params: Params) -> Json:
        content = text_content(params)
        return self._send(params, content)

    async def _send_chat_action(self, params: Params) -> bool:
        action = params.text("action")
        if action not in CHAT_ACTIONS:
            raise bad_request("wrong parameter action in request")
        chat = destination(self._world, params)
        self._watchers.tell("action", chat.id, action=action)
        return True

    def _send(self, params: Params, content: Json) -> Json:
        keyboard = keyboard_content(params)
        chat = destination(self._world, params)
        reply = reply_content(chat, params)
        marks = {"has_protected_content": True} if params.flag("protect_content") else {}
        return self._world.add_message(
            chat, sender=self._world.bot_user(), content={**reply, **content, **keyboard, **marks}
        )
