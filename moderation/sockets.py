"""Connections over a network that may fall silent: one to a host that is gone ends within seconds.

Without this a connection that hangs is noticed late or never. Who waits for an answer sends nothing, so that nothing is
missed; what was sent is sent again ever more rarely, for a quarter of an hour, and after a minute's silence the next
try may be a minute away although the network is back.
"""

from __future__ import annotations

import socket
from typing import Any

LOST_S = 8
"""Seconds without a sign of life from the other host after which a connection to it is lost."""

QUIET_S = 4
"""Seconds after which a connection on which nothing happens is asked for one."""

ASK_EVERY_S = 2


def keep_watch(connection: socket.socket) -> None:
    """Have the kernel end this connection once the other host is gone. Changes nothing on a unix socket."""
    if connection.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    wanted = {
        "TCP_KEEPIDLE": QUIET_S,
        "TCP_KEEPINTVL": ASK_EVERY_S,
        "TCP_KEEPCNT": (LOST_S - QUIET_S) // ASK_EVERY_S,
        "TCP_USER_TIMEOUT": LOST_S * 1000,
    }
    # macOS has not all of them.
    for name in wanted.keys() & vars(socket).keys():
        connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), wanted[name])


def watched_socket(place: tuple[Any, ...]) -> socket.socket:
    """A socket for an address as `getaddrinfo` gives it, watched from its first packet on: for aiohttp's connectors."""
    family, kind, protocol = place[:3]
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    keep_watch(made)
    return made
