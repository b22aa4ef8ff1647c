"""`screen`: the front door for any program. One answer a line, in order, whatever the lines hold."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from moderation.classifier import shipped
from moderation.cli import screen
from moderation.cli.screen import Asked, Refused, model_to_use, parse_line, screen_file
from moderation.errors import ClassifierUnavailable
from moderation.policy import LABELS
from moderation.screening import Screener
from moderation.settings import Settings
from moderation.store import Store, upgrade
from tests import commands
from tests.builders import NOW, policy
from tests.fake_classifier import FakeClassifier


def command(*arguments: str, given: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run `python -m moderation …` as a program does."""
    return commands.run("moderation", arguments, env={**os.environ, **environment}, given=given)


def line(**fields: Any) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"


def answers(output: bytes) -> list[dict[str, Any]]:
    return [json.loads(answer) for answer in output.splitlines()]


@pytest.fixture
def nowhere(tmp_path: Path) -> dict[str, str]:
    """An environment whose data directory holds nothing."""
    return {"BAITHAK_DATA_DIR": str(tmp_path / "none")}


def test_comments_are_answered_in_order_with_every_field_of_the_contract(nowhere: dict[str, str]) -> None:
    given = line(id="7", text="What a wonderful story, thank you", language="en", story="https://x.org/a", author="A")
    given += line(id=8, text="Write to me: 9876543210, or at a.khan@example.com")
    done = command("screen", given=given, **nowhere)
    first, second = answers(done.stdout)
    assert done.returncode == 0
    assert list(first) == ["id", "outcome", "language", "model", "terms", "scores", "findings"]
    assert (first["id"], first["outcome"], first["language"]) == ("7", "publish", "en")
    assert (first["model"], tuple(first["scores"])) == (shipped().version, LABELS)
    assert all(0 <= score <= 1 for score in first["scores"].values())
    assert second["id"] == 8
    found = next(finding for finding in second["findings"] if finding["check"] == "personal_data")
    assert (found["clause"], found["spans"]) == ("2.2", [{"begin": 13, "end": 23}, {"begin": 31, "end": 49}])
    assert not (Path(nowhere["BAITHAK_DATA_DIR"])).exists()


def test_a_line_that_holds_no_comment_is_answered_in_its_place(nowhere: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "comments.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + line(id="1", text="Well said") + b"nope\n" + line(id="3", text="So true"))
    done = command("screen", str(path), **nowhere)
    assert done.returncode == 1
    assert [answer.get("id", answer.get("error")) for answer in answers(done.stdout)] == ["1", "not JSON", "3"]
    assert done.stderr.startswith(b"baithak: 1 of 3 lines held no comment; a comment is one line of JSON, such as")


def test_without_a_usable_model_every_comment_is_held(nowhere: dict[str, str]) -> None:
    done = command(
        "screen",
        given=line(id="1", text="fine weather") + b"nope\n",
        **nowhere,
        BAITHAK_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none",
    )
    held, refused = answers(done.stdout)
    assert done.returncode == 3
    assert (held["outcome"], held["model"], set(held["scores"].values())) == ("hold", None, {1.0})
    assert refused == {"line": 2, "error": "not JSON"}
    assert b"every comment is held" in done.stderr


def test_a_program_that_waits_for_each_answer_gets_it(nowhere: dict[str, str]) -> None:
    environment = {**os.environ, **nowhere}
    arguments = [sys.executable, "-m", "moderation", "screen"]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(3):
            process.stdin.write(line(id=number, text="Well said"))
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == number
        process.stdin.close()
        assert process.wait(timeout=30) == 0


@pytest.mark.parametrize("writer_goes_too", [True, False])
def test_a_reader_that_goes_away_ends_it_quietly(writer_goes_too: bool, nowhere: dict[str, str]) -> None:
    environment = {**os.environ, **nowhere}
    arguments = [sys.executable, "-m", "moderation", "screen"]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.write(line(id=1, text="Well said"))
        process.stdin.flush()
        if writer_goes_too:
            process.stdin.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=30) == 1


@pytest.mark.parametrize(
    ("redirection", "told"),
    [
        (">/dev/full", b"baithak: the answers can't be written: No space left on device\n"),
        (">&-", b"baithak: standard output is closed: there is nowhere to answer\n"),
        ("<&-", b"baithak: standard input can't be read: Bad file descriptor\n"),
    ],
)
def test_what_can_neither_be_read_nor_answered_is_told_in_one_line(
    redirection: str, told: bytes, nowhere: dict[str, str]
) -> None:
    done = subprocess.run(
        f'"{sys.executable}" -m moderation screen {redirection}',
        shell=True,
        input=line(id=1, text="Well said"),
        capture_output=True,
        env={**os.environ, **nowhere},
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, told)


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_a_file_that_cant_be_read_is_refused(name: str, tmp_path: Path, nowhere: dict[str, str]) -> None:
    done = command("screen", str(tmp_path / name), **nowhere)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"can't be read" in done.stderr
    assert b"Traceback" not in done.stderr


def test_wrong_usage_is_told_apart() -> None:
    assert command("screen", "--no-such-option").returncode == 2


def test_help_comes_at_once_and_loads_no_model() -> None:
    loaded = "import sys; from moderation.cli import make_app; print([m for m in sys.modules if m in UNWANTED])"
    unwanted = "UNWANTED = {'sklearn', 'numpy', 'sqlalchemy', 'aiohttp', 'aiogram', 'phonenumbers', 'skops'}; "
    done = subprocess.run([sys.executable, "-c", unwanted + loaded], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (b"", "empty"),
        (b"  \t\n", "empty"),
        (b"nope", "not JSON"),
        (b"{'id': 1}", "not JSON"),
        (b'{"id": "1", "text": "a"', "not JSON"),
        (b"[1]", "not an object"),
        (b'"text"', "not an object"),
        (b"null", "not an object"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"id": ' + b"9" * 5000 + b', "text": "a"}', "not JSON"),
        (b'{"text": "a"}', "no id"),
        (b'{"id": null, "text": "a"}', "no id"),
        (b'{"id": "", "text": "a"}', "no id"),
        (b'{"id": true, "text": "a"}', "id is neither text nor a whole number"),
        (b'{"id": 1.5, "text": "a"}', "id is neither text nor a whole number"),
        (b'{"id": {}, "text": "a"}', "id is neither text nor a whole number"),
        (b'{"id": "\\ud83d", "text": "a"}', "id holds half a character"),
        (b'{"id": "1"}', "no text"),
        (b'{"id": "1", "text": null}', "no text"),
        (b'{"id": "1", "text": ""}', "no text"),
        (b'{"id": "1", "text": " \\u200b\\ufeff "}', "no text"),
        (b'{"id": "1", "text": 7}', "text is no text"),
        (b'{"id": "1", "text": "\\ud83d"}', "text holds half a character"),
        (b'{"id": "1", "text": "a", "language": 7}', "language is no text"),
        (b'{"id": "1", "text": "a", "story": []}', "story is no text"),
        (b'{"id": "1", "text": "\xff"}', "not UTF-8"),
        (b"\xed\xa0\xbd", "not UTF-8"),
        (b'{"id": "1", "text": "Kill him", "text": "Well said"}', "a key comes twice"),
        (b'{"id": "1", "text": "' + b"a" * screen.LONGEST_LINE + b'"}', "longer than 1048576 bytes"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_comment_is_refused_by_name(given: bytes, error: str) -> None:
    assert parse_line(5, given) == Refused(5, error)


@pytest.mark.parametrize(
    "text",
    [
        "a\\u0000b",
        "x" * 20_000,
        "a\\u0301" * 500,
        "\\u202egnirts",
        "\\ud83d\\ude00",
        "\\ud83e\\udee9",
        "<b>",
        "یہ غلط ہے",
    ],
)
def test_odd_texts_are_screened_and_not_refused(text: str) -> None:
    asked = parse_line(1, f'{{"id": "1", "text": "{text}", "language": null, "other": [1]}}'.encode())
    assert isinstance(asked, Asked)
    (screening,) = Screener(policy(), FakeClassifier()).screen([asked.subject])
    assert screening.model == "test.1"


def through(given: bytes, classifier: Any) -> tuple[int, list[dict[str, Any]]]:
    out = io.BytesIO()
    status = screen._screen(io.BytesIO(given), out, Screener(policy(), classifier))
    return status, answers(out.getvalue())


def test_many_lines_keep_their_order_through_batches() -> None:
    given = b"".join(line(id=n, text=f"comment {n}") if n % 7 else b"bad\n" for n in range(1000))
    status, given_back = through(given, FakeClassifier())
    assert status == 1
    assert [answer.get("id", answer.get("line")) for answer in given_back] == [
        n if n % 7 else n + 1 for n in range(1000)
    ]


def test_a_line_too_long_is_skipped_whole_and_the_next_is_read() -> None:
    long = b'{"id": 1, "text": "' + b"a" * (3 * screen.LONGEST_LINE) + b'"}\n'
    status, (first, second) = through(long + line(id=2, text="Well said"), FakeClassifier())
    assert (status, first, second["id"]) == (1, {"line": 1, "error": "longer than 1048576 bytes"}, 2)


def test_the_last_line_needs_no_end() -> None:
    status, (answer,) = through(line(id=1, text="Well said").rstrip(), FakeClassifier())
    assert (status, answer["id"]) == (0, 1)


def test_nothing_in_is_nothing_out() -> None:
    assert through(b"", FakeClassifier()) == (0, [])


def test_a_text_at_which_the_classifier_breaks_is_held_and_the_others_are_not() -> None:
    def before(text: str) -> None:
        if "poison" in text:
            raise RuntimeError

    given = line(id=1, text="fine") + line(id=2, text="poison") + line(id=3, text="fine too")
    status, given_back = through(given, FakeClassifier(before=before))
    assert status == 0
    assert [(answer["outcome"], answer["model"]) for answer in given_back] == [
        ("publish", "test.1"),
        ("hold", None),
        ("publish", "test.1"),
    ]


def test_a_fault_in_reading_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, into: Any) -> int:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(screen, "load_checked", lambda model, stages: FakeClassifier())
    monkeypatch.setattr(screen, "open_input", lambda file: io.BufferedReader(Broken()))
    assert screen_file(settings(tmp_path), None) == 1
    assert "Input/output error" in capsys.readouterr().err


def settings(tmp_path: Path, **given: Any) -> Settings:
    return Settings(data_dir=tmp_path, **given)


def test_without_a_database_the_shipped_model_is_used(tmp_path: Path) -> None:
    assert model_to_use(settings(tmp_path)) == shipped()


async def _promote(address: str) -> None:
    from moderation.database import Database
    from moderation.store import ModelRecord

    database = Database(address)
    store = Store(database)
    await store.record_model(ModelRecord("2027-01-01.1", "abc", "/models/a.skops", {}, NOW))
    await store.promote("2027-01-01.1", who="test", now=NOW)
    await database.close()


def test_with_a_database_its_promoted_model_is_used(tmp_path: Path) -> None:
    import asyncio

    given = settings(tmp_path)
    upgrade(given.database_address())
    assert model_to_use(given) == shipped()
    asyncio.run(_promote(given.database_address()))
    assert model_to_use(given).version == "2027-01-01.1"


def test_a_database_without_its_tables_is_no_answer(tmp_path: Path) -> None:
    (tmp_path / "baithak.db").touch()
    with pytest.raises(ClassifierUnavailable, match="can't be asked"):
        model_to_use(settings(tmp_path))


def test_a_damaged_manifest_is_no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from moderation.classifier import files

    given = settings(tmp_path)
    upgrade(given.database_address())
    monkeypatch.setattr(files, "SHIPPED", tmp_path / "none")
    with pytest.raises(ClassifierUnavailable):
        model_to_use(given)
