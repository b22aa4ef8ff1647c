"""How many connections are open, from whom, and which of them go where more come than there is room for.

A connection is *working* while a request of it is in hand, else it is *silent*: *half*, while the head of a request is
awaited or came in part, or *kept*, between two requests. Only silent ones are ever dropped. `Connections` is pure.
"""

from __future__ import annotations

import contextlib
import resource
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol

from moderation.web.limiter import network_of

HEAD_S = 10.0
"""Seconds in which the head of a request is to be whole: a browser that opens a connection before it is needed sends
one sooner, or opens another."""

KEPT_S = 75.0
"""Seconds a connection is kept between two requests. A proxy asks on a kept one without looking, so it is to end them
first: nginx does after 60, unless told otherwise."""

KEPT_FOR_PROXIES_S = 3_600.0
"""The same for trusted proxies, some of which keep theirs for minutes."""

DESCRIPTORS = 12_000
"""Descriptors a process asks the operating system for: with them 7,500 connections may be open."""


def room() -> int:
    """How many connections this process may have open, after raising its soft limit on descriptors as far as it may.

    Five eighths of the descriptors. The others are for files, database and Redis, and above all for those that are
    accepted, by the hundred, before the first of them can be dropped.
    """
    soft, hard = (_or_wanted(given) for given in resource.getrlimit(resource.RLIMIT_NOFILE))
    if soft < hard:
        with contextlib.suppress(OSError, ValueError):  # a system may refuse what it said it would allow
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
            soft = hard
    return soft * 5 // 8


def _or_wanted(descriptors: int) -> int:
    return DESCRIPTORS if descriptors == resource.RLIM_INFINITY else min(DESCRIPTORS, descriptors)


class Connection(Protocol):
    """What is known here of a connection."""

    def drop(self) -> None:
        """Close it at once, whatever it has sent. Never raises."""


@dataclass(slots=True)
class _Neighbours:
    """The connections of one network, or of all: how many, and which are silent, longest first."""

    open: int = 0
    half: OrderedDict[Connection, float] = field(default_factory=OrderedDict)
    kept: OrderedDict[Connection, None] = field(default_factory=OrderedDict)

    def most_dispensable(self) -> Connection | None:
        """The oldest half one, else the one kept longest; None where all are working."""
        return next(iter(self.half), None) or next(iter(self.kept), None)


class Connections:
    """The open connections of a process: at most `at_most`, and half of that from one address.

    An address beyond its share loses its own oldest silent connection, so that others keep theirs; where all of its
    connections work, the new one is dropped. The same holds for all together. Trusted proxies speak for many, and have
    no share. Times are a monotonic clock's seconds.
    """

    def __init__(self, *, at_most: int, trusted: Collection[str]) -> None:
        self._at_most = at_most
        self._share = max(1, at_most // 2)
        self._trusted = frozenset(trusted)
        self._all = _Neighbours()
        self._networks: dict[str, _Neighbours] = {}
        self._of: dict[Connection, str] = {}

    def __len__(self) -> int:
        return self._all.open

    def is_trusted(self, address: str) -> bool:
        """Whether a proxy of ours has this address."""
        return address in self._trusted

    def opened(self, connection: Connection, address: str, *, now_s: float) -> bool:
        """Take up a new connection, half until it says more, dropping another if need be; False if it was dropped."""
        network = network_of(address)
        neighbours = self._networks.get(network)
        if neighbours and neighbours.open >= self._share and not self.is_trusted(address):
            made_room = self._made_room(neighbours)
        else:
            made_room = self._all.open < self._at_most or self._made_room(self._all)
        if not made_room:
            connection.drop()
            return False
        self._of[connection] = network
        for one in (self._all, self._networks.setdefault(network, _Neighbours())):
            one.open += 1
            one.half[connection] = now_s
        return True

    def begun(self, connection: Connection) -> None:
        """The head of a request is whole: the connection works."""
        for one in self._circles(connection):
            one.half.pop(connection, None)
            one.kept.pop(connection, None)

    def answered(self, connection: Connection) -> None:
        """The request was answered, and the connection is kept for another."""
        for one in self._circles(connection):
            one.kept[connection] = None

    def began_to_ask(self, connection: Connection, *, now_s: float) -> None:
        """Bytes came that make no whole head: a kept connection is half from now on, and no byte more changes that."""
        for one in self._circles(connection):
            if connection in one.kept:
                del one.kept[connection]
                one.half[connection] = now_s

    def closed(self, connection: Connection) -> None:
        """The connection is gone."""
        for one in self._circles(connection):
            one.open -= 1
            one.half.pop(connection, None)
            one.kept.pop(connection, None)
        network = self._of.pop(connection, None)
        if network is not None and not self._networks[network].open:
            del self._networks[network]

    def drop_overdue(self, *, now_s: float) -> None:
        """Drop each that has been half for longer than HEAD_S."""
        while self._all.half:
            connection, since_s = next(iter(self._all.half.items()))
            if now_s - since_s < HEAD_S:
                return
            self._drop(connection)

    def _made_room(self, among: _Neighbours) -> bool:
        connection = among.most_dispensable()
        if connection is None:
            return False
        self._drop(connection)
        return True

    def _drop(self, connection: Connection) -> None:
        self.closed(connection)
        connection.drop()

    def _circles(self, connection: Connection) -> tuple[_Neighbours, ...]:
        network = self._of.get(connection)
        return () if network is None else (self._all, self._networks[network])
