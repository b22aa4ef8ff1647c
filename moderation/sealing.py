"""Encryption of a long file in pieces, none of which can be read, altered, swapped or left out without its key.

The scheme is the payload of the file format age, version 1 (C2SP, age-encryption.org/v1), which is the STREAM of Hoang,
Reyhanitabar, Rogaway and Vizár ("Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", 2015) with
ChaCha20-Poly1305: a key for this one file by HKDF-SHA-256 from the owner's key and 16 random bytes that stand at the
head; pieces of 64 KiB; a nonce of eleven bytes that count and one that says whether the piece is the last. What stands
before it is ours: a line by which the file is known, which goes into the HKDF's `info`.
"""

from __future__ import annotations

import base64
import binascii
import io
import os
from pathlib import Path
from typing import IO, TYPE_CHECKING

from moderation.errors import SettingsError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

MAGIC = b"baithak-backup sealed/v1\n"
KEY_BYTES = 32
_SALT_BYTES = 16
_PIECE = 64 * 1024
_TAG = 16
_HEAD = len(MAGIC) + _SALT_BYTES


class Unsealable(Exception):
    """The key is another one, or the file is not as it was written."""


def read_key(path: Path) -> bytes:
    """The key that a file holds: 32 bytes in base64. Raises SettingsError."""
    advice = (
        "BAITHAK_BACKUP_KEY_FILE names a file with 32 random bytes in base64; docs/operating.md says how to make one"
    )
    try:
        key = base64.b64decode(path.read_bytes().strip(), validate=True)
    except (OSError, binascii.Error) as error:
        raise SettingsError(f"{path} can't be read as a key ({type(error).__name__}): {advice}") from None
    if len(key) != KEY_BYTES:
        raise SettingsError(f"{path} holds {len(key)} bytes and no key: {advice}")
    return key


class SealedWriter(io.RawIOBase):
    """Encrypts what is written to it. `finish` ends the file; without it nobody can read it."""

    def __init__(self, file: IO[bytes], key: bytes) -> None:
        salt = os.urandom(_SALT_BYTES)
        self._file = file
        self._cipher = _cipher(key, salt)
        self._waiting = bytearray()
        self._number = 0
        file.write(MAGIC + salt)

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # zipfile hands bytes
        """Take bytes; whole pieces go out, so that what is left is never empty before the end."""
        self._waiting += data
        while len(self._waiting) > _PIECE:
            self._seal(bytes(self._waiting[:_PIECE]), last=False)
            del self._waiting[:_PIECE]
        return len(data)

    def finish(self) -> None:
        """Write the last piece."""
        self._seal(bytes(self._waiting), last=True)

    def _seal(self, piece: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last=last), piece, None))
        self._number += 1


class SealedReader(io.RawIOBase):
    """Decrypts a file from wherever it is asked to. Raises Unsealable, at once for a wrong key or a shortened file."""

    def __init__(self, file: IO[bytes], key: bytes) -> None:
        self._file = file
        size = file.seek(0, os.SEEK_END) - _HEAD
        self._pieces = max(1, -(-size // (_PIECE + _TAG)))
        self._size = size - self._pieces * _TAG
        if self._size < 0:
            raise Unsealable("the backup is cut off")
        file.seek(len(MAGIC))
        self._cipher = _cipher(key, file.read(_SALT_BYTES))
        self._at = 0
        self._known: tuple[int, bytes] = (-1, b"")
        # The first piece tells a wrong key, the last one a missing end.
        self._piece(0)
        self._piece(self._pieces - 1)

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go on reading somewhere else."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        """Where reading goes on."""
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """So many bytes, fewer at the end."""
        wanted = self._size - self._at if size is None or size < 0 else min(size, self._size - self._at)
        parts: list[bytes] = []
        while wanted > 0:
            number, begin = divmod(self._at, _PIECE)
            part = self._piece(number)[begin : begin + wanted]
            parts.append(part)
            self._at += len(part)
            wanted -= len(part)
        return b"".join(parts)

    def _piece(self, number: int) -> bytes:
        if self._known[0] != number:
            self._file.seek(_HEAD + number * (_PIECE + _TAG))
            sealed = self._file.read(_PIECE + _TAG)
            self._known = (number, self._opened(sealed, number))
        return self._known[1]

    def _opened(self, sealed: bytes, number: int) -> bytes:
        from cryptography.exceptions import InvalidTag

        last = number == self._pieces - 1
        try:
            return self._cipher.decrypt(_nonce(number, last=last), sealed, None)
        except InvalidTag:
            raise Unsealable("the key is another one, or the backup is damaged or cut off") from None


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


def _cipher(key: bytes, salt: bytes) -> ChaCha20Poly1305:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derived = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=MAGIC + b"payload").derive(key)
    return ChaCha20Poly1305(derived)
