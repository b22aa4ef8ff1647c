"""How a connection to PostgreSQL is opened: to the server that takes writes, wherever that is now.

An address may name several servers, of which one takes writes and the others follow it. Each is given its own time, for
one whose host is gone answers nothing at all. The one that was found last is asked first, and one that was silent last.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from moderation import sockets
from moderation.errors import SettingsError

OPEN_S = 5.0
"""Seconds one server has to take a connection."""

IDLE_S = 5.0
"""Seconds a transaction on PostgreSQL may stand idle before the server ends it. A process that is suspended in the
middle of one would else keep its locks, and with them everybody who publishes, for as long as it sleeps."""

PASSING = ("08", "25006", "25P03", "40", "53", "57")
"""How PostgreSQL's codes begin of errors that may go away by themselves: connections, a server that only follows, a
transaction that stood idle or was in another's way, nothing left of something, and being stopped or started."""


WRITTEN = (
    "it is written postgresql://USER:PASSWORD@HOST:PORT/NAME, and with two servers"
    " postgresql://USER:PASSWORD@/NAME?host=HOST:PORT&host=HOST:PORT"
)
"""How an address is written, for whoever wrote it otherwise."""

TLS_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
"""What `sslmode` may be, as PostgreSQL's own programs have it; without it TLS is used where the server has it."""

_TLS_FILES = ("sslrootcert", "sslcert", "sslkey")
_TLS = ("sslmode", *_TLS_FILES)
_OPTIONS = ("host", "port", "target_session_attrs", *_TLS)
_TARGETS = ("any", "primary", "standby", "read-write", "read-only", "prefer-standby")


def check(url: sa.URL, *, query: str) -> None:
    """`query` is what was written behind the address's question mark.

    Raises SettingsError for an address that no connection can be opened by: what is wrong, never the password."""
    # A password with an @ goes on behind it, and what seems to be a host or an option is the rest of it.
    if any("@" in part for part in (url.host or "", url.database or "", *url.query, *map(str, url.query.values()))):
        raise _refusal("in a password @ is %40, / is %2F, ? is %3F, # is %23 and % is %25")
    # One without a value would be passed over: TLS that was asked for must not fall away by a slip of the pen.
    if query and not all(value for _, value in parse_qsl(query, keep_blank_values=True)):
        raise _refusal("each option is written NAME=VALUE")
    for name, value in url.query.items():
        if name not in _OPTIONS:
            raise _refusal(f"{name!r} is no option of it; there are {', '.join(_OPTIONS)}")
        if name not in {"host", "port"} and not isinstance(value, str):
            raise _refusal(f"{name} is given more than once")
    options: Mapping[str, Any] = url.query
    for name, known in (("sslmode", TLS_MODES), ("target_session_attrs", _TARGETS)):
        if name in options and options[name] not in known:
            raise _refusal(f"{name} is one of {', '.join(known)}")
    _check_places(url)
    _check_files(options)


def _check_places(url: sa.URL) -> None:
    try:
        _, found = url.get_dialect()().create_connect_args(url)
    except (ArgumentError, ValueError, TypeError):
        raise _refusal("each server needs a host and a port, and each is an option of its own") from None
    hosts, ports = (value if isinstance(value, list) else [value] for value in (found.get("host"), found.get("port")))
    if any(port is not None and not 0 < port < 65_536 for port in (*ports, url.port)):
        raise _refusal("a port is a number from 1 to 65535")
    # Read by the driver where the address says none.
    elsewhere = os.environ.get("PGPORT", "").strip()
    if None in (*ports, url.port) and not all(_is_port(part) for part in elsewhere.split(",") if elsewhere):
        raise _refusal("it names no port, and PGPORT is not a number from 1 to 65535")
    for host in hosts:
        try:
            sound = host is None or host.startswith("/") or (bool(host.encode("idna")) and not set(host) & set(" ,/"))
        except UnicodeError:
            sound = False
        if not sound:
            raise _refusal("a host is a name, a number, or the folder of a socket")


def _is_port(written: str) -> bool:
    return written.isdecimal() and written.isascii() and 0 < int(written) < 65_536


def _check_files(options: Mapping[str, Any]) -> None:
    """Raises SettingsError for files of TLS that are not there, or hold something else."""
    if "sslkey" in options and "sslcert" not in options:
        raise _refusal("sslkey needs sslcert")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    name = "sslrootcert"
    try:
        if name in options:
            context.load_verify_locations(options[name])
        name = "sslcert"
        if name in options:
            context.load_cert_chain(options[name], options.get("sslkey"), password="")
    except OSError as error:
        names = "sslcert and sslkey" if name == "sslcert" and "sslkey" in options else name
        raise _refusal(f"{names} can't be used ({error.strerror or type(error).__name__})") from None


def _refusal(fault: str) -> SettingsError:
    return SettingsError(f"BAITHAK_DATABASE_URL can't be used: {fault}; {WRITTEN}")


_OF_VALUE = ("22", "23", "54")
"""How PostgreSQL's codes begin of errors in a value: what it is, what stands against it, and how large it is."""


def session_settings() -> dict[str, str]:
    """What each session asks of the server."""
    return {
        "idle_in_transaction_session_timeout": str(round(IDLE_S * 1000)),
        # The server's side of a host that is gone: else it keeps the sessions for two hours, and after some cuts it has
        # no more to give.
        "tcp_keepalives_idle": str(sockets.QUIET_S),
        "tcp_keepalives_interval": str(sockets.ASK_EVERY_S),
        "tcp_keepalives_count": str((sockets.LOST_S - sockets.QUIET_S) // sockets.ASK_EVERY_S),
        "tcp_user_timeout": str(sockets.LOST_S * 1000),
    }


class Opening:
    """Opens connections; SQLAlchemy calls it with what an address says."""

    def __init__(self) -> None:
        self._first = 0

    async def __call__(self, *, host: Any = None, port: Any = None, **options: Any) -> Any:
        """A connection to the server that takes writes.

        Raises OSError when none does, TimeoutError among it, and the driver's own errors.
        """
        places = list(zip(host, port, strict=True)) if isinstance(host, list) else [(host, port)]
        options.setdefault("target_session_attrs", "read-write")
        # Of these asyncpg takes only the first by itself, and all of them as an address.
        tls = {name: options.pop(name) for name in _TLS if name in options}
        if tls:
            options["dsn"] = f"postgresql:///?{urlencode(tls)}"
        fault: Exception = OSError("no server is named")
        begins = self._first
        for number in range(len(places)):
            at = (begins + number) % len(places)
            try:
                connection = await _open(*places[at], options)
            except Exception as error:
                if not _is_elsewhere(error):
                    raise
                if isinstance(error, TimeoutError):
                    self._first = at + 1
                fault = error
            else:
                self._first = at
                return connection
        raise fault


async def _open(host: Any, port: Any, options: dict[str, Any]) -> Any:
    import asyncpg

    place = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    try:
        connection = await asyncpg.connect(**place, timeout=OPEN_S, **options)
    except TimeoutError as error:
        raise TimeoutError(f"no answer within {OPEN_S:.0f} s") from error
    except asyncpg.TargetServerAttributeNotMatched as error:
        raise ConnectionRefusedError("the server takes no writes; it follows another one") from error
    # asyncpg has no setting for it.
    sockets.keep_watch(connection._transport.get_extra_info("socket"))
    return connection


def _is_elsewhere(error: Exception) -> bool:
    """Whether another server may be the one that is looked for."""
    return isinstance(error, OSError) or is_passing_code(getattr(error, "sqlstate", None))


def is_passing_code(code: str | None) -> bool:
    """Whether an error with this code of PostgreSQL's may go away by itself."""
    return code is not None and code.startswith(PASSING)


def is_code_of_value(code: str | None) -> bool:
    """Whether an error with this code of PostgreSQL's is of the value that was to be written."""
    return code is not None and code.startswith(_OF_VALUE)
