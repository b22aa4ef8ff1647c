"""Which links Telegram takes, and how it writes them."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

HIGHEST_PORT = 65535
_WHOLE = re.compile("-?[0-9]{1,19}")
_OWN = re.compile(
    r"(?P<scheme>tg|ton|tonsite(?=.*\.)):(?://)?(?P<host>[a-z0-9_-]+(?:(?<=.)\.[a-z0-9_.-]+)?)(?P<rest>(?:[/?#].*)?)",
    re.I | re.S,
)
_OF_USER = re.compile(r"tg:(?://)?user/?\?(?P<query>.*)", re.I | re.S)
_OF_EMOJI = re.compile(r"tg:(?://)?emoji/?\?(?P<query>.*)", re.I | re.S)
_OF_TIME = re.compile(r"tg:(?://)?time/?\?(?P<query>.*)", re.I | re.S)
# What a host may hold beside letters and digits of any script.
_NAME = r"(?:[a-z0-9.\-_!$,~*'();&+=\u0080-\U0010ffff]|%[0-9a-f]{2})"
_WEB = re.compile(
    rf"(?:(?P<scheme>https?)://)?(?:(?P<userinfo>(?:{_NAME}|:)*)@)?"
    rf"(?P<host>\[[0-9a-f:.]+\]|{_NAME}+)(?::0*(?P<port>[1-9][0-9]{{0,4}}))?(?P<rest>(?:[/?#].*)?)",
    re.I | re.S,
)


def whole_number(text: str) -> int | None:
    """The number of 64 bits that these digits write, or None. Python would read other scripts' digits as well."""
    number = int(text) if _WHOLE.fullmatch(text) else None
    return number if number is not None and -(2**63) <= number < 2**63 else None


def mentioned_user(url: str) -> int | None:
    """The person a tg://user?id=… link means, or None for any other link."""
    id_ = whole_number(_query(_OF_USER, url).get("id", ""))
    return id_ if id_ is not None and id_ > 0 else None


def emoji_link(url: str) -> dict[str, Any] | None:
    """The custom emoji a tg://emoji?id=… link means, as an entity without its place."""
    id_ = whole_number(_query(_OF_EMOJI, url).get("id", ""))
    return {"type": "custom_emoji", "custom_emoji_id": str(id_)} if id_ is not None and id_ > 0 else None


def time_link(url: str) -> dict[str, Any] | None:
    """The moment a tg://time?unix=… link means, as an entity without its place."""
    query = _query(_OF_TIME, url)
    unix = whole_number(query.get("unix", ""))
    if unix is None or unix <= 0:
        return None
    form = {"date_time_format": query["format"]} if query.get("format") else {}
    return {"type": "date_time", "unix_time": unix, **form}


def checked_link(url: str) -> str:
    """The link as Telegram writes it, or nothing for one it drops.

    Only http, https and Telegram's own schemes pass; a web host needs a dot, so that http://localhost is dropped.
    """
    own = _OWN.fullmatch(url)
    if own is not None:
        rest = own["rest"].removeprefix("/")
        rest = rest if rest.startswith("?") else f"/{rest}"
        return _spaceless(f"{_lower(own['scheme'])}://{_lower(own['host'])}{rest}")
    web = _WEB.fullmatch(url)
    if web is None or not ("." in web["host"] or web["host"].startswith("[")):
        return ""
    if web["port"] and int(web["port"]) > HIGHEST_PORT:
        return ""
    userinfo = f"{web['userinfo']}@" if web["userinfo"] else ""
    port = f":{web['port']}" if web["port"] else ""
    rest = web["rest"] if web["rest"].startswith("/") else f"/{web['rest']}"
    return _spaceless(f"{_lower(web['scheme'] or 'http')}://{userinfo}{_lower(web['host'])}{port}{rest}")


def _spaceless(url: str) -> str:
    return "".join(f"%{ord(character):02X}" if character <= " " else character for character in url.rstrip())


def _lower(text: str) -> str:
    # Only ASCII: Telegram leaves the letters of other scripts as they are.
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def _query(pattern: re.Pattern[str], url: str) -> dict[str, str]:
    found = pattern.fullmatch(url)
    return dict(reversed(parse_qsl(found["query"], keep_blank_values=True))) if found else {}
