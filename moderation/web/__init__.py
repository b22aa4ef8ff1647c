"""The web part: the public API, the widget, the feed, the live stream, health, and the moderators' dashboard.

`create_app(parts)` makes the application, `serve(app, host, port)` runs it until it is cancelled.
"""

from moderation.web.app import create_app
from moderation.web.parts import PARTS, FrontGauge, FrontHealth, StoryRef, WebParts
from moderation.web.serving import serve

__all__ = ["PARTS", "FrontGauge", "FrontHealth", "StoryRef", "WebParts", "create_app", "serve"]
