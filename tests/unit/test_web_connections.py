"""Which connection goes where more come than there is room for."""

from __future__ import annotations

import resource

from moderation.web.connections import HEAD_S, Connections, room
from moderation.web.serving import LINES_APART_S, Seldom

PROXY = "10.0.0.1"
MANY = [f"192.0.2.{number}" for number in range(1, 101)]


class One:
    """A connection that remembers whether it was dropped."""

    def __init__(self) -> None:
        self.dropped = False

    def drop(self) -> None:
        assert not self.dropped, "once is enough"
        self.dropped = True


def opened(connections: Connections, *addresses: str, now_s: float = 0) -> list[One]:
    made = [One() for _ in addresses]
    for one, address in zip(made, addresses, strict=True):
        connections.opened(one, address, now_s=now_s)
    return made


def working(connections: Connections, *addresses: str) -> list[One]:
    made = []
    for address in addresses:
        made += opened(connections, address)
        connections.begun(made[-1])
    return made


def dropped(made: list[One]) -> list[bool]:
    return [one.dropped for one in made]


def test_a_head_that_is_not_whole_in_time_ends_its_connection() -> None:
    connections = Connections(at_most=100, trusted=())
    (half, working_one) = opened(connections, *MANY[:2], now_s=0)
    connections.begun(working_one)
    connections.drop_overdue(now_s=HEAD_S - 0.1)
    assert not half.dropped
    connections.drop_overdue(now_s=HEAD_S)
    assert half.dropped and not working_one.dropped and len(connections) == 1


def test_a_byte_now_and_then_buys_no_time() -> None:
    connections = Connections(at_most=100, trusted=())
    (one,) = working(connections, MANY[0])
    connections.answered(one)
    connections.drop_overdue(now_s=1000)
    assert not one.dropped, "between two requests it is for its keeper to say how long"
    for now_s in range(1000, 1010):
        connections.began_to_ask(one, now_s=now_s)
    connections.drop_overdue(now_s=1000 + HEAD_S)
    assert one.dropped


def test_an_address_beyond_its_share_loses_its_own_oldest_and_nobody_elses() -> None:
    connections = Connections(at_most=10, trusted=())
    others = opened(connections, *MANY[:3])
    flood = opened(connections, *["198.51.100.9"] * 8)
    assert dropped(flood) == [True] * 3 + [False] * 5 and not any(dropped(others))


def test_the_neighbours_of_one_network_are_one_address() -> None:
    connections = Connections(at_most=4, trusted=())
    made = opened(connections, *[f"2001:db8::{number}" for number in range(1, 4)])
    assert dropped(made) == [True, False, False]


def test_a_new_one_is_refused_where_all_of_its_address_work() -> None:
    connections = Connections(at_most=4, trusted=())
    streams = working(connections, *MANY[:1] * 2)
    (new,) = opened(connections, MANY[0])
    assert new.dropped and not any(dropped(streams)) and len(connections) == 2


def test_at_the_bound_halves_go_first_then_what_is_kept_and_never_what_works() -> None:
    connections = Connections(at_most=3, trusted=())
    kept, busy, half = opened(connections, *MANY[:3])
    connections.begun(kept)
    connections.begun(busy)
    connections.answered(kept)
    first, second, third = working(connections, *MANY[3:6])
    assert dropped([half, kept, busy]) == [True, True, False]
    assert dropped([first, second, third]) == [False, False, True] and len(connections) == 3


def test_a_trusted_proxy_has_no_share_but_no_more_than_there_is() -> None:
    connections = Connections(at_most=4, trusted={PROXY})
    made = working(connections, *[PROXY] * 5)
    assert dropped(made) == [False] * 4 + [True]
    assert connections.is_trusted(PROXY) and not connections.is_trusted(MANY[0])


def test_what_is_closed_makes_room_and_is_forgotten() -> None:
    connections = Connections(at_most=2, trusted=())
    for address in MANY:
        (one,) = working(connections, address)
        connections.closed(one)
        connections.closed(one)
        connections.answered(one)  # an answer that is finished after its reader left
        assert not one.dropped and len(connections) == 0
    assert connections._networks == {} and not connections._all.kept


def test_there_is_room_for_less_than_the_system_gives_and_the_soft_limit_is_raised() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
        at_most = room()
        raised = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        assert raised > 512 and at_most < raised
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_thousand_times_is_one_line_and_then_the_number() -> None:
    lines: list[tuple[str | None, int]] = []
    seldom = Seldom(lambda error, times: lines.append((error, times)))
    for number in range(1000):
        seldom.happened("BadStatusLine", now_s=number / 1000)
    assert lines == [("BadStatusLine", 1)]
    seldom.tell(now_s=LINES_APART_S)
    seldom.tell(now_s=10 * LINES_APART_S)
    assert lines == [("BadStatusLine", 1), ("BadStatusLine", 999)]
