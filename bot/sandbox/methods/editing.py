"""What the bot changes and takes back."""

from __future__ import annotations

from bot.sandbox.clock import Clock
from bot.sandbox.content import keyboard_content, named_chat, text_content
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
KEYBOARD_PARTS = ("reply_markup",)


class Editing:
    """Changes to messages that are there."""

    def __init__(self, *, world: World, clock: Clock) -> None:
        self._world = world
        self._clock = clock

    def methods(self) -> dict[str, Method]:
        """Each method under its name."""
        return {"editMessageText": self._edit_text}

    async def _edit_text(self, params: Params) -> Json:
        content = {**text_content(params), **keyboard_content(params)}
        chat, message = self._to_edit(params)
        if "text" not in message:
            raise bad_request("there is no text in the message to edit")
        return self._change(chat, message, content, parts=TEXT_PARTS, dated=True)

    def _to_edit(self, params: Params) -> tuple[Chat, Json]:
        if params.text("inline_message_id"):
            raise bad_request("MESSAGE_ID_INVALID")
        chat = named_chat(self._world, params)
        kept = chat.kept.get(params.number("message_id"))
        if kept is None:
            raise bad_request("message to edit not found")
        if kept.message["from"]["id"] != self._world.bot_id:
            raise bad_request("message can't be edited")
        return chat, kept.message

    def _change(self, chat: Chat, message: Json, content: Json, *, parts: tuple[str, ...], dated: bool) -> Json:
        """Put the content in the place of those parts and of the keyboard, which goes if no new one is given."""
        replaced = (*parts, *KEYBOARD_PARTS)
        if {key: message[key] for key in replaced if key in message} == content:
            raise bad_request(NOT_MODIFIED)
        rest = {key: value for key, value in message.items() if key not in replaced}
        date = {"edit_date": int(self._clock.now())} if dated else {}
        changed = {**rest, **date, **content}
        self._world.change_message(chat, changed)
        return changed
