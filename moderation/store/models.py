"""Models trained or taken over on this system, and every promotion there ever was."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from moderation.database import Database
from moderation.store.tables import AnyRow, models, promotions
from moderation.store.values import ModelRecord, Promotion


class ModelQueries:
    """The models' register. A record is never changed and a promotion never taken back: going back is a new one."""

    database: Database

    async def record_model(self, record: ModelRecord) -> None:
        """Note a model, once. Raises ValueError when its version stands there with another file's hash."""
        async with self.database.write() as connection:
            await connection.execute(
                self.database.insert(models)
                .values(
                    version=record.version,
                    sha256=record.sha256,
                    path=record.path,
                    figures=dict(record.figures),
                    created_at=record.created_at,
                )
                .on_conflict_do_nothing(index_elements=["version"])
            )
            known = await connection.execute(sa.select(models.c.sha256).where(models.c.version == record.version))
            if known.scalar_one() != record.sha256:
                raise ValueError(f"model {record.version} is recorded with another file")

    async def promote(self, version: str, *, who: str, now: datetime) -> None:
        """Every process is to use this model from now on. Raises ValueError when no such model is recorded."""
        async with self.database.write() as connection:
            known = await connection.execute(sa.select(models.c.version).where(models.c.version == version))
            if known.first() is None:
                raise ValueError(f"model {version} is not recorded")
            await connection.execute(sa.insert(promotions).values(version=version, at=now, who=who))

    async def active_model(self) -> ModelRecord | None:
        """The model promoted last; None when none ever was."""
        wanted = (
            sa.select(models)
            .join(promotions, promotions.c.version == models.c.version)
            .order_by(promotions.c.id.desc())
            .limit(1)
        )
        async with self.database.read() as connection:
            row = (await connection.execute(wanted)).first()
            return _model(row) if row is not None else None

    async def models(self) -> list[ModelRecord]:
        """Every model recorded, oldest first."""
        async with self.database.read() as connection:
            rows = await connection.execute(sa.select(models).order_by(models.c.created_at, models.c.version))
            return [_model(row) for row in rows]

    async def promotions(self) -> list[Promotion]:
        """Every promotion, oldest first."""
        async with self.database.read() as connection:
            rows = await connection.execute(sa.select(promotions).order_by(promotions.c.id))
            return [Promotion(row.version, row.at, row.who) for row in rows]


def _model(row: AnyRow) -> ModelRecord:
    return ModelRecord(
        version=row.version, sha256=row.sha256, path=row.path, figures=row.figures, created_at=row.created_at
    )
