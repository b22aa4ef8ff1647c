"""What the kernel is told of a connection: when its other end counts as gone."""

from __future__ import annotations

import socket

import pytest

from moderation.sockets import ASK_EVERY_S, LOST_S, QUIET_S, keep_watch, watched_socket


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux has all of these")
def test_a_connection_that_is_watched_is_given_up_after_some_seconds_of_silence() -> None:
    place = socket.getaddrinfo("127.0.0.1", 9, type=socket.SOCK_STREAM)[0]
    with watched_socket(place) as made:
        assert not made.getblocking()
        assert made.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        told = [
            made.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL")
        ]
        assert told == [QUIET_S, ASK_EVERY_S]
        # Whether the connection was asked in vain or what was sent stayed unanswered: the same seconds.
        assert QUIET_S + ASK_EVERY_S * made.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == LOST_S
        assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == LOST_S * 1000


def test_a_unix_socket_is_left_as_it_is() -> None:
    one, other = socket.socketpair()
    with one, other:
        keep_watch(one)
        assert not one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
