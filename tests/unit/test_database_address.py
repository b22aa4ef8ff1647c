"""An address of a database that can't be used is refused before anything is tried, and never quoted."""

from __future__ import annotations

from pathlib import Path

import pytest

from moderation.database import Database, url_of
from moderation.errors import SettingsError
from moderation.settings import Settings

SECRET = "swordfish"


def address_of(rest: str) -> str:
    """An address with a password, as the product reads it."""
    given = rest if "://" in rest else f"postgresql://desk:{SECRET}@{rest}"
    return Settings(database_url=given).database_address()  # type: ignore[arg-type]  # it is read


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        ("/db?host=127.0.0.1:1&host=127.0.0.1", "a host and a port"),
        ("/db?host=127.0.0.1:1,127.0.0.1:2", "a host and a port"),
        ("/db?host=127.0.0.1:1&host=127.0.0.1:x", "a host and a port"),
        ("/db?host=[::1]:1&host=[::1]:2", "a host and a port"),
        ("/db?host=h&port=1&port=2", "a host and a port"),
        ("127.0.0.1:1,127.0.0.1:2/db", "host=HOST:PORT&host=HOST:PORT"),
        ("127.0.0.1:99999/db", "1 to 65535"),
        ("127.0.0.1:0/db", "1 to 65535"),
        ("/db?host=h:99999", "1 to 65535"),
        ("/db?host=h:1&host=h:65536", "1 to 65535"),
        ("a..b/db", "a host is"),
        (f"{'x' * 70}/db", "a host is"),
        ("/db?host=a:1&host=b..c:2", "a host is"),
        ("h/db?nonsense=1", "'nonsense'"),
        ("h/db?ssl=require", "'ssl' is no option of it"),
        (f"h/db?password={SECRET}", "'password'"),
        ("h/db?sslmode=nonsense", "sslmode is one of disable, allow, prefer, require, verify-ca, verify-full"),
        ("h/db?sslmode=require&sslmode=disable", "sslmode is given more than once"),
        ("h/db?target_session_attrs=mine", "target_session_attrs is one of"),
        ("h/db?sslmode=verify-full&sslrootcert=/nowhere/root.crt", "sslrootcert can't be used (No such file"),
        ("h/db?sslcert=/dev/null", "sslcert can't be used"),
        ("h/db?sslcert=/nowhere/own.crt&sslkey=/nowhere/own.key", "sslcert and sslkey can't be used"),
        ("h/db?sslkey=/dev/null", "sslkey needs sslcert"),
        (f"postgresql://desk:fish@{SECRET}@h/db", "%40"),
        (f"postgresql://desk:fish@/{SECRET}@h/db", "%40"),
        (f"postgresql://desk:fish@/x?{SECRET}=1@h/db", "%40"),
        (f"postgresql://desk:fish@/x?{SECRET}@h/db", "NAME=VALUE"),
        (f"postgresql://desk:fish#{SECRET}/1", "can't be read as an address"),
        ("h/db?sslmode", "NAME=VALUE"),
        ("h/db?sslmode=", "NAME=VALUE"),
        ("/db?host=", "NAME=VALUE"),
        (f"postgresql://desk:{SECRET}\udc80@h/db", "can't be read as an address"),
        ("sqlite:///", "the path of a file"),
        ("sqlite://host/desk.db", "the path of a file"),
        ("sqlite:////tmp/desk.db?mode=ro", "the path of a file"),
    ],
)
def test_an_address_that_can_not_be_used_is_told_with_how_one_is_written(rest: str, words: str) -> None:
    with pytest.raises(SettingsError, match="BAITHAK_DATABASE_URL can't be ") as raised:
        Database(address_of(rest))
    assert words in str(raised.value)
    assert "sqlite:///" in str(raised.value) or "postgresql://USER:PASSWORD@HOST:PORT/NAME" in str(raised.value)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    "rest",
    [
        "h/db",
        "10.0.0.3:5432/db",
        "[::1]:5432/db",
        "/db?host=/run/postgresql",
        "/db?host=/run/postgresql&port=5433",
        "/db?host=a:5432&host=b:5432",
        "/db?host=a,b&port=5432,5433",
        "h/db?sslmode=verify-full",
        "h/db?target_session_attrs=any",
        "postgresql://desk:sword/fish?#@h/db",
        "postgresql://desk:sword%40fish%2F%3F%23%25@h/db",
        "postgresql:///db",
    ],
)
def test_addresses_as_people_write_them_are_taken(rest: str) -> None:
    assert url_of(address_of(rest)).database == "db"


@pytest.mark.parametrize("port", ["abc", "0", "99999", "5432,abc", "\u0661"])
def test_a_port_of_the_environment_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("PGPORT", port)
    with pytest.raises(SettingsError, match="PGPORT is not a number from 1 to 65535"):
        Database(address_of("h/db"))
    assert url_of(address_of("h:5432/db")).port == 5432, "the address's own goes before"


@pytest.mark.parametrize("port", ["", "5433", "5433,5434"])
def test_a_port_of_the_environment_is_taken(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("PGPORT", port)
    assert url_of(address_of("h/db")).port is None


def test_the_file_of_sqlite_may_be_anywhere(tmp_path: Path) -> None:
    assert url_of(address_of(f"sqlite:///{tmp_path}/d@y/desk.db")).database == f"{tmp_path}/d@y/desk.db"
