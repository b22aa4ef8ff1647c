"""What the bot changes and takes back."""

from __future__ import annotations

from bot.sandbox.clock import Clock
from bot.sandbox.content import caption_content, keyboard_content, named_chat, text_content
from bot.sandbox.errors import bad_request
from bot.sandbox.methods import Method
from bot.sandbox.params import Params
from bot.sandbox.state import Chat, Json, World

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content "
    "and reply markup of the message"
)
TEXT_PARTS = ("text", "entities", "link_preview_options")
CAPTION_PARTS = ("caption", "caption_entities", "show_caption_above_media")
MEDIA = ("photo", "document", "video", "animation", "audio", "voice")
# Telegram lets a message be deleted for two days; after that it can only be edited.
DELETABLE_S = 48 * 3600
MOST_AT_ONCE = 100


class Editing:
    """Changes to messages that are there."""

    def __init__(self, *, world: World, clock: Clock) -> None:
        self._world = world
        self._clock = clock

    def methods(self) -> dict[str, Method]:
        """Each method under its name."""
        return {
            "editMessageText": self._edit_text,
            "editMessageCaption": self._edit_caption,
            "editMessageReplyMarkup": self._edit_keyboard,
            "deleteMessage": self._delete,
            "deleteMessages": self._delete_many,
        }

    async def _edit_text(self, params: Params) -> Json:
        content = {**text_content(params), **keyboard_content(params)}
        chat, message = self._to_edit(params)
        if "text" not in message:
            raise bad_request("there is no text in the message to edit")
        return self._change(chat, message, content, parts=TEXT_PARTS, dated=True)

    async def _edit_caption(self, params: Params) -> Json:
        content = {**caption_content(params), **keyboard_content(params)}
        chat, message = self._to_edit(params)
        if not any(kind in message for kind in MEDIA):
            raise bad_request("there is no caption in the message to edit")
        return self._change(chat, message, content, parts=CAPTION_PARTS, dated=True)

    async def _edit_keyboard(self, params: Params) -> Json:
        content = keyboard_content(params)
        chat, message = self._to_edit(params)
        # Clients show no "edited" for a change of buttons alone.
        return self._change(chat, message, content, parts=(), dated=False)

    def _to_edit(self, params: Params) -> tuple[Chat, Json]:
        if params.text("inline_message_id"):
            raise bad_request("MESSAGE_ID_INVALID")
        chat = named_chat(self._world, params)
        kept = chat.kept.get(params.number("message_id"))
        if kept is None:
            raise bad_request("message to edit not found")
        if not self._world.is_bots(kept.message) or "forward_origin" in kept.message:
            raise bad_request("message can't be edited")
        return chat, kept.message

    def _change(self, chat: Chat, message: Json, content: Json, *, parts: tuple[str, ...], dated: bool) -> Json:
        """Put the content in the place of those parts and of the keyboard, which goes if no new one is given."""
        replaced = (*parts, "reply_markup")
        if {key: message[key] for key in replaced if key in message} == content:
            raise bad_request(NOT_MODIFIED)
        rest = {key: value for key, value in message.items() if key not in replaced}
        date = {"edit_date": int(self._clock.now())} if dated else {}
        changed = {**rest, **date, **content}
        self._world.change_message(chat, changed)
        return changed

    async def _delete(self, params: Params) -> bool:
        chat = named_chat(self._world, params)
        message_id = params.number("message_id")
        if message_id not in chat.kept:
            raise bad_request("message to delete not found")
        if not self._deletable(chat, message_id):
            raise bad_request("message can't be deleted")
        self._world.remove_message(chat, message_id)
        return True

    async def _delete_many(self, params: Params) -> bool:
        chat = named_chat(self._world, params)
        ids = params.structure("message_ids", what="message identifiers")
        if not isinstance(ids, list) or not 1 <= len(ids) <= MOST_AT_ONCE:
            raise bad_request("message identifiers are not specified")
        for id_ in ids:
            if isinstance(id_, int) and id_ in chat.kept and self._deletable(chat, id_):
                self._world.remove_message(chat, id_)
        return True

    def _deletable(self, chat: Chat, message_id: int) -> bool:
        message = chat.kept[message_id].message
        own = self._world.is_bots(message)
        rights = chat.private or chat.members.get(self._world.bot_id) in ("administrator", "creator")
        young = self._clock.now() - message["date"] <= DELETABLE_S
        return (own or rights) and (young or (not chat.private and rights))
