"""getMe, getUpdates, webhooks and files: how the bot hears."""

from __future__ import annotations

from bot.sandbox.errors import bad_request, conflict
from bot.sandbox.files import Files
from bot.sandbox.methods import Method, Remarked
from bot.sandbox.params import Params
from bot.sandbox.state import Json, World
from bot.sandbox.updates import UpdateQueue
from bot.sandbox.watch import Watchers
from bot.sandbox.webhook import Webhooks

LONGEST_SECRET = 256


class Receiving:
    """How the bot learns who it is and what happened."""

    def __init__(
        self, *, world: World, updates: UpdateQueue, webhooks: Webhooks, files: Files, watchers: Watchers
    ) -> None:
        self._world = world
        self._updates = updates
        self._webhooks = webhooks
        self._files = files
        self._watchers = watchers

    def methods(self) -> dict[str, Method]:
        """Each method under its name."""
        return {
            "getMe": self._get_me,
            "getUpdates": self._get_updates,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": self._get_webhook_info,
            "getFile": self._get_file,
        }

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
        if self._webhooks.url:
            raise conflict(
                "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            )
        self._allow(params)
        return await self._updates.poll(
            offset=params.number("offset"), at_most=params.number("limit", 100), wait_s=params.number("timeout")
        )

    async def _set_webhook(self, params: Params) -> Remarked:
        secret = params.text("secret_token")
        if len(secret) > LONGEST_SECRET:
            raise bad_request("secret token is too long")
        self._allow(params)
        if params.flag("drop_pending_updates"):
            self._updates.drop_all()
        url = params.text("url").strip()
        remark = await self._webhooks.set(url, secret=secret, connections=params.number("max_connections"))
        self._watchers.tell("webhook", None, active=bool(url))
        return Remarked(True, remark)

    async def _delete_webhook(self, params: Params) -> Remarked:
        if params.flag("drop_pending_updates"):
            self._updates.drop_all()
        remark = await self._webhooks.set("", secret="", connections=0)
        self._watchers.tell("webhook", None, active=False)
        return Remarked(True, remark)

    async def _get_webhook_info(self, params: Params) -> Json:
        return self._webhooks.info()

    async def _get_file(self, params: Params) -> Json:
        about = self._files.about(params.text("file_id"))
        if about is None:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        known = {key: about[key] for key in ("file_id", "file_unique_id", "file_size")}
        return {**known, "file_path": f"files/{about['file_id']}"}

    def _allow(self, params: Params) -> None:
        """Take over the kinds of updates asked for; without any the former choice stands."""
        if not params.has("allowed_updates"):
            return
        kinds = params.structure("allowed_updates", what="allowed updates")
        if not isinstance(kinds, list) or not all(isinstance(kind, str) for kind in kinds):
            raise bad_request("can't parse allowed updates JSON object")
        self._updates.allow(kinds)
