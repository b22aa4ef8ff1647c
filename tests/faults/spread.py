"""The whole system spread over hosts, each part started as an operator starts it there; and people at its Telegram.

one, another    two workers each
data            Redis and PostgreSQL, both with a password
front           bot and web
outside         Telegram's stand-in, where the readers are
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.faults.clusters import PASSWORD, Cluster, new_cluster, several, single, standby_of, wait_for_standby
from tests.faults.hosts import Hosts, hosts_running
from tests.faults.ledger import Ledger, read_ledger, undecided
from tests.servers import redis_binary, short_folder

HOSTS = ("one", "another", "data", "front", "outside")
WORKERS = {"worker 1": "one", "worker 2": "one", "worker 3": "another", "worker 4": "another"}
WEB, SANDBOX, REDIS = 8080, 8081, 6379


class Spread:
    """The system on its hosts. `web` and `sandbox` are addresses for whoever looks on from this machine."""

    def __init__(
        self, hosts: Hosts, cluster: Cluster, folder: Path, database_url: str, *, standby: Cluster | None = None
    ) -> None:
        self.hosts = hosts
        self.standby = standby
        self.cluster = cluster
        self.data_dir = folder
        self.web = f"http://{hosts.address('front')}:{WEB}"
        self.sandbox = f"http://{hosts.address('outside')}:{SANDBOX}"
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("BAITHAK_")},
            "BAITHAK_DATABASE_URL": database_url,
            "BAITHAK_STAGES": "fast",
            "BAITHAK_REDIS_URL": f"redis://:{PASSWORD}@{hosts.address('data')}:{REDIS}",
            "BAITHAK_WEB_HOST": hosts.address("front"),
            "BAITHAK_WEB_PORT": str(WEB),
            "BAITHAK_SANDBOX_HOST": hosts.address("outside"),
            "BAITHAK_SANDBOX_PORT": str(SANDBOX),
            "OMP_NUM_THREADS": "1",
        }

    def start_redis(self) -> None:
        """Redis on the host of the data."""
        arguments = ["--bind", self.hosts.address("data"), "--port", str(REDIS), "--requirepass", PASSWORD]
        arguments += ["--save", "", "--appendonly", "yes", "--maxmemory-policy", "noeviction"]
        where = self.data_dir / "redis"
        where.mkdir()
        self.hosts.start("data", "redis", [redis_binary(), *arguments, "--dir", str(where)], os.environ)

    def start_parts(self) -> None:
        """`baithak db upgrade`, and then every part on its host. Returns when all of them work."""
        self.hosts.run("front", "upgrade", *self._part("front", "bot", "db", "upgrade"))
        self._start("outside", "sandbox", "bot", "sandbox")
        self.hosts.ready("sandbox")
        for name, host in WORKERS.items():
            self._start(host, name, "moderation", "worker")
        self._start("front", "web", "bot", "web")
        self._start("front", "bot", "bot", "bot")
        self.hosts.ready(*WORKERS, "web", "bot")

    def _start(self, host: str, name: str, *command: str) -> None:
        self.hosts.start(host, name, *self._part(host, *command))

    def _part(self, host: str, *command: str) -> tuple[list[str], dict[str, str]]:
        data_dir = self.data_dir / host
        data_dir.mkdir(exist_ok=True)
        return [sys.executable, "-m", *command], {**self._environment, "BAITHAK_DATA_DIR": str(data_dir)}

    async def undecided(self, keys: set[str]) -> int:
        """How many of these comments are not there yet or nobody decided."""
        ledger = await self.ledger()
        return len(keys - set(ledger.status_of)) + await undecided(self.cluster.local_address())

    async def ledger(self) -> Ledger:
        """What became of every comment so far; read on the host of the data itself, cut off or not."""
        return await read_ledger(self.cluster.local_address())


@contextlib.contextmanager
def spread_over_hosts(*, standby: bool = False) -> Iterator[Spread]:
    """The system, running on hosts of its own for as long as the block lasts."""
    names = ("primary", *HOSTS) if standby else HOSTS
    with short_folder("hosts") as folder, hosts_running(*names, folder=folder) as hosts:
        first = names[0] if standby else "data"
        cluster = new_cluster(folder / "pg")
        hosts.start(first, "postgresql", cluster.command(hosts.address(first)), os.environ)
        cluster.prepare()
        spread = Spread(hosts, cluster, folder, single(hosts.address("data")))
        if standby:
            spread = _with_standby(hosts, cluster, folder)
        spread.start_redis()
        spread.start_parts()
        yield spread


def _with_standby(hosts: Hosts, primary: Cluster, folder: Path) -> Spread:
    standby = standby_of(folder / "standby", host=hosts.address("primary"))
    hosts.start("data", "standby", standby.command(hosts.address("data")), os.environ)
    wait_for_standby(primary)
    places = [(hosts.address(host), 5432) for host in ("primary", "data")]
    return Spread(hosts, primary, folder, several(*places), standby=standby)
