"""An address of Redis that can't be used is refused before anything is tried, and never quoted."""

from __future__ import annotations

import pytest

from bot.settings import BotSettings
from moderation.errors import SettingsError
from moderation.queue import connect

SECRET = "swordfish"


def address_of(given: str) -> str:
    """The address as the product reads it."""
    return BotSettings(redis_url=given).redis_address()  # type: ignore[arg-type]  # it is read


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (f"redis://:{SECRET}@h:1/0?nonsense=1", "'nonsense' is no option"),
        (f"redis://:{SECRET}@h:1/0?socket_timeout=abc", "'socket_timeout' is no option"),
        (f"redis://h:1/0?password={SECRET}", "'password' is no option"),
        (f"redis://:{SECRET}@h/0?ssl_ca_certs=/nowhere", "'ssl_ca_certs' is no option"),
        (f"rediss://:{SECRET}@h/0?ssl_ca_certs=/nowhere", "ssl_ca_certs can't be used (No such file"),
        (f"rediss://:{SECRET}@h/0?ssl_certfile=/dev/null", "ssl_certfile can't be used"),
        (f"rediss://:{SECRET}@h/0?ssl_cert_reqs=perhaps", "ssl_cert_reqs is one of none, optional, required"),
        (f"redis://:{SECRET}@h/0?db=1&db=2", "more than once"),
        (f"redis://:{SECRET}@h/0?db", "NAME=VALUE"),
        (f"redis://:{SECRET}@h:1/abc", "the database is a number"),
        (f"redis://:{SECRET}@h:1/1/2", "the database is a number"),
        (f"redis://:{SECRET}@h:1/²", "the database is a number"),
        (f"redis://:{SECRET}@h:1/9999999999", "the database is a number"),
        (f"unix://:{SECRET}@/run/redis.sock?db=x", "the database is a number"),
        ("unix://", "the path of a socket"),
        (f"redis://:{SECRET}@h:99999", "host or port can't be read"),
        (f"redis://:{SECRET}@h:0", "1 to 65535"),
        (f"redis://:{SECRET}@a..b:1", "host or port can't be read"),
        (f"redis://:{SECRET}@[::1", "host or port can't be read"),
        (f"redis://:{SECRET}/sh@h:1", "%2F"),
        (f"redis://h/1#{SECRET}", "%23"),
        (f"redis://:12?{SECRET}=3@h", "%3F"),
        (f"redis://:{SECRET}\udc80@h:1", "host or port can't be read"),
        (f"http://:{SECRET}@h", "begins otherwise"),
    ],
)
def test_an_address_that_can_not_be_used_is_told_with_how_one_is_written(given: str, words: str) -> None:
    with pytest.raises(SettingsError, match="BAITHAK_REDIS_URL can't be used: ") as raised:
        address_of(given)
    assert words in str(raised.value)
    assert "redis://:PASSWORD@HOST:PORT/NUMBER" in str(raised.value)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    ("given", "database"),
    [
        ("redis://h", None),
        ("redis://:sword%2Ffish@10.0.0.3:6379/", None),
        ("redis://desk:swordfish@[::1]:6379/3", 3),
        ("rediss://h:6380/0?ssl_cert_reqs=required&ssl_check_hostname=true", 0),
        ("redis://h?db=4", 4),
        ("unix:///run/redis.sock", None),
        ("unix://:swordfish@/run/redis.sock?db=2", 2),
    ],
)
def test_addresses_as_people_write_them_are_taken(given: str, database: int | None) -> None:
    assert connect(address_of(given)).connection_pool.connection_kwargs.get("db") == database
