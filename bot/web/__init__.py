"""The bot's side of the web: stories API, article page, the demo's feeds, and Telegram's webhook.

`create_app` mounts them beside moderation's own routes, in one application.
"""

from bot.web.app import create_app, story_resolver, telegram_links

__all__ = ["create_app", "story_resolver", "telegram_links"]
