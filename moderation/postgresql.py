"""How a connection to PostgreSQL is opened: to the server that takes writes, wherever that is now.

An address may name several servers, of which one takes writes and the others follow it. Each is given its own time, for
one whose host is gone answers nothing at all. The one that was found last is asked first, and one that was silent last.
"""

from __future__ import annotations

from typing import Any

from moderation import sockets

OPEN_S = 5.0
"""Seconds one server has to take a connection."""

IDLE_S = 5.0
"""Seconds a transaction on PostgreSQL may stand idle before the server ends it. A process that is suspended in the
middle of one would else keep its locks, and with them everybody who publishes, for as long as it sleeps."""

PASSING = ("08", "25006", "25P03", "40", "53", "57")
"""How PostgreSQL's codes begin of errors that may go away by themselves: connections, a server that only follows, a
transaction that stood idle or was in another's way, nothing left of something, and being stopped or started."""


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
