"""How many requests one address may make, counted in this process's memory, which stays bounded. Pure."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Collection


class AddressLimiter:
    """A bucket of `per_minute` requests for each address, filled again evenly.

    Never remembers more than `addresses_at_most`: whoever was silent longest is forgotten, which gives them a full
    bucket. An IPv6 network of 64 bits counts as one address, since a single customer is given at least that many.
    """

    def __init__(self, *, per_minute: int, addresses_at_most: int = 20_000) -> None:
        self._capacity = float(per_minute)
        self._per_s = per_minute / 60
        self._at_most = addresses_at_most
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def wait_s(self, address: str, *, now_s: float) -> float:
        """Take one request; 0 if it may pass, else the seconds until the next may. `now_s` is a monotonic clock."""
        key = network_of(address)
        left, since_s = self._buckets.pop(key, (self._capacity, now_s))
        left = min(self._capacity, left + max(0.0, now_s - since_s) * self._per_s)
        wait_s = 0.0 if left >= 1 else (1 - left) / self._per_s
        self._buckets[key] = (left - 1 if wait_s == 0 else left, now_s)
        if len(self._buckets) > self._at_most:
            self._buckets.popitem(last=False)
        return wait_s


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or an IPv6 network of 64 bits."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def client_address(peer: str | None, forwarded_for: str | None, *, trusted: Collection[str]) -> str:
    """Who asks: the peer, or, where the peer is a trusted proxy, the last address of X-Forwarded-For that is none.

    Addresses further left are whatever the client wrote, so they are never believed.
    """
    address = peer or "unknown"
    for hop in reversed((forwarded_for or "").split(",")):
        if address not in trusted:
            return address
        try:
            address = str(ipaddress.ip_address(hop.strip()))
        except ValueError:
            return address
    return address
