"""PostgreSQL over TLS, by the options of its own address.

The server that tests run on is built without TLS. So a front of ours answers the client's wish for it, as a server with
TLS does, and hands what comes through it to that server.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from moderation.database import Database
from moderation.errors import SettingsError
from moderation.store import upgrade
from tests.faults.clusters import LOCAL, NAME, PASSWORD, new_cluster
from tests.faults.site import until
from tests.servers import short_folder

pytestmark = [
    pytest.mark.xdist_group("servers"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="certificates are made by openssl"),
]

_WANTS_TLS = struct.pack("!ii", 8, 80877103)
"""SSLRequest, the first thing that a client says who wants TLS (PostgreSQL's protocol, 55.7)."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """A server's certificate for 127.0.0.1, a client's, and who signed both; and one that signed neither."""

    folder: Path

    def of(self, name: str) -> str:
        """The file of one."""
        return str(self.folder / name)


def certificates_in(folder: Path) -> Certificates:
    """Made anew."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for root in ("root", "stranger"):
        subject = ("-subj", f"/CN={root}", "-days", "2")
        openssl("req", "-x509", *new_key, *subject, "-keyout", f"{root}.key", "-out", f"{root}.crt")
    (folder / "names").write_text(f"subjectAltName=IP:{LOCAL}\n")
    for name in ("server", "client"):
        openssl("req", *new_key, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        signed = ("-CA", "root.crt", "-CAkey", "root.key", "-CAcreateserial", "-extfile", "names", "-days", "2")
        openssl("x509", "-req", "-in", f"{name}.csr", *signed, "-out", f"{name}.crt")
    return Certificates(folder)


@dataclass
class Front:
    """A port that takes TLS and nothing else, before a server's socket. `peers` is who showed a certificate."""

    port: int
    peers: list[str | None]


@contextlib.contextmanager
def front_of(server: str, certificates: Certificates) -> Iterator[Front]:
    """Such a port for as long as the block lasts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.of("server.crt"), certificates.of("server.key"))
    context.load_verify_locations(certificates.of("root.crt"))
    context.verify_mode = ssl.CERT_OPTIONAL
    front = Front(0, [])

    def serve(plain: socket.socket) -> None:
        with contextlib.suppress(OSError), plain:
            if plain.recv(len(_WANTS_TLS), socket.MSG_WAITALL) != _WANTS_TLS:
                return
            plain.sendall(b"S")
            with context.wrap_socket(plain, server_side=True) as client, socket.socket(socket.AF_UNIX) as behind:
                subject = (client.getpeercert() or {}).get("subject", ())
                front.peers.append(next((str(field[0][1]) for field in subject), None))
                behind.connect(server)
                answers = threading.Thread(target=_pass_on, args=(behind, client), daemon=True)
                answers.start()
                _pass_on(client, behind)
                answers.join(5)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server((LOCAL, 0)) as listening:
        front.port = listening.getsockname()[1]
        threading.Thread(target=accept, daemon=True).start()
        yield front
        listening.shutdown(socket.SHUT_RDWR)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@dataclass(frozen=True, slots=True)
class Site:
    """A server reached by TLS at one port, and without it at another."""

    front: Front
    plain_port: int
    certificates: Certificates

    def url(self, *options: str, port: int | None = None) -> str:
        """The product's address, with options."""
        place = f"{LOCAL}:{port or self.front.port}/{NAME}"
        return f"postgresql+asyncpg://{NAME}:{PASSWORD}@{place}?{'&'.join(options)}"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with short_folder("tls") as folder, socket.create_server((LOCAL, 0)) as free:
        port = free.getsockname()[1]
        free.close()
        cluster = new_cluster(folder / "pg")
        (folder / "made").mkdir()
        certificates = certificates_in(folder / "made")
        with (folder / "log").open("wb") as log:
            running = subprocess.Popen(cluster.command(LOCAL, port), cwd="/", stdout=log, stderr=log)
        try:
            until(lambda: cluster.answers(port=port))
            cluster.prepare(port=port)
            with front_of(str(cluster.folder / f".s.PGSQL.{port}"), certificates) as front:
                yield Site(front, port, certificates)
        finally:
            running.terminate()
            running.wait()


async def answer(url: str) -> int:
    """What the server says to a question."""
    database = Database(url)
    try:
        async with database.read() as connection:
            return int((await connection.execute(sa.text("SELECT 6 * 7"))).scalar_one())
    finally:
        await database.close()


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
async def test_a_server_is_reached_over_tls_and_its_certificate_checked(site: Site, mode: str) -> None:
    root = site.certificates.of("root.crt")
    before = len(site.front.peers)
    assert await answer(site.url(f"sslmode={mode}", f"sslrootcert={root}")) == 42
    assert site.front.peers[before:] == [None]


async def test_the_parts_may_show_a_certificate_of_their_own(site: Site) -> None:
    own = [f"{option}={site.certificates.of(name)}" for option, name in OWN]
    before = len(site.front.peers)
    assert await answer(site.url("sslmode=verify-full", *own)) == 42
    assert site.front.peers[before:] == ["client"]


OWN = (("sslrootcert", "root.crt"), ("sslcert", "client.crt"), ("sslkey", "client.key"))


async def test_a_certificate_that_somebody_else_signed_is_refused(site: Site) -> None:
    stranger = site.certificates.of("stranger.crt")
    with pytest.raises(ssl.SSLCertVerificationError):
        await answer(site.url("sslmode=verify-full", f"sslrootcert={stranger}"))


async def test_a_certificate_of_another_host_is_refused_where_that_is_asked_for(site: Site) -> None:
    root = site.certificates.of("root.crt")
    elsewhere = site.url("sslmode=verify-full", f"sslrootcert={root}").replace(f"@{LOCAL}", "@localhost")
    with pytest.raises(ssl.SSLCertVerificationError):
        await answer(elsewhere)
    assert await answer(elsewhere.replace("verify-full", "verify-ca")) == 42


def test_a_server_without_tls_is_told_plainly_and_gets_no_password(site: Site) -> None:
    with pytest.raises(SettingsError, match=f"can't be opened: .*{site.plain_port}.* rejected SSL upgrade") as raised:
        upgrade(site.url("sslmode=require", port=site.plain_port))
    assert PASSWORD not in str(raised.value)


async def test_the_control_without_the_option_takes_a_server_without_tls(site: Site) -> None:
    assert await answer(site.url(port=site.plain_port)) == 42
    assert await answer(site.url("sslmode=disable", port=site.plain_port)) == 42
