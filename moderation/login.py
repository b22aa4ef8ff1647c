"""The web's door for moderators: one-time links, and the sessions they open.

The store keeps hashes, so that who reads it can't walk in. A link or a session says who somebody is, never what they
may do: roles are asked at each request.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from moderation.errors import NotAllowed
from moderation.settings import Settings
from moderation.store import Store

_BYTES = 32


@dataclass(frozen=True, slots=True)
class Session:
    """An open session. `id` is what the browser's cookie holds; `csrf` goes with each request that changes anything."""

    id: str
    person: str
    name: str
    csrf: str
    expires_at: datetime


class Login:
    """Links and sessions, with the lifetimes of the settings."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._link_lasts = timedelta(seconds=settings.login_link_s)
        self._session_lasts = timedelta(seconds=settings.session_s)

    async def issue(self, person: str, name: str, now: datetime) -> str:
        """A new link's token for this person: random, good once, for `login_link_s`."""
        token = secrets.token_urlsafe(_BYTES)
        expires_at = now + self._link_lasts
        await self._store.add_login_link(_hash(token), person=person, name=name, expires_at=expires_at, now=now)
        return token

    async def redeem(self, token: str, now: datetime) -> Session:
        """Use a link up and open a new session. Raises NotAllowed when it is none, was used, or is too old."""
        id_, csrf = secrets.token_urlsafe(_BYTES), secrets.token_urlsafe(_BYTES)
        row = await self._store.redeem_login_link(
            _hash(token), id_hash=_hash(id_), csrf=csrf, expires_at=now + self._session_lasts, now=now
        )
        if row is None:
            raise NotAllowed("this link was used, or is too old")
        return Session(id_, row.person, row.name, row.csrf, row.expires_at)

    async def session(self, cookie: str, now: datetime) -> Session | None:
        """The open session this cookie stands for; None when it ended, expired or never was."""
        row = await self._store.session(_hash(cookie), now=now)
        return Session(cookie, row.person, row.name, row.csrf, row.expires_at) if row is not None else None

    async def end(self, cookie: str) -> None:
        """Close the session; its cookie opens nothing from now on."""
        await self._store.end_session(_hash(cookie))


def _hash(secret: str) -> str:
    # Tokens are 256 random bits: one round of SHA-256 can't be searched. Bytes no text has come from a forged cookie.
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
