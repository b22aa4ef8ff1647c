"""What a message is made of, read from a call's parameters: text, caption, keyboard, whom it answers."""

from __future__ import annotations

from typing import Any

from bot.sandbox.errors import bad_request, forbidden
from bot.sandbox.markup import formatted
from bot.sandbox.markup.links import checked_link
from bot.sandbox.params import Params
from bot.sandbox.state import INSIDE, Chat, Json, World

LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024
LONGEST_SOURCE_BYTES = 32_768
LONGEST_CALLBACK_DATA_BYTES = 64
LONGEST_COPY_TEXT = 256
ACTIONS = (
    "callback_data", "url", "web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay", "disabled",
)  # fmt: skip


def text_content(params: Params) -> Json:
    """The text, entities and link preview of a message. Raises ApiError 400 for text that is empty or too long."""
    if not params.text("text"):
        raise bad_request("message text is empty")
    content = _formatted(params, "text", "entities")
    if not content.get("text"):
        raise bad_request("text must be non-empty")
    if len(content["text"]) > LONGEST_TEXT:
        raise bad_request("message is too long")
    if preview := params.structure("link_preview_options", what="link preview options"):
        content["link_preview_options"] = preview
    elif params.flag("disable_web_page_preview"):
        content["link_preview_options"] = {"is_disabled": True}
    return content


def caption_content(params: Params) -> Json:
    """The caption and its entities; nothing for an empty one. Raises ApiError 400 for one too long."""
    content = _formatted(params, "caption", "caption_entities")
    if len(content.get("caption", "")) > LONGEST_CAPTION:
        raise bad_request("message caption is too long")
    if content and params.flag("show_caption_above_media"):
        content["show_caption_above_media"] = True
    return content


def _formatted(params: Params, text_name: str, entities_name: str) -> Json:
    source = params.text(text_name)
    if len(source.encode("utf-8")) > LONGEST_SOURCE_BYTES:
        raise bad_request("text is too long")
    given = params.structure(entities_name, what="entities")
    parsed = formatted(source, parse_mode=params.text("parse_mode"), entities=given)
    if not parsed.text:
        return {}
    content: Json = {text_name: parsed.text}
    if parsed.entities:
        content[entities_name] = parsed.entities
    return content


def keyboard_content(params: Params) -> Json:
    """The inline keyboard as a message carries it; nothing for none. Raises ApiError 400 for one ill formed."""
    markup = params.structure("reply_markup", what="reply keyboard markup")
    if markup is None:
        return {}
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    rows = markup.get("inline_keyboard")
    if rows is None:
        # Custom keyboards and forced replies are shown by clients and are no part of the Message object.
        return {}
    if not isinstance(rows, list):
        raise bad_request('field "inline_keyboard" must be of type Array')
    keyboard = [[_button(button) for button in _row(row)] for row in rows]
    keyboard = [row for row in keyboard if row]
    return {"reply_markup": {"inline_keyboard": keyboard}} if keyboard else {}


def _row(row: Any) -> list[Any]:
    if not isinstance(row, list):
        raise bad_request("can't parse inline keyboard button: expected an Array of InlineKeyboardButton")
    return row


def _button(given: Any) -> Json:
    if not isinstance(given, dict):
        raise bad_request("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
    button: Json = {key: value for key, value in given.items() if value is not None}
    text = button.get("text")
    if not isinstance(text, str):
        raise bad_request("can't parse inline keyboard button: can't find field \"text\"")
    if not text.strip():
        raise bad_request("inline keyboard button text must be non-empty")
    if not any(action in button for action in ACTIONS):
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    _check_action(button)
    return button


def _check_action(button: Json) -> None:
    data = button.get("callback_data")
    if data is not None and not (
        isinstance(data, str) and 1 <= len(data.encode("utf-8")) <= LONGEST_CALLBACK_DATA_BYTES
    ):
        raise bad_request("BUTTON_DATA_INVALID")
    url = button.get("url")
    if url is not None:
        link = checked_link(str(url))
        if not link:
            raise bad_request(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
        button["url"] = link
    copied = button.get("copy_text")
    if copied is not None and not (
        isinstance(copied, dict) and 1 <= len(str(copied.get("text", ""))) <= LONGEST_COPY_TEXT
    ):
        raise bad_request("BUTTON_COPY_TEXT_INVALID")


def destination(world: World, params: Params) -> Chat:
    """The chat a message may go to. Raises ApiError: no such chat, or the bot may not write there."""
    chat = named_chat(world, params)
    if chat.private:
        person = world.people[chat.id]
        if person.blocked:
            raise forbidden("bot was blocked by the user")
        if not person.started:
            raise forbidden("bot can't initiate conversation with a user")
    else:
        bot_must_be_in(world, chat)
        if chat.channel and chat.members[world.bot_id] not in ("administrator", "creator"):
            raise bad_request("need administrator rights in the channel chat")
    if params.has("message_thread_id") and params.number("message_thread_id") > 1:
        raise bad_request("message thread not found")
    return chat


def bot_must_be_in(world: World, chat: Chat) -> None:
    """Raises ApiError 403 if the bot is no member of the group."""
    status = chat.members.get(world.bot_id, "left")
    kind = "supergroup chat" if chat.chat["type"] == "supergroup" else f"{chat.chat['type']} chat"
    if status == "kicked":
        raise forbidden(f"bot was kicked from the {kind}")
    if status not in INSIDE:
        raise forbidden(f"bot is not a member of the {kind}")


def named_chat(world: World, params: Params, name: str = "chat_id") -> Chat:
    """The chat a parameter names by id or @username. Raises ApiError 400 where there is none."""
    named = params.text(name).strip()
    if not named:
        raise bad_request(f"{name} is empty")
    if named.startswith("@"):
        for chat in world.chats.values():
            if not chat.private and chat.chat.get("username", "").lower() == named[1:].lower():
                return chat
        raise bad_request("chat not found")
    try:
        id_ = int(named)
    except ValueError:
        raise bad_request("chat not found") from None
    if id_ == world.bot_id:
        raise forbidden("the bot can't send messages to the bot")
    if id_ not in world.chats:
        raise bad_request("chat not found")
    return world.chats[id_]


def reply_content(chat: Chat, params: Params) -> Json:
    """The message answered, as the answer carries it. Raises ApiError 400 where it is not in the chat."""
    asked = params.structure("reply_parameters", what="reply parameters") or {}
    if not isinstance(asked, dict):
        raise bad_request("object expected as reply parameters")
    tolerant = bool(asked.get("allow_sending_without_reply")) or params.flag("allow_sending_without_reply")
    try:
        message_id = int(asked.get("message_id") or params.number("reply_to_message_id"))
    except (TypeError, ValueError):
        raise bad_request("message to be replied not found") from None
    if not message_id:
        return {}
    kept = chat.kept.get(message_id)
    elsewhere = str(asked.get("chat_id") or chat.id) != str(chat.id)
    if kept is None or elsewhere:
        if tolerant:
            return {}
        raise bad_request("message to be replied not found")
    return {"reply_to_message": as_replied(kept.message), **_quote(asked, kept.message)}


def as_replied(message: Json) -> Json:
    """A message as it stands inside its answer: with its buttons, without what it answers itself."""
    return {key: value for key, value in message.items() if key != "reply_to_message"}


def _quote(asked: Json, message: Json) -> Json:
    quote = asked.get("quote")
    if not quote:
        return {}
    parsed = formatted(str(quote), parse_mode=str(asked.get("quote_parse_mode") or ""), entities=None)
    whole = message.get("text") or message.get("caption") or ""
    if parsed.text not in whole:
        raise bad_request("QUOTE_TEXT_INVALID")
    return {"quote": {"text": parsed.text, "position": whole.index(parsed.text), "is_manual": True}}
