"""`baithak feed check`: what the bot would make of a feed, told and never stored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.settings import BotSettings
from tests.integration.processes import baithak

FEED = """<rss version="2.0"><channel><title>N</title>
<item><title>The &lt;b&gt;quay&lt;/b&gt; is longer</title><link>https://news.example/1?utm_source=x</link>
<category>Sport</category><pubDate>Sun, 22 Nov 2026 09:00:00 GMT</pubDate></item>
<item><title>Again</title><link>https://news.example/1#again</link></item>
<item><title>No address</title></item>
<item><title>گھاٹ اب لمبا ہے اور بہت سے جہاز آتے ہیں</title><link>https://news.example/2</link></item>
</channel></rss>"""


def test_a_feed_is_told_as_one_json_object_with_its_stories_and_problems(tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_text(FEED, encoding="utf-8")
    told = baithak(tmp_path, "feed", "check", str(tmp_path / "feed.xml"), "--json", "--section", "cities")
    assert told.returncode == 0, told.stderr
    report = json.loads(told.stdout)
    assert set(report) == {"stories", "problems"}
    first, second = report["stories"]
    assert first == {
        "title": "The quay is longer",
        "url": "https://news.example/1",
        "language": "en",
        "section": "sport",
        "published_at": "2026-11-22T09:00:00Z",
        "picture": None,
    }
    assert (second["language"], second["section"]) == ("ur", "cities")
    assert len(report["problems"]) == 1
    assert "item 3" in report["problems"][0]


@pytest.mark.parametrize(
    ("feed", "why"),
    [
        ("no feed at all", "not a feed"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><rss/>", ""),
        (None, "can't be read"),
    ],
)
def test_a_refused_feed_is_told_and_its_status_is_not_0(tmp_path: Path, feed: str | None, why: str) -> None:
    if feed is not None:
        (tmp_path / "feed.xml").write_text(feed, encoding="utf-8")
    told = baithak(tmp_path, "feed", "check", str(tmp_path / "feed.xml"), "--json")
    assert told.returncode == 1
    report = json.loads(told.stdout)
    assert report["stories"] == []
    assert why in report["problems"][0]
    assert "Traceback" not in told.stderr


def test_a_language_that_is_none_of_ours_is_wrong_usage(tmp_path: Path) -> None:
    told = baithak(tmp_path, "feed", "check", "feed.xml", "--language", "xx")
    assert (told.returncode, "must be one of en, ur, hi, mr, ar" in told.stderr) == (2, True)


def test_the_samples_own_feeds_may_be_looked_at_beside_the_demo() -> None:
    assert "127.0.0.1:8090" in BotSettings(web_port=8090).allowed_feeds()
    assert BotSettings(web_port=8090, bot_token=SecretStr("1:a")).allowed_feeds() == ()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/feed.xml", "http://[::1", "gopher://x", "http://x:99999/"])
def test_an_address_that_is_not_fetched_from_is_a_refused_feed(tmp_path: Path, url: str) -> None:
    told = baithak(tmp_path, "feed", "check", url)
    assert told.returncode == 1
    assert "refused" in told.stdout
    assert "Traceback" not in told.stderr
