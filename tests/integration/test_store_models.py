"""The models' register only grows; what was promoted last is in use."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from moderation.store import ModelRecord, Promotion, Store
from tests.builders import NOW

FIRST = ModelRecord("2026-11-22.1", "a" * 64, "models/2026-11-22.1.skops", {"auc": {"insult": 0.9}}, NOW)
SECOND = ModelRecord("2026-11-24.1", "b" * 64, "models/2026-11-24.1.skops", {}, NOW + timedelta(days=2))


async def test_before_the_first_promotion_no_model_is_active(store: Store) -> None:
    await store.record_model(FIRST)
    assert await store.active_model() is None
    assert await store.models() == [FIRST]


async def test_the_model_promoted_last_is_active_and_going_back_is_a_promotion_too(store: Store) -> None:
    await store.record_model(SECOND)
    await store.record_model(FIRST)
    for version in (FIRST.version, SECOND.version, FIRST.version):
        await store.promote(version, who="editor", now=NOW)
    assert await store.active_model() == FIRST
    assert await store.models() == [FIRST, SECOND]
    assert await store.promotions() == [
        Promotion(FIRST.version, NOW, "editor"),
        Promotion(SECOND.version, NOW, "editor"),
        Promotion(FIRST.version, NOW, "editor"),
    ]


async def test_a_model_is_recorded_once_and_never_changed(store: Store) -> None:
    await store.record_model(FIRST)
    await store.record_model(replace(FIRST, path="elsewhere"))
    assert await store.models() == [FIRST]
    with pytest.raises(ValueError, match="another file"):
        await store.record_model(replace(FIRST, sha256="c" * 64))
    assert await store.models() == [FIRST]


async def test_a_model_nobody_recorded_can_not_be_promoted(store: Store) -> None:
    with pytest.raises(ValueError, match="not recorded"):
        await store.promote("2026-01-01.1", who="editor", now=NOW)
    assert await store.promotions() == []
