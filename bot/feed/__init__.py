"""Feeds: which there are, fetched from public addresses only, and read into stories.

    load_feeds → Fetcher.fetch → read_feed, a large one in read_apart → FeedStory

A feed that is hostile or broken costs a bounded time and memory and gives a reason; it never raises past FeedRefused.
"""

from bot.feed.apart import LARGE, read_apart
from bot.feed.fetch import FeedRefused, Fetched, Fetcher
from bot.feed.reading import SUMMARY_LENGTH, TITLE_LENGTH, Reading, read_feed
from bot.feed.sources import FeedSource, demo_feeds, load_feeds

__all__ = [
    "LARGE",
    "SUMMARY_LENGTH",
    "TITLE_LENGTH",
    "FeedRefused",
    "FeedSource",
    "Fetched",
    "Fetcher",
    "Reading",
    "demo_feeds",
    "load_feeds",
    "read_apart",
    "read_feed",
]
