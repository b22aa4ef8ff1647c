"""Which links Telegram takes, and how it writes them."""

from __future__ import annotations

import re

LOWEST_PORT, HIGHEST_PORT = 1, 65535
_TELEGRAM = re.compile(r"(tg|ton|tonsite):(//)?(?=.)", re.IGNORECASE)
_USER = re.compile(r"tg:(?://)?user/?\?(?:.*&)?id=(\d+)", re.IGNORECASE)
_WEB = re.compile(
    r"(?:(?P<scheme>[^:/?#]*)://)?(?:(?P<userinfo>[^/?#]*)@)?"
    r"(?P<host>\[[0-9a-f:.]+\]|[^/?#:\[\]]*)(?::(?P<port>\d*))?(?P<rest>(?:[/?#].*)?)",
    re.IGNORECASE | re.DOTALL,
)


def mentioned_user(url: str) -> int | None:
    """The person a tg://user?id=… link means, or None for any other link."""
    found = _USER.match(url.strip())
    return int(found[1]) if found and int(found[1]) > 0 else None


def checked_link(url: str) -> str:
    """The link as Telegram writes it, or nothing for one it drops.

    Only http, https and Telegram's own schemes pass; a host needs a dot, so that http://localhost is dropped.
    """
    url = url.strip()
    if _TELEGRAM.match(url):
        scheme, rest = url.split(":", 1)
        return f"{scheme.lower()}://{rest.removeprefix('//')}"
    found = _WEB.fullmatch(url)
    if found is None:
        return ""
    scheme = (found["scheme"] or "http").lower()
    host = found["host"].lower()
    port = found["port"]
    if scheme not in ("http", "https") or not _is_host(host) or any(ord(character) <= 32 for character in url):
        return ""
    if port is not None and not (port and LOWEST_PORT <= int(port) <= HIGHEST_PORT):
        return ""
    userinfo = f"{found['userinfo']}@" if found["userinfo"] else ""
    rest = found["rest"] or "/"
    if not rest.startswith("/"):
        rest = f"/{rest}"
    standard = {"http": "80", "https": "443"}[scheme]
    return f"{scheme}://{userinfo}{host}{f':{port}' if port and port != standard else ''}{rest}"


def _is_host(host: str) -> bool:
    return host.startswith("[") or ("." in host and not host.startswith(".") and not host.endswith("."))
