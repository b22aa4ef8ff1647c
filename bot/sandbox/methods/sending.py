"""What the bot sends: messages, photos, documents, copies, forwards, typing."""

from __future__ import annotations

from bot.sandbox.content import (
    caption_content,
    destination,
    keyboard_content,
    named_chat,
    reply_content,
    text_content,
)
from bot.sandbox.errors import bad_request
from bot.sandbox.files import Files
from bot.sandbox.methods import Method
from bot.sandbox.params import Params
from bot.sandbox.state import Chat, Json, World
from bot.sandbox.watch import Watchers

CHAT_ACTIONS = frozenset(
    {
        "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document",
        "choose_sticker", "find_location", "record_video_note", "upload_video_note",
    }
)  # fmt: skip
# What a message says about itself rather than shows.
ENVELOPE = frozenset(
    {
        "message_id", "from", "chat", "date", "edit_date", "reply_to_message", "quote", "reply_markup",
        "has_protected_content", "forward_origin", "message_thread_id", "effect_id",
    }
)  # fmt: skip
SERVICE = frozenset({"new_chat_members", "left_chat_member", "pinned_message"})


class Sending:
    """New messages in a chat."""

    def __init__(self, *, world: World, files: Files, watchers: Watchers) -> None:
        self._world = world
        self._files = files
        self._watchers = watchers

    def methods(self) -> dict[str, Method]:
        """Each method under its name."""
        return {
            "sendMessage": self._send_message,
            "sendPhoto": self._send_photo,
            "sendDocument": self._send_document,
            "copyMessage": self._copy_message,
            "forwardMessage": self._forward_message,
            "sendChatAction": self._send_chat_action,
        }

    async def _send_message(self, params: Params) -> Json:
        return self._send(params, text_content(params))

    async def _send_photo(self, params: Params) -> Json:
        destination(self._world, params)
        photo = await self._files.photo(params)
        spoiler = {"has_media_spoiler": True} if params.flag("has_spoiler") else {}
        return self._send(params, {"photo": photo, **caption_content(params), **spoiler})

    async def _send_document(self, params: Params) -> Json:
        destination(self._world, params)
        document = await self._files.document(params)
        return self._send(params, {"document": document, **caption_content(params)})

    async def _copy_message(self, params: Params) -> Json:
        _, message = self._source(params, "copy")
        content = {key: value for key, value in message.items() if key not in ENVELOPE}
        if SERVICE & content.keys():
            raise bad_request("message can't be copied")
        if params.has("caption") and "text" not in content:
            content = {key: value for key, value in content.items() if not key.startswith("caption")}
            content |= caption_content(params)
        return {"message_id": self._send(params, content)["message_id"]}

    async def _forward_message(self, params: Params) -> Json:
        _, message = self._source(params, "forward")
        content = {key: value for key, value in message.items() if key not in ENVELOPE}
        if SERVICE & content.keys():
            raise bad_request("the message can't be forwarded")
        origin = message.get("forward_origin") or _origin(message)
        return self._send(params, {"forward_origin": origin, **content})

    def _source(self, params: Params, what: str) -> tuple[Chat, Json]:
        chat = named_chat(self._world, params, "from_chat_id")
        kept = chat.kept.get(params.number("message_id"))
        if kept is None:
            raise bad_request(f"message to {what} not found")
        if kept.message.get("has_protected_content"):
            raise bad_request(f"the message can't be {'copied' if what == 'copy' else 'forwarded'}")
        return chat, kept.message

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


def _origin(message: Json) -> Json:
    """Where a message stood that is forwarded for the first time."""
    if "sender_chat" in message:
        place = {"chat": message["sender_chat"], "message_id": message["message_id"]}
        return {"type": "channel", "date": message["date"], **place}
    return {"type": "user", "date": message["date"], "sender_user": message["from"]}
