"""The sample stories that `make demo` shows: read from TOML beside this file, given out as RSS feeds.

Places and people in them are invented. A file a language, named `stories.<language>.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

FOLDER = Path(__file__).parent
PICTURES = FOLDER / "pictures"

LANGUAGES = ("en", "ur", "hi", "mr", "ar")
SECTIONS = ("world", "politics", "business", "sport", "science", "culture", "cities")

_DC = "http://purl.org/dc/elements/1.1/"
_ATOM = "http://www.w3.org/2005/Atom"
ET.register_namespace("dc", _DC)
ET.register_namespace("atom", _ATOM)

_TYPES = {"slug": str, "section": str, "title": str, "summary": str, "picture": str, "minutes_ago": int, "top": bool}
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PICTURE = re.compile(r"[a-z0-9-]+\.png")
# XML has no way to write these, escaped or not: one of them would make a feed that no reader can parse.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_AT_MOST = {"title": 120, "summary": 240}

_CHANNELS = {
    "en": ("Sample stories", "Invented stories for trying out the desk."),
    "ur": ("نمونے کی خبریں", "آزمائش کے لیے فرضی خبریں۔"),
    "hi": ("नमूने की ख़बरें", "आज़माने के लिए काल्पनिक ख़बरें।"),
    "mr": ("नमुना बातम्या", "चाचणीसाठी काल्पनिक बातम्या."),
    "ar": ("أخبار تجريبية", "أخبار متخيَّلة للتجربة."),
}


@dataclass(frozen=True, slots=True)
class DemoStory:
    """One sample story. `picture` is a file in PICTURES; `minutes_ago` its age when the demo starts.

    `also` are the slugs of the same story in other languages.
    """

    slug: str
    language: str
    section: str
    title: str
    summary: str
    body: tuple[str, ...]
    picture: str | None
    minutes_ago: int
    top: bool
    also: tuple[str, ...] = ()


def load(folder: Path = FOLDER) -> tuple[DemoStory, ...]:
    """Every sample story, in the editions' order and each edition's own.

    Never fetches anything. Raises ValueError naming the file, the story and the field at fault, OSError where a file
    is missing.
    """
    stories: list[DemoStory] = []
    slugs: set[str] = set()
    for language in LANGUAGES:
        name = f"stories.{language}.toml"
        try:
            raw = tomllib.loads((folder / name).read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{name}: not valid TOML: {error}") from error
        entries = raw.get("stories")
        if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
            raise ValueError(f"{name}: stories must stand in [[stories]] tables")
        for number, entry in enumerate(entries, 1):
            story = _story(entry, language=language, where=f"{name}: story {number}", pictures=folder / "pictures")
            if story.slug in slugs:
                raise ValueError(f"{name}: story {number} ({story.slug}): slug stands twice")
            slugs.add(story.slug)
            stories.append(story)
    for story in stories:
        if unknown := set(story.also) - slugs:
            raise ValueError(f"stories.{story.language}.toml: {story.slug}: also names no story: {min(unknown)}")
    return tuple(stories)


def _story(entry: dict[str, Any], *, language: str, where: str, pictures: Path) -> DemoStory:
    if isinstance(slug := entry.get("slug"), str):
        where = f"{where} ({slug})"
    also = entry.pop("also", [])
    if not isinstance(also, list) or not all(isinstance(one, str) for one in also):
        raise ValueError(f"{where}: also must be a list of slugs")
    if odd := set(entry) ^ {*_TYPES, "body"}:
        raise ValueError(f"{where}: {min(odd)} is {'unknown' if min(odd) in entry else 'missing'}")
    for field, kind in _TYPES.items():
        if type(entry[field]) is not kind:
            raise ValueError(f"{where}: {field} must be {kind.__name__}")
    if not _SLUG.fullmatch(entry["slug"]):
        raise ValueError(f"{where}: slug must be lower-case ASCII words joined by hyphens")
    if entry["section"] not in SECTIONS:
        raise ValueError(f"{where}: section must be one of {', '.join(SECTIONS)}")
    if entry["minutes_ago"] < 0:
        raise ValueError(f"{where}: minutes_ago must not be negative")
    return DemoStory(
        slug=entry["slug"],
        language=language,
        section=entry["section"],
        title=_text(entry["title"], where=where, field="title"),
        summary=_text(entry["summary"], where=where, field="summary"),
        body=_body(entry["body"], where=where),
        picture=_picture(entry["picture"], where=where, pictures=pictures),
        minutes_ago=entry["minutes_ago"],
        top=entry["top"],
        also=tuple(also),
    )


def _text(value: str, *, where: str, field: str) -> str:
    if not value.strip() or _NOT_XML.search(value):
        raise ValueError(f"{where}: {field} must be readable text")
    if len(value) > _AT_MOST.get(field, len(value)):
        raise ValueError(f"{where}: {field} is longer than {_AT_MOST[field]} characters")
    return value.strip()


def _body(value: Any, *, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not 3 <= len(value) <= 5 or not all(isinstance(part, str) for part in value):
        raise ValueError(f"{where}: body must be three to five paragraphs")
    return tuple(_text(part, where=where, field="body") for part in value)


def _picture(value: str, *, where: str, pictures: Path) -> str | None:
    if not value:
        return None
    if not _PICTURE.fullmatch(value) or not (pictures / value).is_file():
        raise ValueError(f"{where}: picture {value!r} is not among the pictures")
    return value


def feed_xml(stories: Iterable[DemoStory], *, base_url: str, language: str, now: datetime) -> bytes:
    """The RSS 2.0 feed of one language, top stories first and then the newest, as UTF-8.

    Ages count back from `now`, an aware time: give the same one as long as the demo runs, or every story would seem
    published anew at each poll. Never writes a story of another language. Raises ValueError for a naive time and for a
    language of which there is no story.
    """
    if now.tzinfo is None:
        raise ValueError("now must be an aware time")
    known = {story.slug: story for story in stories}
    own = sorted(
        (story for story in known.values() if story.language == language), key=lambda s: (not s.top, s.minutes_ago)
    )
    if not own:
        raise ValueError(f"there is no story in {language!r}")
    base_url = base_url.rstrip("/")
    rss = ET.Element("rss", version="2.0")
    channel = ET.SubElement(rss, "channel")
    title, description = _CHANNELS[language]
    _add(channel, "title", title)
    _add(channel, "link", f"{base_url}/")
    _add(channel, "description", description)
    _add(channel, "language", language)
    _add(channel, "lastBuildDate", _date(now - timedelta(minutes=min(story.minutes_ago for story in own))))
    own_address = f"{base_url}/demo/feeds/{language}.xml"
    ET.SubElement(channel, f"{{{_ATOM}}}link", href=own_address, rel="self", type="application/rss+xml")
    for story in own:
        _add_item(channel, story, known, base_url=base_url, now=now)
    feed: bytes = ET.tostring(rss, encoding="utf-8", xml_declaration=True)
    return feed


def _add_item(
    channel: ET.Element, story: DemoStory, known: Mapping[str, DemoStory], *, base_url: str, now: datetime
) -> None:
    address = f"{base_url}/demo/stories/{story.slug}"
    item = ET.SubElement(channel, "item")
    _add(item, "title", story.title)
    # Before the story's own link: some readers take the last of all for it.
    for other in (known[slug] for slug in story.also if slug in known):
        where = {"rel": "alternate", "hreflang": other.language, "href": f"{base_url}/demo/stories/{other.slug}"}
        ET.SubElement(item, f"{{{_ATOM}}}link", where)
    _add(item, "link", address)
    _add(item, "guid", address, isPermaLink="true")
    _add(item, "description", story.summary)
    _add(item, "category", story.section)
    if story.top:
        _add(item, "category", "top")
    _add(item, f"{{{_DC}}}language", story.language)
    _add(item, "pubDate", _date(now - timedelta(minutes=story.minutes_ago)))
    if story.picture is not None:
        ET.SubElement(
            item,
            "enclosure",
            url=f"{base_url}/demo/pictures/{quote(story.picture)}",
            length=str((PICTURES / story.picture).stat().st_size),
            type="image/png",
        )


def _add(parent: ET.Element, tag: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, tag, attributes).text = text


def _date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)
