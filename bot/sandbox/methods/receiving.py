"""getMe, getUpdates and webhooks: how the bot hears."""

from __future__ import annotations

from bot.sandbox.errors import bad_request
from bot.sandbox.methods import Method
from bot.sandbox.params import Params
from bot.sandbox.state import Json, World
from bot.sandbox.updates import UpdateQueue


class Receiving:
    """How the bot learns who it is and what happened."""

    def __init__(self, *, world: World, updates: UpdateQueue) -> None:
        self._world = world
        self._updates = updates

    def methods(self) -> dict[str, Method]:
        """Each method under its name."""
        return {"getMe": self._get_me, "getUpdates": self._get_updates}

    async def _get_me(self, params: Params) -> Json:
        return {
            **self._world.bot_user(),
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
            "has_topics_enabled": False,
            "allows_users_to_create_topics": False,
        }

    async def _get_updates(self, params: Params) -> list[Json]:
        allow(self._updates, params)
        return await self._updates.poll(
            offset=params.number("offset"), at_most=params.number("limit", 100), wait_s=params.number("timeout")
        )


def allow(updates: UpdateQueue, params: Params) -> None:
    """Take over the kinds of updates asked for; without any the former choice stands."""
    if not params.has("allowed_updates"):
        return
    kinds = params.structure("allowed_updates", what="allowed updates")
    if not isinstance(kinds, list) or not all(isinstance(kind, str) for kind in kinds):
        raise bad_request("can't parse allowed updates JSON object")
    updates.allow(kinds)
