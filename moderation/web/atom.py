"""Published comments as an Atom feed, for readers' programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from aiohttp import web

from moderation.web.comments import plain
from moderation.web.parts import PARTS

if TYPE_CHECKING:
    from moderation.threads import PublishedComment

ATOM = "http://www.w3.org/2005/Atom"
ENTRIES = 50
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


async def comments_feed(request: web.Request, _query: Any) -> web.Response:
    """The newest published comments of all stories."""
    parts = request.app[PARTS]
    comments = await parts.threads.newest(limit=ENTRIES)
    titles = await parts.story_titles(sorted({comment.story for comment in comments}))
    body = feed(comments, titles=titles, address=parts.settings.web_address())
    return web.Response(
        body=body, content_type="application/atom+xml", charset="utf-8", headers={"Cache-Control": "no-cache"}
    )


def feed(comments: Sequence[PublishedComment], *, titles: Mapping[str, str], address: str) -> bytes:
    """The Atom document. Comments are plain text in it, so a feed reader shows markup as the letters it is."""
    # The namespace as a plain attribute: registering a prefix would change every other document this process writes.
    root = ET.Element("feed", xmlns=ATOM)
    _add(root, "id", f"{address}/feeds/comments.atom")
    _add(root, "title", "Published comments")
    newest = max((comment.changed_at for comment in comments), default=datetime(2000, 1, 1, tzinfo=UTC))
    _add(root, "updated", _instant(newest))
    ET.SubElement(root, "link", rel="self", type="application/atom+xml", href=f"{address}/feeds/comments.atom")
    ET.SubElement(root, "link", rel="alternate", type="text/html", href=f"{address}/")
    for comment in comments:
        _entry(root, comment, title=titles.get(comment.story), address=address)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _entry(root: ET.Element, comment: PublishedComment, *, title: str | None, address: str) -> None:
    entry = ET.SubElement(root, "entry")
    if comment.language and comment.language != "und":
        entry.set(_XML_LANG, comment.language)
    name = _xml_text(comment.author_name) or "—"
    _add(entry, "id", f"{address}/comments/{comment.id}")
    _add(entry, "title", f"{name}: {_xml_text(title)}" if title else name)
    _add(entry, "updated", _instant(comment.changed_at))
    _add(entry, "published", _instant(comment.published_at))
    _add(ET.SubElement(entry, "author"), "name", name)
    ET.SubElement(entry, "link", rel="alternate", href=f"{_xml_text(comment.story)}#comment-{comment.id}")
    content = ET.SubElement(entry, "content", type="text")
    content.text = _xml_text(comment.text)


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _xml_text(text: str) -> str:
    # U+FFFE, U+FFFF and halves of surrogate pairs are no characters of XML 1.0; one of them would void the whole feed.
    return "".join(letter for letter in plain(text) if not ("\ud800" <= letter <= "\udfff" or letter in "\ufffe\uffff"))
