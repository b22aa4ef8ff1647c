"""What a feed says: its stories, and what was wrong with the rest. Takes bytes, gives values."""

from __future__ import annotations

import html
import io
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin

import feedparser
import nh3

from bot.feed.fetch import FeedRefused
from bot.feed.guarding import decoded, refuse_mazes, without_prolog
from bot.feed.json_feed import LISTED_AT_MOST, is_json, read_json_feed
from bot.feed.links import other_languages, own_link
from bot.feed.sources import FeedSource
from bot.story import SECTIONS, FeedStory, canonical_address
from moderation.policy import LANGUAGES

MAX_ITEMS = 500
"""Most items of one feed that are read; a feed lists newest first."""

TITLE_LENGTH = 300
SUMMARY_LENGTH = 600
"""Characters of a story's title and summary that are kept: both fit into one message with its buttons."""

LONGEST_WORDS = 10_000
"""Characters of one field that are cleaned of HTML; far fewer are kept."""

_REFERENCE = re.compile(r"&#(?:x([0-9a-f]{1,9})|([0-9]{1,9}));", re.IGNORECASE)
_ITEM = re.compile(r"<(?:item|entry)[\s>]")
_ROOT = re.compile(r"<([A-Za-z][\w:.-]*)")
_BLANKS = re.compile(r"\s+")
_TOP_MARKS = frozenset({"top", "top stories", "top-stories", "breaking", "breaking news"})
_URDU_LETTERS = frozenset("ٹڈڑںےہھگپچژۓ")
_MARATHI_SIGNS = re.compile(
    # Word bounds by hand: Python's \b breaks inside Devanagari words, whose vowel signs it takes for no letters.
    r"ळ|(?<![\u0900-\u097f])(आहे|आहेत|नाही|आणि|होते|होता|झाले|झाली|मध्ये)(?![\u0900-\u097f])"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """The stories of a feed, one an address, and a sentence for each thing that was wrong."""

    stories: tuple[FeedStory, ...]
    problems: tuple[str, ...]


def read_feed(body: bytes, source: FeedSource, *, content_type: str | None, address: str, now: datetime) -> Reading:
    """The feed's stories. Blocking. Raises FeedRefused for what is no feed, or might be a bomb.

    Broken feeds give what can be read of them; HTML never passes; dates in the future become now.
    """
    # JSON is UTF-8 whatever its server says.
    text = decoded(body, None if is_json(body[:1000].decode("utf-8", "replace")) else content_type)
    if is_json(text):
        given = read_json_feed(text, at_most=MAX_ITEMS)
        entries, feed, items, problems = given.entries, given.feed, given.items, list[str]()
        if "://" in address and not feed["link"]:
            feed["link"] = address
    else:
        parsed, items = _parsed(text, address)
        entries, feed = parsed.entries, parsed.feed
        problems = [f"not well formed: {parsed.bozo_exception}"] if parsed.bozo and not parsed.entries else []
    if items > MAX_ITEMS:
        problems.append(f"has {items} items; the first {MAX_ITEMS} are read")
    stories: dict[str, FeedStory] = {}
    for number, entry in enumerate(entries[:MAX_ITEMS], 1):
        try:
            story = _story(entry, source, feed=feed, now=now)
        except ValueError as error:
            problems.append(f"item {number}: {error}")
            continue
        stories.setdefault(story.url, story)
    return Reading(_placed(stories.values()), tuple(problems))


def _placed(stories: Iterable[FeedStory]) -> tuple[FeedStory, ...]:
    """Each with its place among those of its language."""
    places: Counter[str] = Counter()
    placed: list[FeedStory] = []
    for story in stories:
        places[story.language] += 1
        placed.append(replace(story, place=places[story.language]))
    return tuple(placed)


def _parsed(text: str, address: str) -> tuple[Any, int]:
    """RSS or Atom, as its parser reads it, and how many items it has."""
    text, items = _shorter(_REFERENCE.sub(_real_character, without_prolog(text)))
    refuse_mazes(text)
    headers = {"content-type": "application/xml; charset=utf-8"}
    if "://" in address:
        headers["content-location"] = address
    try:
        parsed = feedparser.parse(
            # A stream: text and bytes are taken for the name of a file or the address of a feed, and opened.
            io.BytesIO(text.encode()),
            response_headers=headers,
            # What it would do to HTML takes minutes where somebody wants it to, and is undone by `plain_text`.
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as error:  # the parser promises nothing of what it raises at a feed made to break it
        raise FeedRefused(f"can't be read: {type(error).__name__}") from None
    if not parsed.get("version") and not parsed.entries:
        raise FeedRefused("is not a feed that can be read (RSS, Atom or JSON Feed)")
    return parsed, items


def _real_character(reference: re.Match[str]) -> str:
    """A character given by its number; where that is half a character's or none's, the parser would fall over it."""
    number = int(reference[1], 16) if reference[1] else int(reference[2])
    return "&#xFFFD;" if number == 0 or 0xD800 <= number <= 0xDFFF or number > 0x10FFFF else reference[0]


def _shorter(text: str) -> tuple[str, int]:
    """The feed with no more items than are read, and how many it has: the parser takes seconds for ten thousand."""
    begins = [found.start() for found in _ITEM.finditer(text)]
    root = _ROOT.match(text)
    if len(begins) <= MAX_ITEMS or root is None:
        return text, len(begins)
    ends = "</channel></rss>" if root[1] == "rss" else f"</{root[1]}>"
    return text[: begins[MAX_ITEMS]] + ends, len(begins)


def _story(entry: Any, source: FeedSource, *, feed: Any, now: datetime) -> FeedStory:
    title = plain_text(entry.get("title", ""))[:TITLE_LENGTH]
    if not title:
        raise ValueError("has no title")
    base = str(feed.get("link", ""))
    summary = plain_text(entry.get("summary", "") or _content(entry))
    language = _language(entry, title, summary, feed=feed, default=source.language)
    link = own_link(entry, language) or (entry.get("id") if "://" in str(entry.get("id", "")) else None)
    if not link:
        raise ValueError("has no address")
    url = canonical_address(link if "://" in link else urljoin(base, link))
    words = [plain_text(tag.get("term") or "").lower() for tag in entry.get("tags", [])[:LISTED_AT_MOST]]
    return FeedStory(
        url=url,
        title=title,
        summary=_shortened(summary, SUMMARY_LENGTH),
        language=language,
        section=next((word for word in words if word in SECTIONS), None)
        or next((word for word in words if word and len(word) <= 40 and word not in _TOP_MARKS), source.section),
        published_at=_published(entry, now),
        picture=_picture(entry),
        top=any(word in _TOP_MARKS for word in words),
        read_in=other_languages(entry, source, url=url, language=language, base=base),
    )


def plain_text(value: str) -> str:
    """Text without HTML, controls and runs of blanks."""
    stripped = html.unescape(nh3.clean(str(value)[:LONGEST_WORDS], tags=set(), clean_content_tags={"script", "style"}))
    printable = "".join(" " if ord(letter) < 32 or "\x7f" <= letter <= "\x9f" else letter for letter in stripped)
    readable = "".join(letter for letter in printable if not "\ud800" <= letter <= "\udfff")
    return _BLANKS.sub(" ", readable).strip()


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rsplit(" ", 1)[0] + "…"


def _content(entry: Any) -> str:
    return next((str(part.get("value", "")) for part in entry.get("content", [])), "")


def _language(entry: Any, title: str, summary: str, *, feed: Any, default: str) -> str:
    """The item's own mark, else what its letters say, else the feed's."""
    script = language_of_script(f"{title} {summary}", default=default)
    inherited = _marked(feed)
    for mark, own in ((entry.get("language"), True), (_marked(entry), _marked(entry) != inherited)):
        named = str(mark or "").lower().replace("_", "-").partition("-")[0]
        # Hindi, Urdu and Marathi are written in Latin letters too. Any other mark that the letters contradict is wrong,
        # and so is one that the feed hands down to all its items.
        romanised = own and named in {"hi", "ur", "mr"} and _script_of(script) == "Latin"
        if named in LANGUAGES and (romanised or _script_of(named) == _script_of(script)):
            return named
    return script


def _marked(element: Any) -> Any:
    return (element.get("title_detail") or {}).get("language")


def _script_of(language: str) -> str:
    return {"en": "Latin", "hi": "Devanagari", "mr": "Devanagari"}.get(language, "Arabic")


def language_of_script(text: str, *, default: str) -> str:
    """The language whose script most letters of a text are in; `default` where it is one of that script's."""
    counts = {
        "Latin": sum(1 for letter in text if letter.isascii() and letter.isalpha()),
        "Devanagari": sum(1 for letter in text if "\u0900" <= letter <= "\u097f"),
        "Arabic": sum(1 for letter in text if "\u0600" <= letter <= "\u06ff" or "\u0750" <= letter <= "\u077f"),
    }
    script = max(counts, key=lambda name: counts[name])
    if not counts[script] or _script_of(default) == script:
        return default
    if script == "Latin":
        return "en"
    if script == "Devanagari":
        return "mr" if _MARATHI_SIGNS.search(text) else "hi"
    return "ur" if _URDU_LETTERS.intersection(text) else "ar"


def _published(entry: Any, now: datetime) -> datetime:
    given = entry.get("published_parsed") or entry.get("updated_parsed")
    if given is None:
        return now
    try:
        year, month, day, hour, minute, second = given[:6]
        published = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return now
    return min(published, now) if published > now - timedelta(days=36500) else now


def _picture(entry: Any) -> str | None:
    candidates = [
        *(item for item in entry.get("enclosures", []) if str(item.get("type", "")).startswith("image/")),
        *(
            item
            for item in entry.get("media_content", [])
            if "image" in f"{item.get('medium', '')}{item.get('type', '')}"
        ),
        *entry.get("media_thumbnail", []),
    ]
    for candidate in candidates:
        try:
            return canonical_address(str(candidate.get("href") or candidate.get("url") or ""))
        except ValueError:
            continue
    return None
