"""What must hold before anything is started: a place to write, ports nobody has, policy and feeds that can be used.

Each fault is a SettingsError or PolicyError whose one line says what to do. Starts nothing and changes nothing but the
data directory's lock.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import shutil
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import bot
import moderation
from bot.settings import BotSettings
from moderation.errors import QueueUnavailable, SettingsError
from moderation.running import cannot_listen

FREE_BYTES = 64 * 1024 * 1024
"""Below this much free disk nothing is started: a comment accepted must also be kept."""


@contextlib.contextmanager
def alone(data_dir: Path) -> Iterator[None]:
    """Hold the data directory for this process. Raises SettingsError when another `up` has it or it is read-only."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)  # what readers wrote is nobody else's
        lock = (data_dir / "up.lock").open("w")
    except OSError as error:
        raise SettingsError(
            f"{data_dir} can't be written ({error.strerror}); set BAITHAK_DATA_DIR to a folder that can"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SettingsError(
                f"another `baithak up` runs on {data_dir}; stop it, or give this one another BAITHAK_DATA_DIR"
            ) from None
        yield


def is_held(data_dir: Path) -> bool:
    """Whether a running `up` has the data directory."""
    try:
        with (data_dir / "up.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def check_room(data_dir: Path) -> None:
    """Refuse to start on a full disk. Raises SettingsError."""
    free = shutil.disk_usage(data_dir).free
    if free < FREE_BYTES:
        raise SettingsError(
            f"{data_dir} has {free // 2**20} MB of free disk, {FREE_BYTES // 2**20} MB are needed: "
            "make room, or set BAITHAK_DATA_DIR to another disk"
        )


def check_configuration(settings: BotSettings) -> None:
    """Refuse to start on policy, terms, feeds or a token that can't be used. Raises PolicyError or SettingsError."""
    from bot.feed import load_feeds
    from moderation.config import load_policy, load_terms

    settings.token()
    load_terms(load_policy())
    load_feeds(settings)


async def check_redis(address: str) -> None:
    """Refuse to start on a Redis that is away, or would drop comments. Raises SettingsError."""
    from moderation.eviction import require_noeviction
    from moderation.queue import connect

    client = connect(address)
    try:
        async with asyncio.timeout(10):
            await require_noeviction(client)
    except (QueueUnavailable, TimeoutError) as error:
        fault = str(error).rstrip(".") or "Redis does not answer"
        raise SettingsError(f"{fault}: start it, or mend BAITHAK_REDIS_URL") from error
    finally:
        with contextlib.suppress(Exception):  # a connection that is gone can't be given back
            await client.aclose()


def tables_are_current(settings: BotSettings) -> bool:
    """Whether the default database is in its newest form, so that nothing has to be loaded to bring it there.

    A look of milliseconds, where the migrations themselves would take half a second of every start. False for any
    other database, and whenever it can't be told.
    """
    file = settings.data_dir / "baithak.db"
    if settings.database_url is not None or not file.is_file():
        return False
    wanted = {"moderation_version": newest_version(moderation), "bot_version": newest_version(bot)}
    try:
        with contextlib.closing(sqlite3.connect(file, timeout=1)) as connection:
            # The tables' names are the two above.
            found = {
                table: connection.execute(f"SELECT version_num FROM {table}").fetchall()  # noqa: S608  names of ours
                for table in wanted
            }
    except sqlite3.Error:
        return False
    return found == {table: [(version,)] for table, version in wanted.items()}


def newest_version(package: ModuleType) -> str:
    """The form a package's tables are in after its last migration."""
    return max(versions(package))


def versions(package: ModuleType) -> set[str]:
    """Every form a package's tables ever had: the numbers that the migrations' files begin with."""
    folder = Path(package.__path__[0]) / "migrations" / "versions"
    return {path.name.partition("_")[0] for path in folder.glob("[0-9]*.py")}


def free_ports(settings: BotSettings) -> dict[str, int]:
    """The port of each part that listens, by its setting's name; one the kernel chose where it is 0.

    Raises SettingsError naming the setting when somebody has the port.
    """
    wanted = [("web_port", settings.web_host, settings.web_port)]
    if settings.uses_sandbox():
        wanted.append(("sandbox_port", settings.sandbox_host, settings.sandbox_port))
    with contextlib.ExitStack() as held:
        # Held together, so that two parts are never given the same one.
        return {name: _port_of(held.enter_context(_bound(host, port, name))) for name, host, port in wanted}


def _bound(host: str, port: int, name: str) -> socket.socket:
    probe = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((host, port))
        # Sockets that may reuse an address are bound to one side by side; only one of them may listen.
        probe.listen(1)
    except (OSError, UnicodeError) as error:
        probe.close()
        raise cannot_listen(host, port, error, port_variable=f"BAITHAK_{name.upper()}") from None
    return probe


def _port_of(probe: socket.socket) -> int:
    port: int = probe.getsockname()[1]
    return port


def local_address(host: str, port: int) -> str:
    """The address of a part for somebody on this machine, also where it listens to all addresses."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, host)  # noqa: S104  compared, not bound
    return f"http://{f'[{reached}]' if ':' in reached and not reached.startswith('[') else reached}:{port}"
