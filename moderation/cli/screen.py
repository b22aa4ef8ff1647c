"""`screen`: comments of anybody's program, JSON Lines in and out, in the same order, in flat memory."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

from moderation.classifier import Classifier, ModelFile, shipped
from moderation.comment import is_visible
from moderation.config import load_policy
from moderation.decision import Decision, Finding, Outcome, Screening, decide
from moderation.errors import ClassifierUnavailable, InvalidSubmission, SettingsError
from moderation.policy import LABELS, Policy
from moderation.running import EXIT_MISSING, EXIT_REFUSED, TOLD
from moderation.screening import Screener, Subject, isolate, load_checked, model_in_use
from moderation.settings import Settings

BATCH = 64
LONGEST_LINE = 1024 * 1024
"""Bytes of the longest line read; a longer one is refused without being kept."""

READ_AT_ONCE = 64 * 1024

FORM = 'a comment is one line of JSON, such as {"id": "1", "text": "Thank you."}'

UNSCREENABLE = Screening("und", None, dict.fromkeys(LABELS, 1.0), (Finding("classifier", Outcome.HOLD),))
"""What is known of a text at which the classifier broke."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One line's comment, as it was given."""

    id: str | int
    subject: Subject


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that holds no comment, and why."""

    line: int
    error: str


def screen_file(settings: Settings, file: Path | None) -> int:
    """Screen the lines of a file, or of standard input; answers the exit status."""
    policy = load_policy()
    try:
        classifier: Classifier | None = load_checked(model_to_use(settings), settings.stages)
    except ClassifierUnavailable as error:
        sys.stderr.write(f"{TOLD}no usable model, every comment is held: {error}\n")
        classifier = None
    if classifier is not None and classifier.alone and settings.stages == "all":
        sys.stderr.write(f"{TOLD}the fast stage screens alone: {classifier.alone}\n")
    if sys.stdout is None:
        sys.stderr.write(f"{TOLD}standard output is closed: there is nowhere to answer\n")
        return EXIT_REFUSED
    try:
        if file is None and sys.stdin is not None and sys.stdin.isatty():
            sys.stderr.write(f"{TOLD}reading standard input: {FORM}\n")
        return _screen(open_input(file), sys.stdout.buffer, Screener(policy, classifier))
    except _Unwritable as error:
        # Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error.__cause__, BrokenPipeError):  # that is somebody who has read enough
            sys.stderr.write(f"{TOLD}the answers can't be written: {error}\n")
        return EXIT_REFUSED
    except OSError as error:
        sys.stderr.write(f"{TOLD}{file or 'standard input'} can't be read: {error.strerror}\n")
        return EXIT_REFUSED


class _Unwritable(Exception):
    """The output takes no more; its cause says why."""


def open_input(file: Path | None) -> BufferedReader:
    """The file, or standard input. Raises OSError."""
    if file is None or str(file) == "-":
        return open(0, "rb", closefd=False)
    return file.open("rb")


def model_to_use(settings: Settings) -> ModelFile:
    """The model promoted in this system's database; the shipped one where there is no database.

    Raises ClassifierUnavailable when a database was named and can't be asked: another model would be somebody's guess.
    """
    if settings.database_url is None and not (settings.data_dir / "baithak.db").is_file():
        return shipped()
    from moderation.database import Database
    from moderation.store import Store

    async def ask() -> ModelFile:
        database = Database(settings.database_address())
        try:
            return await model_in_use(Store(database))
        finally:
            await database.close()

    try:
        return asyncio.run(ask())
    except ClassifierUnavailable:
        raise
    except SettingsError as error:
        raise ClassifierUnavailable(str(error)) from error
    except Exception as error:  # drivers have errors of many kinds; each one means that nobody answers
        raise ClassifierUnavailable(
            f"the database can't be asked which model is in use: {type(error).__name__}"
        ) from error


def _screen(given: BufferedReader, out: BinaryIO, screener: Screener) -> int:
    lines = refused = 0
    for batch in batches(given):
        answers = _answers(batch, screener)
        lines += len(answers)
        refused += sum("error" in answer for answer in answers)
        try:
            out.write(b"".join(json.dumps(answer, ensure_ascii=False).encode() + b"\n" for answer in answers))
            out.flush()
        except OSError as error:
            raise _Unwritable(error.strerror) from error
    if refused:
        sys.stderr.write(f"{TOLD}{refused:,} of {lines:,} lines held no comment; {FORM}\n")
    if screener.classifier is None:
        return EXIT_MISSING
    return EXIT_REFUSED if refused else 0


def batches(given: BufferedReader) -> Iterator[list[Asked | Refused]]:
    """Lines in groups of what is there already, so that a program which waits for an answer gets it at once."""
    number = 0
    for lines in _lines_there(given):
        for first in range(0, len(lines), BATCH):
            batch = lines[first : first + BATCH]
            yield [parse_line(number + place, line) for place, line in enumerate(batch, 1)]
            number += len(batch)


def _lines_there(given: BufferedReader) -> Iterator[list[bytes]]:
    """The lines that have come, whole, each time some have; of one that is too long, enough to tell."""
    begun = b""
    while read := given.read1(READ_AT_ONCE):
        *lines, rest = read.split(b"\n")
        if lines:
            lines[0], begun = begun + lines[0], b""
            yield lines
        begun = (begun + rest)[: LONGEST_LINE + 1]
    if begun:
        yield [begun]


def parse_line(number: int, line: bytes) -> Asked | Refused:
    """The comment of one line, or why it holds none. Never raises."""
    try:
        return _parse(line if number > 1 else line.removeprefix(b"\xef\xbb\xbf"))
    except UnicodeDecodeError:
        return Refused(number, "not UTF-8")
    except RecursionError:
        return Refused(number, "nested too deep")
    except InvalidSubmission as error:
        return Refused(number, str(error))


def _parse(line: bytes) -> Asked:
    if len(line) > LONGEST_LINE:
        raise InvalidSubmission("too_long", f"longer than {LONGEST_LINE} bytes")
    text = line.decode()
    if not text.strip():
        raise InvalidSubmission("empty", "empty")
    try:
        given = json.loads(text, object_pairs_hook=_once)
    except ValueError:
        raise InvalidSubmission("not_json", "not JSON") from None
    if not isinstance(given, dict):
        raise InvalidSubmission("not_object", "not an object")
    id_ = given.get("id")
    if id_ is None or id_ == "":
        raise InvalidSubmission("no_id", "no id")
    if isinstance(id_, bool) or not isinstance(id_, str | int):
        raise InvalidSubmission("bad_id", "id is neither text nor a whole number")
    words = _string(given, "text")
    if words is None or not any(is_visible(letter) for letter in words):
        raise InvalidSubmission("empty", "no text")
    return Asked(
        id=id_ if isinstance(id_, int) else _string(given, "id") or "",
        subject=Subject(text=words, language=_string(given, "language"), story=_string(given, "story") or ""),
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuses a key that comes twice: another program may take the first, and what it takes was not screened."""
    given = dict(pairs)
    if len(given) < len(pairs):
        raise InvalidSubmission("twice", "a key comes twice")
    return given


def _string(given: dict[str, Any], key: str) -> str | None:
    value = given.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidSubmission("not_text", f"{key} is no text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidSubmission("bad_characters", f"{key} holds half a character") from None
    return value


def _answers(batch: Sequence[Asked | Refused], screener: Screener) -> list[dict[str, Any]]:
    asked = [line for line in batch if isinstance(line, Asked)]
    screenings: list[Screening | None] = isolate(screener.screen, [line.subject for line in asked])
    seen = iter(screenings)
    answers: list[dict[str, Any]] = []
    for line in batch:
        if isinstance(line, Refused):
            answers.append({"line": line.line, "error": line.error})
        else:
            answers.append(_answer(line, next(seen) or UNSCREENABLE, screener.policy))
    return answers


def _answer(asked: Asked, screening: Screening, policy: Policy) -> dict[str, Any]:
    decision: Decision = decide(screening, policy, datetime.now(UTC))
    return {
        "id": asked.id,
        "outcome": decision.outcome.value,
        "language": decision.language,
        "model": decision.model,
        "terms": decision.terms,
        "scores": {label: round(decision.scores[label], 4) for label in LABELS},
        "findings": [finding.as_json() for finding in decision.findings],
    }
