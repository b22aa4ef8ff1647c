"""Who agreed to the terms, and who may come in by the web's door."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from moderation.database import Database
from moderation.store.tables import agreements, login_links, sessions
from moderation.store.values import SessionRow


class PeopleQueries:
    """Agreements, login links and sessions. What opens a door is kept as its hash alone."""

    database: Database

    async def agree(self, author: str, *, terms: str, language: str, now: datetime) -> None:
        """Note that the author agreed to this version of the terms; the first time counts."""
        async with self.database.write() as connection:
            await connection.execute(
                self.database.insert(agreements)
                .values(author=author, terms=terms, language=language, agreed_at=now)
                .on_conflict_do_nothing(index_elements=["author", "terms"])
            )

    async def has_agreed(self, author: str, *, terms: str) -> bool:
        """Whether the author agreed to this version of the terms."""
        wanted = sa.select(agreements.c.author).where(agreements.c.author == author, agreements.c.terms == terms)
        async with self.database.read() as connection:
            return (await connection.execute(wanted)).first() is not None

    async def add_login_link(
        self, token_hash: str, *, person: str, name: str, expires_at: datetime, now: datetime
    ) -> None:
        """Keep a new link; those that expired unused go."""
        async with self.database.write() as connection:
            await connection.execute(sa.delete(login_links).where(login_links.c.expires_at <= now))
            await connection.execute(
                sa.insert(login_links).values(token_hash=token_hash, person=person, name=name, expires_at=expires_at)
            )

    async def redeem_login_link(
        self, token_hash: str, *, id_hash: str, csrf: str, expires_at: datetime, now: datetime
    ) -> SessionRow | None:
        """Use up a link and open a session for its person, in one transaction; None where no link is good any more."""
        async with self.database.write() as connection:
            link = (
                await connection.execute(
                    sa.delete(login_links)
                    .where(login_links.c.token_hash == token_hash)
                    .returning(login_links.c.person, login_links.c.name, login_links.c.expires_at)
                )
            ).first()
            if link is None or link.expires_at <= now:
                return None
            await connection.execute(sa.delete(sessions).where(sessions.c.expires_at <= now))
            row = SessionRow(person=link.person, name=link.name, csrf=csrf, expires_at=expires_at)
            await connection.execute(
                sa.insert(sessions).values(
                    id_hash=id_hash, person=row.person, name=row.name, csrf=csrf, expires_at=expires_at
                )
            )
            return row

    async def session(self, id_hash: str, *, now: datetime) -> SessionRow | None:
        """The session that has not expired."""
        wanted = sa.select(sessions).where(sessions.c.id_hash == id_hash, sessions.c.expires_at > now)
        async with self.database.read() as connection:
            row = (await connection.execute(wanted)).first()
            return SessionRow(row.person, row.name, row.csrf, row.expires_at) if row is not None else None

    async def end_session(self, id_hash: str) -> None:
        """Forget a session."""
        async with self.database.write() as connection:
            await connection.execute(sa.delete(sessions).where(sessions.c.id_hash == id_hash))
