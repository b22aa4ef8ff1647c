"""What the bot need not keep any longer: numbers of handled updates, old deliveries, what old messages show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from bot.settings import BotSettings
from bot.store import BotStore
from moderation.retention import Retention, Take


def retention_of_messages(store: BotStore, settings: BotSettings, *, clock: Callable[[], datetime]) -> Retention:
    """What the bot gives up, by its settings."""
    kinds: Mapping[str, tuple[int, Take]] = {
        "updates": (settings.keep_updates_days, store.inbox.forget_done),
        "deliveries": (settings.keep_deliveries_days, store.deliveries.drop_finished),
        "shown": (settings.keep_shown_days, store.shown.drop_shown),
        "opened": (settings.keep_shown_days, store.opened.drop),
        "digests": (settings.keep_shown_days, store.digests.drop),
    }
    return Retention(kinds, clock=clock)
