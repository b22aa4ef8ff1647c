"""The classifier in use: taken over whole or not at all, and never replaced by one that nobody promoted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from moderation.classifier import ModelFile, shipped
from moderation.errors import ClassifierUnavailable
from moderation.screening import ModelKeeper, keeper, load_checked, model_in_use
from moderation.store import ModelRecord, Store
from tests.builders import NOW
from tests.fake_classifier import FakeClassifier


class Desk:
    """Which model is wanted, and which files can be loaded."""

    def __init__(self) -> None:
        self.wanted: ModelFile | Exception = model("1")
        self.broken: set[str] = set()
        self.loads: list[str] = []

    async def ask(self) -> ModelFile:
        if isinstance(self.wanted, Exception):
            raise self.wanted
        return self.wanted

    def load(self, file: ModelFile) -> Any:
        self.loads.append(file.version)
        if file.version in self.broken:
            raise ClassifierUnavailable("its SHA-256 differs")
        return FakeClassifier(file.version)

    def keeper(self) -> ModelKeeper:
        return ModelKeeper(self.ask, load=self.load)


def model(version: str) -> ModelFile:
    return ModelFile(version, Path(f"{version}.skops"), f"sha of {version}", {})


def version(of: ModelKeeper) -> str | None:
    return of.classifier.version if of.classifier is not None else None


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_model_is_loaded_once(desk: Desk) -> None:
    keeps = desk.keeper()
    await keeps.refresh()
    await keeps.refresh()
    assert (version(keeps), desk.loads) == ("1", ["1"])


async def test_a_promoted_model_takes_over(desk: Desk) -> None:
    keeps = desk.keeper()
    await keeps.refresh()
    desk.wanted = model("2")
    await keeps.refresh()
    assert version(keeps) == "2"


async def test_a_model_that_cant_be_used_leaves_the_old_one(desk: Desk) -> None:
    keeps = desk.keeper()
    await keeps.refresh()
    desk.wanted, desk.broken = model("2"), {"2"}
    with capture_logs() as logs:
        await keeps.refresh()
    assert version(keeps) == "1"
    assert [(entry["log_level"], entry["event"]) for entry in logs] == [("error", "model refused")]


async def test_a_refused_model_is_tried_again_after_a_while(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.broken = {"1"}
    keeps = desk.keeper()
    await keeps.refresh()
    await keeps.refresh()
    assert desk.loads == ["1"]
    monkeypatch.setattr(keeper, "TRY_AGAIN_S", 0.0)
    keeps = desk.keeper()
    await keeps.refresh()
    desk.broken = set()
    await keeps.refresh()
    assert version(keeps) == "1"


async def test_without_any_model_there_is_one_alert_and_not_many(desk: Desk) -> None:
    desk.wanted = ClassifierUnavailable("the manifest can't be read")
    keeps = desk.keeper()
    with capture_logs() as logs:
        for _ in range(5):
            await keeps.refresh()
    alerts = [entry for entry in logs if entry["log_level"] == "critical"]
    assert [entry["event"] for entry in alerts] == ["classifier unavailable"]
    assert version(keeps) is None


@pytest.mark.parametrize("error", [OperationalError("select", {}, Exception("locked")), KeyError("version")])
async def test_a_database_that_does_not_answer_leaves_the_model(desk: Desk, error: Exception) -> None:
    keeps = desk.keeper()
    await keeps.refresh()
    desk.wanted = error
    await keeps.refresh()
    assert version(keeps) == "1"


async def test_the_shipped_model_is_in_use_until_another_is_promoted(store: Store) -> None:
    assert (await model_in_use(store)).version == shipped().version
    await store.record_model(ModelRecord("2026-12-01.1", "abc", "/models/a.skops", {}, NOW))
    assert (await model_in_use(store)).version == shipped().version
    await store.promote("2026-12-01.1", who="telegram:2001", now=NOW)
    in_use = await model_in_use(store)
    assert (in_use.version, in_use.sha256, in_use.path) == ("2026-12-01.1", "abc", Path("/models/a.skops"))


async def test_a_shipped_model_that_was_promoted_is_found_where_the_package_is_now(store: Store) -> None:
    whole = shipped()
    await store.record_model(ModelRecord(whole.version, whole.sha256, "/an/earlier/place.skops", {}, NOW))
    await store.promote(whole.version, who="telegram:2001", now=NOW)
    assert (await model_in_use(store)).path == whole.path


def test_the_shipped_model_can_be_loaded_and_answers() -> None:
    assert load_checked(shipped(), "fast").version == shipped().version


@pytest.mark.parametrize("damage", ["missing", "truncated", "one bit", "empty", "a pickle"])
def test_a_damaged_file_is_no_model(damage: str, tmp_path: Path) -> None:
    whole = shipped()
    data = whole.path.read_bytes()
    path = tmp_path / "model.skops"
    if damage != "missing":
        altered = {
            "truncated": data[:-100],
            "one bit": data[:1000] + bytes([data[1000] ^ 1]) + data[1001:],
            "empty": b"",
            "a pickle": b"\x80\x04cos\nsystem\n.",
        }
        path.write_bytes(altered[damage])
    with pytest.raises(ClassifierUnavailable):
        load_checked(ModelFile(whole.version, path, whole.sha256, {}), "fast")


def test_a_model_that_raises_at_a_plain_sentence_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(text: str) -> None:
        raise MemoryError

    monkeypatch.setattr(keeper, "load", lambda path, *, sha256, stages: FakeClassifier(before=breaks))
    with pytest.raises(ClassifierUnavailable, match="MemoryError"):
        load_checked(shipped(), "fast")
