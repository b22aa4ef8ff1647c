"""How the bot answers presses and reacts."""

from __future__ import annotations

from bot.sandbox.callbacks import Callbacks
from bot.sandbox.errors import bad_request
from bot.sandbox.methods import Method
from bot.sandbox.params import Params
from bot.sandbox.state import World

LONGEST_ANSWER = 200


class Answering:
    """Answers that leave no message."""

    def __init__(self, *, world: World, callbacks: Callbacks) -> None:
        self._world = world
        self._callbacks = callbacks

    def methods(self) -> dict[str, Method]:
        """Each method under its name."""
        return {"answerCallbackQuery": self._answer_callback_query}

    async def _answer_callback_query(self, params: Params) -> bool:
        text = params.text("text")
        if len(text) > LONGEST_ANSWER:
            raise bad_request("MESSAGE_TOO_LONG")
        answer = {"text": text, "show_alert": params.flag("show_alert")}
        if url := params.text("url"):
            answer["url"] = url
        self._callbacks.answer(params.text("callback_query_id"), answer)
        return True
