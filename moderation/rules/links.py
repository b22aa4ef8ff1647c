"""Links, as people write them: with a scheme, bare, or hidden behind "dot com"."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moderation.decision import Span
from moderation.rules.plain import Plain, plain

if TYPE_CHECKING:
    from tldextract import TLDExtract

# An ending that is nobody's word: "name.com" is an address even with nothing after it. "galat hai.in" or "yes.it is" is
# a forgotten space, so any other ending counts only where something else says that it is an address.
_CERTAIN = re.compile(
    "com|net|org|info|biz|xyz|top|site|online|store|shop|icu|vip|buzz|app|dev|io|ly|gl|cc|tk|ml|ga|cf|gq|ru|cn|su|ir|pk|bd"
    "|lk|np|uk|eu|fr|tr|ua|pl|br|mx|jp|kr|vn|ph|sg|hk|tw|co|gov|edu|mil|mobi|asia|click|link|win|bet|casino|porn|xxx"
    "|website|tech|crypto"
)
_SPOKEN = "com|net|org|info|biz|xyz|co|in|pk|ru|io|me|ly|top|shop|site|online|कॉम|कोम|کام|كوم"
_LABEL = r"[^\W_](?:[\w\u0900-\u0963-]{0,61}[^\W_]|[\u0900-\u0963]{0,61})?"

_WITH_SCHEME = re.compile(r"(?<![a-z0-9])([a-z][a-z0-9+.-]{1,14})://([^\s<>\"'«»“”]+)", re.IGNORECASE)
_BARE = re.compile(
    rf"(?<![\w@.\-])((?:{_LABEL}\.){{1,8}}[^\W\d_][\w\u0900-\u0963-]{{1,23}})(?![\w@])(:\d{{1,5}})?((?:/|[?#]\w)[^\s<>\"'«»“”]*)?"
)
_DOT_IN_BRACKETS = r"\s{0,2}[\[({<]\s?(?:\.|dot|डॉट|ڈاٹ|دوت)\s?[\])}>]\s{0,2}"
_DOT_AS_A_WORD = r"\s{1,2}(?:dot|डॉट|डाट|ڈاٹ|دوت)\s{1,2}"
# A full stop with blanks about it mostly ends a sentence: only before an ending that begins none.
_DOT_APART = r"(?:\s{1,2}\.\s{0,2}(?=(?:com|net|org|info|biz|xyz)\b)|(?<=\w\w)\.\s{1,2}(?=com\b))"
_HIDDEN = re.compile(
    rf"(?<!\w)({_LABEL})(?:{_DOT_IN_BRACKETS}|{_DOT_AS_A_WORD}|{_DOT_APART})({_SPOKEN})(?!\w)", re.IGNORECASE
)
# No link without a scheme is without one of these: a full stop before a letter, in a bracket, about blanks, or a name.
_FULL_STOP = re.compile(r"\.[^\W\d_]|[\[({<]\s?\.|\s\.\s{0,2}\w|\.\s{1,2}[cC]")
_NAMES_OF_IT = ("dot", "डॉट", "डाट", "ڈاٹ", "دوت")
# "the dot com bubble" is history, no address.
_ERA = re.compile(r"\s*(?:bubble|boom|crash|bust|era|years|compan|stock|craze|mania|burst)", re.IGNORECASE)
_ARTICLES = frozenset(
    {"the", "a", "of", "this", "that", "first", "early", "late", "old", "big", "and", "or", "in", "to"}
)


@dataclass(frozen=True, slots=True)
class Link:
    """A link in a text: the host it leads to, in lower case, and where it stands."""

    host: str
    span: Span


def links_in(text: str) -> tuple[Link, ...]:
    """Every link in a text, in order; the domain of an e-mail address is none."""
    written = plain(text)
    if not _may_hold_a_link(written.text):
        return ()
    found = sorted(_links(written), key=lambda link: (link.span.begin, -link.span.end))
    apart: list[Link] = []
    for link in found:
        if not apart or link.span.begin >= apart[-1].span.end:
            apart.append(link)
    return tuple(apart)


def _may_hold_a_link(text: str) -> bool:
    """Looked at first: most comments hold nothing like it, and the patterns that find links are slow."""
    if "://" in text or ("." in text and _FULL_STOP.search(text)):
        return True
    lowered = text.lower()
    return any(name in lowered for name in _NAMES_OF_IT)


def links_elsewhere(text: str, *, allowed: Collection[str], at_most: int) -> tuple[Span, ...]:
    """Where links stand that lead to a host not allowed; all of them where there are more than `at_most`.

    A name allowed stands for the hosts under it too.
    """
    links = links_in(text)
    if len(links) > at_most:
        return tuple(link.span for link in links)
    return tuple(link.span for link in links if not _is_allowed(link.host, allowed))


def _is_allowed(host: str, allowed: Collection[str]) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in allowed)


def _links(written: Plain) -> Iterator[Link]:
    for match in _WITH_SCHEME.finditer(written.text):
        host = _host(match[2])
        end = match.start(2) + len(match[2].rstrip(".,;:!?)]}…।۔،"))
        yield Link(host, written.span(match.start(), max(end, match.start(2))))
    for match in _BARE.finditer(written.text):
        if _is_address(match[1], more=bool(match[2] or match[3])):
            yield Link(match[1].lower(), written.span(match.start(), match.end()))
    for match in _HIDDEN.finditer(written.text):
        if match[1].lower() not in _ARTICLES and not _ERA.match(written.text, match.end()):
            yield Link(f"{match[1].lower()}.{match[2].lower()}", written.span(match.start(), match.end()))


def _host(rest: str) -> str:
    """The host of what follows `scheme://`: browsers take a backslash for a slash, and drop a name before @."""
    authority = re.split(r"[/\\?#]", rest, maxsplit=1)[0]
    return authority.rsplit("@", 1)[-1].split(":", 1)[0].strip(".").lower()


def _is_address(name: str, *, more: bool) -> bool:
    parts = _suffixes()(name.lower())
    if not parts.domain or not parts.suffix:
        return False
    if more or "." in parts.suffix or _CERTAIN.fullmatch(parts.suffix) or not parts.suffix.isascii():
        return True
    if name.rpartition(".")[2].istitle() and not name.istitle():
        return False  # "well-organised.It was": the next sentence
    if parts.subdomain:
        return name.lower().startswith(("www.", "m."))
    return any(sign in "-0123456789" for sign in parts.domain) and any(sign.isalpha() for sign in parts.domain)


@functools.cache
def _suffixes() -> TLDExtract:
    from tldextract import TLDExtract

    # The list that comes with the package; never fetched.
    return TLDExtract(suffix_list_urls=(), cache_dir=None)
