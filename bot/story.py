"""A story, its canonical address, and what a feed says of one. Pure."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from moderation.comment import KEY_AT_MOST

SECTIONS = ("world", "politics", "business", "sport", "science", "culture", "cities")
"""The sections a general news site has, in the order in which they are offered. Feeds may name others."""

NOTE_LENGTH = 120
"""Characters of an editor's word on a correction or a recall: with it an alert still fits a picture's caption."""

SECTION_LENGTH = 64
"""Characters of the longest section's name."""

_TRACKING = re.compile(
    r"^(utm_.+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|twclid|igshid|mc_cid|mc_eid|yclid|_ga|_gl|ref_src|cmpid|ns_.+|at_.+)$"
)
_SAFE_IN_PATH = "/:@!$&'()*+,;=~-._%"
_LONGEST = 8 * KEY_AT_MOST
"""Characters of an address that is looked at: blanks and tracking go, and what is longer would cost seconds."""

_DEFAULT_PORTS = {"http": 80, "https": 443}


ReadIn = tuple[tuple[str, str], ...]
"""Language and address of a story in each other language."""


@dataclass(frozen=True, slots=True)
class FeedStory:
    """A story as a feed has it: HTML stripped, address canonical, not yet known to the store. `place` is which of the
    feed's stories of its language it is, from 1; `read_in` where it stands in other languages."""

    url: str
    title: str
    summary: str
    language: str
    section: str
    published_at: datetime
    picture: str | None = None
    top: bool = False
    place: int | None = None
    read_in: ReadIn = ()


@dataclass(frozen=True, slots=True)
class Story:
    """A story the store knows. `url` is its canonical address and its name in `moderation`.

    `revision` counts its corrections and its recall; `note` is what the editor said of the last of them. `place` is
    that of a feed's story. Until `pinned_until` an editor has it first of the top stories; `muted` it is none of them.
    """

    id: int
    url: str
    title: str
    summary: str
    language: str
    section: str
    picture: str | None
    published_at: datetime
    seen_at: datetime
    top: bool = False
    revision: int = 0
    corrected_at: datetime | None = None
    recalled_at: datetime | None = None
    note: str = ""
    place: int | None = None
    pinned_until: datetime | None = None
    muted: bool = False
    read_in: ReadIn = ()

    def is_pinned(self, now: datetime) -> bool:
        """Whether an editor has it first."""
        return self.pinned_until is not None and self.pinned_until > now


def canonical_address(address: str) -> str:
    """The one address of a story: scheme and host in lower case, no default port, no `#`, no `..`, no tracking.

    Raises ValueError for what is no http(s) address, carries a user name, or has more than KEY_AT_MOST bytes: nobody
    could comment on the story there.
    """
    if len(address) > _LONGEST:
        raise ValueError(f"its address has more than {KEY_AT_MOST} bytes")
    parts = urlsplit(address.strip())
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError(f"not a web address: {address[:200]!r}")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address with a user name is refused")
    host = parts.hostname if parts.hostname.isascii() else parts.hostname.encode("idna").decode()
    # Only now: a script may have a full stop of its own.
    host = host.rstrip(".")
    if not host:
        raise ValueError(f"not a web address: {address[:200]!r}")
    if ":" in host:
        host = f"[{host}]"
    port = parts.port
    if port is not None and port != _DEFAULT_PORTS[scheme]:
        host = f"{host}:{port}"
    kept = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.match(key)]
    canonical = urlunsplit((scheme, host, _canonical_path(parts.path), urlencode(kept), ""))
    if len(canonical.encode()) > KEY_AT_MOST:
        raise ValueError(f"its address has more than {KEY_AT_MOST} bytes")
    return canonical


def _canonical_path(path: str) -> str:
    path = quote(path, safe=_SAFE_IN_PATH)
    resolved = posixpath.normpath(path) if path else "/"
    if resolved.startswith("//"):
        resolved = resolved[1:]
    if path.endswith("/") and resolved != "/":
        resolved += "/"
    return resolved if resolved.startswith("/") else "/"


def start_payload(story_id: int) -> str:
    """What follows `?start=` in a link that opens this story in the bot."""
    return f"s{story_id}"


def story_of_payload(payload: str) -> int | None:
    """The story a `?start=` payload names, or None when it names none."""
    match = re.fullmatch(r"s([1-9][0-9]{0,15})", payload)
    return int(match[1]) if match else None


def story_of_link(link: str) -> int | None:
    """The story that a link with `?start=` opens in the bot, or None when it opens none."""
    try:
        payloads = [payload for key, payload in parse_qsl(urlsplit(link.strip()).query) if key == "start"]
    except ValueError:
        return None
    return story_of_payload(payloads[0]) if len(payloads) == 1 else None
