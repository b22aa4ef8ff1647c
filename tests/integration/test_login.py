"""A link opens the web's door once, for one person, for a while."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from moderation.errors import NotAllowed
from moderation.login import Login
from moderation.settings import Settings
from moderation.store import Store
from moderation.store.tables import login_links, sessions
from tests.builders import NOW
from tests.desk import MEERA, OMAR

LINK_S, SESSION_S = 600.0, 3600.0


@pytest.fixture
def login(store: Store) -> Login:
    return Login(store, Settings(login_link_s=LINK_S, session_s=SESSION_S))


async def rows(store: Store, table: sa.Table) -> list[tuple[object, ...]]:
    async with store.database.read() as connection:
        return [tuple(row) for row in await connection.execute(sa.select(table))]


async def test_a_link_opens_a_session_for_the_person_it_was_issued_to(login: Login) -> None:
    token = await login.issue(MEERA, "Meera", NOW)
    session = await login.redeem(token, NOW)
    assert (session.person, session.name) == (MEERA, "Meera")
    assert session.expires_at == NOW + timedelta(seconds=SESSION_S)
    assert await login.session(session.id, NOW) == session
    assert len({token, session.id, session.csrf}) == 3
    assert min(len(token), len(session.id), len(session.csrf)) >= 43, "256 random bits"


async def test_a_link_works_once(login: Login) -> None:
    token = await login.issue(MEERA, "Meera", NOW)
    answers = await asyncio.gather(*(login.redeem(token, NOW) for _ in range(10)), return_exceptions=True)
    assert [isinstance(answer, NotAllowed) for answer in answers].count(True) == 9


@pytest.mark.parametrize("token", ["", "x", "../../etc/passwd", "\ud800", "a" * 10_000])
async def test_what_is_no_link_opens_nothing(login: Login, token: str) -> None:
    await login.issue(MEERA, "Meera", NOW)
    with pytest.raises(NotAllowed):
        await login.redeem(token, NOW)
    assert await login.session(token, NOW) is None


async def test_a_link_is_good_for_its_time_alone(login: Login, store: Store) -> None:
    token = await login.issue(MEERA, "Meera", NOW)
    with pytest.raises(NotAllowed):
        await login.redeem(token, NOW + timedelta(seconds=LINK_S))
    await login.issue(OMAR, "Omar", NOW)
    await login.issue(OMAR, "Omar", NOW + timedelta(seconds=LINK_S))
    assert len(await rows(store, login_links)) == 1, "links that expired unused are forgotten"


async def test_a_session_ends_with_its_time_or_when_it_is_closed(login: Login, store: Store) -> None:
    first = await login.redeem(await login.issue(MEERA, "Meera", NOW), NOW)
    second = await login.redeem(await login.issue(MEERA, "Meera", NOW), NOW)
    assert first.id != second.id
    over = NOW + timedelta(seconds=SESSION_S)
    assert await login.session(first.id, over) is None
    await login.end(second.id)
    await login.end("never was")
    assert await login.session(second.id, NOW) is None
    assert await login.session(first.id, NOW) is not None
    await login.redeem(await login.issue(OMAR, "Omar", over), over)
    assert len(await rows(store, sessions)) == 1, "expired sessions are forgotten"


async def test_who_reads_the_database_can_not_walk_in(login: Login, store: Store) -> None:
    token = await login.issue(MEERA, "Meera", NOW)
    assert token not in str(await rows(store, login_links))
    session = await login.redeem(token, NOW)
    assert session.id not in str(await rows(store, sessions))
