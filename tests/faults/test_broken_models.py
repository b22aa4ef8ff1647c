"""A model file damaged in each way there is: nothing is published by it, and one that works goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
import skops.io
from redis.asyncio import Redis
from structlog.testing import capture_logs

from moderation.classifier import shipped
from moderation.decision import Reason
from moderation.queue import ScreeningQueue, connect
from moderation.screening import ModelKeeper, load_checked, model_in_use
from moderation.store import ModelRecord, Store
from tests.builders import NOW
from tests.faults.databases import ONLY_SQLITE
from tests.faults.ledger import read_ledger
from tests.faults.shift import Manner, receive_many, working
from tests.model_files import opened, rewritten

COMMENTS = 30


VERSION = "2027-01-01.1"


def of_bytes(spoil: Callable[[bytes], bytes]) -> Callable[[Path, str], str]:
    """Damage on the disk: the recorded hash is that of the whole file."""

    def damage(path: Path, whole: str) -> str:
        path.write_bytes(spoil(path.read_bytes()))
        return whole

    return damage


def missing(path: Path, whole: str) -> str:
    path.unlink()
    return whole


def foreign(path: Path, whole: str) -> str:
    path.write_bytes(skops.io.dumps({"something": "else"}))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def of_numbers(spoil: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path, str], str]:
    """A fault of whoever trained it: the file is whole and its hash is right."""

    def damage(path: Path, whole: str) -> str:
        content = opened(path)
        heads = content["pipeline"].named_steps["heads"]
        heads.coef_ = spoil(heads.coef_)
        return rewritten(content, path, version=VERSION)

    return damage


DAMAGES: dict[str, Callable[[Path, str], str]] = {
    "missing": missing,
    "truncated": of_bytes(lambda data: data[: len(data) // 2]),
    "one bit flipped": of_bytes(lambda data: data[:5000] + bytes([data[5000] ^ 1]) + data[5001:]),
    "another file": foreign,
    "scores that are none": of_numbers(lambda weights: np.full_like(weights, np.nan)),
    "too few features": of_numbers(lambda weights: np.ascontiguousarray(weights[:-1000])),
}


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, str]:
    """A model like the shipped one under another version, and its hash."""
    content = opened(shipped().path)
    path = tmp_path_factory.mktemp("another") / "model.skops"
    sha256 = rewritten(content, path, version=VERSION)
    return path.read_bytes(), sha256


@pytest.fixture
async def promote_damaged(
    damage: str, another: tuple[bytes, str], store: Store, tmp_path: Path
) -> Callable[[], Awaitable[None]]:
    """Promotes another model whose file is damaged."""

    async def promote() -> None:
        data, whole = another
        path = tmp_path / "model.skops"
        path.write_bytes(data)
        sha256 = DAMAGES[damage](path, whole)
        await store.record_model(ModelRecord(VERSION, sha256, str(path), {}, NOW))
        await store.promote(VERSION, who="test", now=NOW)

    return promote


@ONLY_SQLITE
@pytest.mark.parametrize("damage", DAMAGES)
async def test_by_a_damaged_model_nothing_is_published(
    promote_damaged: Callable[[], Awaitable[None]], store: Store, redis: Redis, redis_address: str
) -> None:
    await promote_damaged()
    revisions = await receive_many(store, COMMENTS)
    await ScreeningQueue(redis, at_most=1000).enqueue(revisions)
    manner = Manner(
        workers=1, keeper=ModelKeeper(lambda: model_in_use(store), load=lambda model: load_checked(model, "fast"))
    )
    with capture_logs() as logs:
        async with working(store, lambda: connect(redis_address), manner) as shift:
            await shift.decided()
    statuses = list((await read_ledger(store.database.address)).status_of.values())
    assert statuses == ["held"] * COMMENTS
    record = await store.comment(1)
    assert record is not None and record.decision is not None
    assert record.decision.reason is Reason.UNSCREENED
    alerts = [entry for entry in logs if entry["log_level"] == "critical"]
    assert {entry["event"] for entry in alerts} == {"classifier unavailable"}


@ONLY_SQLITE
@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_model_that_is_promoted_leaves_the_one_that_works(
    promote_damaged: Callable[[], Awaitable[None]], store: Store
) -> None:
    keeper = ModelKeeper(lambda: model_in_use(store), load=lambda model: load_checked(model, "fast"))
    await keeper.refresh()
    works = keeper.classifier
    assert works is not None
    await promote_damaged()
    with capture_logs() as logs:
        await keeper.refresh()
    assert keeper.classifier is works
    assert [entry["event"] for entry in logs] == ["model refused"]
