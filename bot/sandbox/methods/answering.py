"""How the bot answers presses and reacts."""

from __future__ import annotations

from typing import Any

from bot.sandbox.callbacks import Callbacks
from bot.sandbox.content import destination
from bot.sandbox.errors import bad_request
from bot.sandbox.methods import Method
from bot.sandbox.params import Params
from bot.sandbox.state import World

LONGEST_ANSWER = 200
# The emoji Telegram takes as reactions, without their variation selectors.
REACTIONS = frozenset(
    (
        "❤", "👍", "👎", "🔥", "🥰", "👏", "😁", "🤔", "🤯", "😱", "🤬", "😢", "🎉", "🤩", "🤮",
        "💩", "🙏", "👌", "🕊", "🤡", "🥱", "🥴", "😍", "🐳", "❤\u200d🔥", "🌚", "🌭", "💯", "🤣", "⚡",
        "🍌", "🏆", "💔", "🤨", "😐", "🍓", "🍾", "💋", "🖕", "😈", "😴", "😭", "🤓", "👻", "👨\u200d💻",
        "👀", "🎃", "🙈", "😇", "😨", "🤝", "✍", "🤗", "🫡", "🎅", "🎄", "☃", "💅", "🤪", "🗿",
        "🆒", "💘", "🙉", "🦄", "😘", "💊", "🙊", "😎", "👾", "🤷\u200d♂", "🤷", "🤷\u200d♀", "😡",
    )
)  # fmt: skip


class Answering:
    """Answers that leave no message."""

    def __init__(self, *, world: World, callbacks: Callbacks) -> None:
        self._world = world
        self._callbacks = callbacks

    def methods(self) -> dict[str, Method]:
        """Each method under its name."""
        return {"answerCallbackQuery": self._answer_callback_query, "setMessageReaction": self._set_message_reaction}

    async def _answer_callback_query(self, params: Params) -> bool:
        text = params.text("text")
        if len(text) > LONGEST_ANSWER:
            raise bad_request("MESSAGE_TOO_LONG")
        answer = {"text": text, "show_alert": params.flag("show_alert")}
        if url := params.text("url"):
            answer["url"] = url
        self._callbacks.answer(params.text("callback_query_id"), answer)
        return True

    async def _set_message_reaction(self, params: Params) -> bool:
        chat = destination(self._world, params)
        message_id = params.number("message_id")
        if message_id not in chat.kept:
            raise bad_request("message to react not found")
        asked = params.structure("reaction", what="reaction types") or []
        if not isinstance(asked, list):
            raise bad_request("can't parse reaction types JSON object")
        emoji = [_emoji(reaction) for reaction in asked]
        if len(emoji) > 1:
            raise bad_request("REACTIONS_TOO_MANY")
        self._world.react(chat, message_id, user_id=self._world.bot_id, emoji=emoji)
        return True


def _emoji(reaction: Any) -> str:
    if not isinstance(reaction, dict) or reaction.get("type") != "emoji":
        raise bad_request("REACTION_INVALID")
    emoji = str(reaction.get("emoji", "")).replace("\ufe0f", "")
    if emoji not in REACTIONS:
        raise bad_request("REACTION_INVALID")
    return emoji
