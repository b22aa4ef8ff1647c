"""What the address of Redis may say. The client takes any option, and at its first use breaks by one unknown."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

from moderation.errors import SettingsError

WRITTEN = "it is written redis://:PASSWORD@HOST:PORT/NUMBER, rediss:// for TLS, or unix:// and the path of a socket"
"""How an address is written, for whoever wrote it otherwise."""

_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_VALUES = {"ssl_cert_reqs": ("none", "optional", "required"), "ssl_check_hostname": ("true", "false")}
_OF_TLS = (*_FILES, *_VALUES)
_LARGEST_NUMBER = 2**31 - 1


def check(address: str) -> None:
    """Raises SettingsError for an address that Redis can't be reached by: what is wrong, never the password."""
    try:
        address.encode()
        parts = urlsplit(address)
        port = parts.port
        host = unquote(parts.hostname or "")
        host.encode("idna")
        given = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        # Its own words may quote a piece of the password, where that has a / in it.
        raise _refusal("its host or port can't be read; in a password / is %2F, ? is %3F and # is %23") from None
    if parts.scheme not in {"redis", "rediss", "unix"}:
        raise _refusal("it begins otherwise")
    if port == 0:
        raise _refusal("a port is a number from 1 to 65535")
    if parts.fragment or "@" in parts.query:
        raise _refusal("in a password # is %23 and ? is %3F")
    if not all(value for _, value in given):
        raise _refusal("each option is written NAME=VALUE")
    options = dict(given)
    if len(options) < len(given):
        raise _refusal("an option is given more than once")
    known = ("db", *(_OF_TLS if parts.scheme == "rediss" else ()))
    for name, value in given:
        if name not in known:
            raise _refusal(f"{name!r} is no option of it; there are {', '.join(known)}")
        if name in _VALUES and value not in _VALUES[name]:
            raise _refusal(f"{name} is one of {', '.join(_VALUES[name])}")
    if parts.scheme == "unix":
        if not parts.path:
            raise _refusal("the path of a socket is missing")
        numbers = [options.get("db")]
    else:
        numbers = [options.get("db"), parts.path.removeprefix("/") or None]
    for number in numbers:
        if number is not None and not (number.isascii() and number.isdecimal() and int(number) <= _LARGEST_NUMBER):
            raise _refusal("the database is a number")
    if not options.keys().isdisjoint(_FILES):
        _check_files(options)


def _check_files(options: dict[str, str]) -> None:
    import ssl  # settings are read by every command, and few have such files

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if "ssl_ca_certs" in options:
            context.load_verify_locations(options["ssl_ca_certs"])
        if "ssl_certfile" in options:
            context.load_cert_chain(options["ssl_certfile"], options.get("ssl_keyfile"), password="")
    except OSError as error:
        names = " and ".join(name for name in _FILES if name in options)
        raise _refusal(f"{names} can't be used ({error.strerror or type(error).__name__})") from None


def _refusal(fault: str) -> SettingsError:
    return SettingsError(f"BAITHAK_REDIS_URL can't be used: {fault}; {WRITTEN}")
