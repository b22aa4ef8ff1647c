"""PostgreSQL over a network: servers that follow one another, and hosts that fall silent."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from moderation import postgresql, sockets
from moderation.database import Database, is_passing
from moderation.settings import Settings
from tests.faults.clusters import LOCAL, Cluster, Pair, new_cluster, pair_running, several, single
from tests.faults.hosts import Hosts, cannot_have_hosts, hosts_running
from tests.faults.site import until
from tests.servers import short_folder

MISSING = cannot_have_hosts()
NEEDS_HOSTS = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))

pytestmark = pytest.mark.xdist_group("servers")


def address_of(given: str) -> str:
    """A database's address as the product reads it."""
    return Settings(database_url=given).database_address()  # type: ignore[arg-type]  # it is read


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Two servers on this machine, the second of which follows the first."""
    with pair_running() as pair:
        yield pair


async def port_of(database: Database) -> int:
    """Which server a new transaction meets."""
    async with database.write() as connection:
        return int((await connection.execute(sa.text("SELECT inet_server_port()"))).scalar_one())


async def test_the_server_that_takes_writes_is_found_before_and_after_another_takes_over(pair: Pair) -> None:
    database, other = Database(address_of(pair.url())), Database(address_of(pair.url(standby_first=True)))
    assert (await port_of(database), await port_of(other)) == (pair.ports[0], pair.ports[0])
    pair.lose_primary()
    with pytest.raises(Exception) as raised:
        await port_of(database)
    # What was in hand is tried again, for as long as only the one that follows is there.
    assert is_passing(raised.value)
    with pytest.raises(Exception) as raised:
        await port_of(database)
    assert is_passing(raised.value), raised.value
    pair.promote()
    assert (await port_of(database), await port_of(other)) == (pair.ports[1], pair.ports[1])
    await asyncio.gather(database.close(), other.close())


async def test_a_single_address_of_a_server_that_follows_takes_nothing(pair: Pair) -> None:
    database = Database(address_of(single(LOCAL, pair.ports[1])))
    with pytest.raises(OSError, match="takes no writes") as raised:
        await port_of(database)
    assert is_passing(raised.value)
    await database.close()


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    with short_folder("far") as folder, hosts_running("first", "second", folder=folder) as hosts:
        yield hosts


@pytest.fixture
def far(hosts: Hosts, tmp_path: Path) -> Iterator[Cluster]:
    """A server on a host of its own."""
    with short_folder("pg") as folder:
        cluster = new_cluster(folder / "pg")
        hosts.start("second", "postgresql", cluster.command(hosts.address("second")), os.environ)
        cluster.prepare()
        yield cluster
        hosts.stop("postgresql")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds to wait for as short as they can be."""
    monkeypatch.setattr(sockets, "LOST_S", 2)
    monkeypatch.setattr(sockets, "QUIET_S", 1)
    monkeypatch.setattr(sockets, "ASK_EVERY_S", 1)
    monkeypatch.setattr(postgresql, "OPEN_S", 1.0)


@NEEDS_HOSTS
async def test_a_connection_whose_other_host_fell_silent_is_given_up_on_both_sides(
    hosts: Hosts, far: Cluster, impatient: None
) -> None:
    database = Database(address_of(single(hosts.address("second"))))
    async with database.read() as connection:
        await connection.execute(sa.text("SELECT 1"))
        async with database.read() as idle:
            await idle.execute(sa.text("SELECT 1"))
        hosts.cut("second")
        # Far sooner than the quarter of an hour that the kernel takes by itself.
        with pytest.raises(sa.exc.DBAPIError) as raised:
            async with asyncio.timeout(20):
                await connection.execute(sa.text("SELECT 1"))
    assert is_passing(raised.value)
    with pytest.raises(TimeoutError, match="no answer within 1 s"):
        async with asyncio.timeout(20), database.read():
            pass
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE client_addr IS NOT NULL"
    until(lambda: far.ask(sessions) == "0", within_s=20)
    hosts.heal("second")
    async with asyncio.timeout(5), database.read() as connection:
        await connection.execute(sa.text("SELECT 1"))
    await database.close()


@NEEDS_HOSTS
async def test_a_host_that_is_gone_is_passed_over_once(hosts: Hosts, far: Cluster, impatient: None) -> None:
    hosts.cut("first")
    database = Database(address_of(several(*((hosts.address(host), 5432) for host in ("first", "second")))))
    waited = []
    for _ in range(2):
        began = time.monotonic()
        async with database.read() as connection:
            await connection.execute(sa.text("SELECT 1"))
            await connection.invalidate()
        waited.append(time.monotonic() - began)
    # The first one is given its second; whoever comes next begins with the one that was found.
    assert waited[0] > postgresql.OPEN_S > waited[1]
    await database.close()
