"""The classifier's life: a person puts a model into use; nothing else does, and nothing worse without being told."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from moderation import classifier, learning
from moderation.classifier import Adapter, ModelFile, adapter_of, evaluation, shipped, shipped_models
from moderation.classifier.encoder import encoder_file
from moderation.errors import PromotionRefused
from moderation.screening import ModelKeeper, load_checked, model_in_use
from moderation.store import ModelRecord, Store, upgrade
from tests import commands
from tests.builders import NOW
from tests.model_files import additions, opened, rewritten

SCHOOL_DAY = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
"""A day of which no model ships."""


LANGUAGES = {"en": {"auc": {"toxic": 0.9}, "clean": {"published": 0.9}, "abuse": {"published": 0.3}}}


@dataclass
class Figures:
    """What an evaluation of a model found, as far as a trial asks."""

    version: str
    folder: Path
    languages: dict[str, Any]

    def summary(self) -> dict[str, Any]:
        return self.languages


@dataclass
class School:
    """Trains by copying the shipped model, and judges as it is told."""

    reasons: list[str] = field(default_factory=list)
    compared: list[tuple[str, str, Path]] = field(default_factory=list)
    held_out: list[Path | None] = field(default_factory=list)
    adapters: list[Adapter | None] = field(default_factory=list)
    languages: dict[str, Any] = field(default_factory=lambda: LANGUAGES)

    def train(
        self,
        examples: Path,
        *,
        out: Path,
        version: str,
        held_out: Path | None,
        adapter: Adapter | None,
        **_: Any,
    ) -> ModelFile:
        self.held_out.append(held_out)
        self.adapters.append(adapter)
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(shipped().path, out)
        return ModelFile(version, out, shipped().sha256, {"examples": {"mine": 3}})

    def evaluate(self, model: Any, folder: Path, **_: Any) -> Figures:
        return Figures(model.version, folder, self.languages)

    def compare(self, candidate: Figures, current: Figures) -> list[str]:
        self.compared.append((candidate.version, current.version, candidate.folder))
        return self.reasons


@pytest.fixture
def school(monkeypatch: pytest.MonkeyPatch) -> School:
    school = School()
    monkeypatch.setattr(classifier, "train", school.train)
    monkeypatch.setattr(evaluation, "evaluate", school.evaluate)
    monkeypatch.setattr(evaluation, "compare", school.compare)
    return school


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    (tmp_path / "dev").mkdir()
    folder = tmp_path / "train"
    folder.mkdir()
    return folder


async def train(store: Store, examples: Path, *, held_out: Path | None = None) -> learning.Trial:
    out = examples.parent / "models"
    return await learning.train(store, examples, held_out=held_out, out=out, now=SCHOOL_DAY, progress=lambda line: None)


async def promote(store: Store, version: str, *, anyway: bool = False) -> None:
    await learning.promote(store, version, who="cli:asha", now=NOW, anyway=anyway)


async def in_use(store: Store) -> str:
    return next(known.model.version for known in await learning.models(store) if known.in_use)


async def test_a_training_is_recorded_with_its_judgement_and_changes_nothing(
    store: Store, school: School, examples: Path
) -> None:
    trial = await train(store, examples)
    assert (trial.model.version, trial.reasons) == ("2027-03-01.1", ())
    assert await in_use(store) == shipped().version
    (record,) = await store.models()
    assert record.figures == {
        "examples": {"mine": 3},
        "judged": {
            "refused": [],
            "languages": LANGUAGES,
            "held_out": str(examples.parent / "dev"),
        },
    }
    assert school.compared == [(shipped().version, shipped().version, examples.parent / "dev")]


async def test_a_training_says_which_model_it_is_judging(store: Store, school: School, examples: Path) -> None:
    said: list[str] = []
    await learning.train(
        store, examples, held_out=None, out=examples.parent / "models", now=SCHOOL_DAY, progress=said.append
    )
    assert [line.split(" ")[1].rstrip(",") for line in said] == ["2027-03-01.1", shipped().version]


@pytest.mark.skipif(encoder_file() is None, reason="the second stage's encoder is not installed")
async def test_a_training_reads_with_the_encoder_of_the_model_in_use(
    store: Store, school: School, examples: Path
) -> None:
    await train(store, examples)
    assert school.adapters == [adapter_of(shipped())]
    taught = Adapter(additions(size=0.01))
    content = opened(shipped().path)
    path = examples.parent / "taught.skops"
    sha256 = rewritten(content, path, second={**content["second"], "adapter": taught.content()})
    await store.record_model(ModelRecord("2027-02-01.1", sha256, str(path), {}, NOW))
    await promote(store, "2027-02-01.1")
    await train(store, examples)
    assert school.adapters[1] == taught
    path.write_bytes(b"gone")
    said: list[str] = []
    await learning.train(
        store, examples, held_out=None, out=examples.parent / "models", now=SCHOOL_DAY, progress=said.append
    )
    assert school.adapters[2] is None
    assert any("encoder reads as its package has it" in line for line in said)
    await learning.train(
        store,
        examples,
        held_out=None,
        out=examples.parent / "models",
        now=SCHOOL_DAY,
        progress=said.append,
        stages="fast",
    )
    assert school.adapters[3] is None


async def test_a_promoted_model_is_in_use_and_rollback_takes_it_back(
    store: Store, school: School, examples: Path
) -> None:
    first, second = (await train(store, examples)).model.version, (await train(store, examples)).model.version
    assert (first, second) == ("2027-03-01.1", "2027-03-01.2")
    await promote(store, first)
    await promote(store, second)
    assert await in_use(store) == second
    assert await learning.rollback(store, who="cli:asha", now=NOW) == first
    assert await in_use(store) == first
    assert [promotion.who for promotion in await store.promotions()] == ["cli:asha"] * 3


async def test_taken_back_twice_a_model_does_not_come_again(store: Store, school: School, examples: Path) -> None:
    first, second = (await train(store, examples)).model.version, (await train(store, examples)).model.version
    await promote(store, first)
    await promote(store, second)
    assert await learning.rollback(store, who="cli", now=NOW) == first
    assert await learning.rollback(store, who="cli", now=NOW) == shipped().version
    with pytest.raises(PromotionRefused, match="no other model"):
        await learning.rollback(store, who="cli", now=NOW)
    await promote(store, second)
    assert await learning.rollback(store, who="cli", now=NOW) == shipped().version


async def test_from_the_first_promotion_the_way_back_leads_to_the_shipped_model(
    store: Store, school: School, examples: Path
) -> None:
    await promote(store, (await train(store, examples)).model.version)
    assert await learning.rollback(store, who="cli", now=NOW) == shipped().version
    assert await in_use(store) == shipped().version


async def test_a_model_that_was_judged_worse_is_refused_unless_a_person_insists(
    store: Store, school: School, examples: Path
) -> None:
    school.reasons = ["ur: toxic is told apart less well"]
    trial = await train(store, examples)
    assert trial.reasons == ("ur: toxic is told apart less well",)
    with pytest.raises(PromotionRefused, match="ur: toxic"):
        await promote(store, trial.model.version)
    assert await in_use(store) == shipped().version
    await promote(store, trial.model.version, anyway=True)
    assert await in_use(store) == trial.model.version


async def test_without_anything_to_judge_by_a_model_is_refused(store: Store, school: School, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    trial = await train(store, alone)
    assert trial.figures is None
    assert str(tmp_path / "dev") in trial.reasons[0]
    with pytest.raises(PromotionRefused, match="no folder of held-out comments"):
        await promote(store, trial.model.version)


async def test_comments_of_one_side_alone_are_nothing_to_judge_by(store: Store, school: School, examples: Path) -> None:
    school.languages = {"en": {"clean": {"published": 0.9}}}
    trial = await train(store, examples)
    with pytest.raises(PromotionRefused, match="too little to judge it by"):
        await promote(store, trial.model.version)


async def test_a_training_takes_no_others_file(store: Store, school: School, examples: Path) -> None:
    folder = examples.parent / "models"
    folder.mkdir()
    other = folder / f"{SCHOOL_DAY:%Y-%m-%d}.1.skops"
    other.write_bytes(b"another system's")
    trial = await train(store, examples)
    assert (trial.model.version, trial.model.path.name) == ("2027-03-01.2", "2027-03-01.2.skops")
    assert other.read_bytes() == b"another system's"


async def test_a_training_that_fails_leaves_no_file(
    store: Store, school: School, examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> ModelFile:
        assert [path.name for path in (examples.parent / "models").iterdir()] == ["2027-03-01.1.skops"]
        raise ValueError("no comments")

    monkeypatch.setattr(classifier, "train", broken)
    with pytest.raises(ValueError, match="no comments"):
        await train(store, examples)
    assert list((examples.parent / "models").iterdir()) == []


async def test_the_folder_held_out_is_the_one_given(store: Store, school: School, examples: Path) -> None:
    other = examples.parent / "other"
    other.mkdir()
    await train(store, examples, held_out=other)
    assert school.held_out == [other]
    assert school.compared[0][2] == other


async def test_a_model_in_use_that_is_broken_stands_in_no_ones_way(
    store: Store, school: School, examples: Path
) -> None:
    await store.record_model(ModelRecord("2026-01-01.1", "0" * 64, "/none.skops", {}, NOW))
    await store.promote("2026-01-01.1", who="cli", now=NOW)
    trial = await train(store, examples)
    assert trial.reasons == ()
    await promote(store, trial.model.version)
    assert await in_use(store) == trial.model.version


@pytest.mark.parametrize("damage", ["missing", "truncated"])
async def test_a_model_whose_file_cant_be_used_is_not_promoted(
    damage: str, store: Store, school: School, examples: Path
) -> None:
    trial = await train(store, examples)
    if damage == "missing":
        trial.model.path.unlink()
    else:
        trial.model.path.write_bytes(trial.model.path.read_bytes()[:-1])
    with pytest.raises(PromotionRefused, match="can't be used"):
        await promote(store, trial.model.version, anyway=True)
    assert await in_use(store) == shipped().version


async def test_a_version_nobody_knows_is_refused(store: Store) -> None:
    with pytest.raises(PromotionRefused, match="there is no model 1999"):
        await promote(store, "1999-01-01.1")


async def test_there_is_no_way_back_from_the_shipped_model(store: Store) -> None:
    with pytest.raises(PromotionRefused, match="never replaced"):
        await learning.rollback(store, who="cli", now=NOW)
    await promote(store, shipped().version)
    with pytest.raises(PromotionRefused, match="no other model"):
        await learning.rollback(store, who="cli", now=NOW)


async def test_versions_are_listed_by_day_and_number(store: Store) -> None:
    recorded = ["2026-12-01.10", "2026-12-01.9", "2025-01-01.1", "2026-12-01.rc"]
    for version in recorded:
        await store.record_model(ModelRecord(version, version, "/none.skops", {}, NOW))
    listed = [known.model.version for known in await learning.models(store)]
    assert [version for version in listed if version in recorded] == [
        "2025-01-01.1",
        "2026-12-01.rc",
        "2026-12-01.9",
        "2026-12-01.10",
    ]


async def test_without_a_store_the_shipped_models_are_known() -> None:
    listed = await learning.models(None)
    assert [known.model.version for known in listed if known.in_use] == [shipped().version]


async def test_a_worker_takes_a_promoted_model_over(store: Store, school: School, examples: Path) -> None:
    loaded: list[Path] = []

    def load(model: ModelFile) -> Any:
        loaded.append(model.path)
        return load_checked(model, "fast")

    keeper = ModelKeeper(lambda: model_in_use(store), load=load)
    await keeper.refresh()
    trial = await train(store, examples)
    # The copy is the shipped file byte for byte, so give it another hash, as another training has.
    other = trial.model.path.with_name("other.skops")
    sha256 = rewritten(opened(trial.model.path), other, version="2027-02-02.1")
    await store.record_model(ModelRecord("2027-02-02.1", sha256, str(other), {}, NOW))
    await promote(store, "2027-02-02.1")
    await keeper.refresh()
    assert keeper.classifier is not None
    assert (keeper.classifier.version, loaded) == ("2027-02-02.1", [shipped().path, other])


def command(data_dir: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "BAITHAK_DATA_DIR": str(data_dir)}
    return commands.run_text("moderation", arguments, env=environment, given=given, timeout_s=120)


def test_the_commands_of_a_model_answer_with_their_status(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    version = shipped().version
    listed = command(data_dir, "model", "list")
    assert listed.returncode == 0
    (in_use,) = (line for line in listed.stdout.splitlines() if line.startswith("*"))
    assert in_use.split()[1] == version
    assert all(words in in_use for words in (" examples, AUC 0.", "abuse published ", "shipped/"))
    (licensed,) = (line for line in listed.stdout.splitlines() if line.split()[0] == shipped_models()[1].version)
    assert "stated licences only" in licensed
    assert json.loads(command(data_dir, "model", "show", version).stdout)["sha256"] == shipped().sha256
    assert not data_dir.exists()
    nowhere = command(data_dir, "model", "promote", version)
    assert (nowhere.returncode, nowhere.stderr.count("\n"), "BAITHAK_DATA_DIR" in nowhere.stderr) == (3, 1, True)
    assert not data_dir.exists()
    upgrade(f"sqlite+aiosqlite:///{data_dir / 'baithak.db'}")
    unknown = command(data_dir, "model", "promote", "1999-01-01.1")
    assert (unknown.returncode, "Traceback" in unknown.stderr) == (1, False)
    assert command(data_dir, "model", "show", "1999-01-01.1").returncode == 1
    assert command(data_dir, "model", "promote", version).returncode == 0
    assert command(data_dir, "model", "rollback").returncode == 1
    assert f"* {version}" in command(data_dir, "model", "list").stdout


@pytest.mark.parametrize("name", ["train", "evaluate"])
def test_a_folder_without_comments_is_refused(name: str, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    refused = command(tmp_path / "data", name, str(empty))
    assert (refused.returncode, "Traceback" in refused.stderr) == (1, False)
    assert "no .csv.gz file" in refused.stderr
    assert command(tmp_path / "data", name, str(tmp_path / "missing")).returncode == 2


def write_examples(folder: Path, *, count: int) -> None:
    """A labelled file in the form that training reads, of sentences of our own."""
    import csv
    import gzip

    folder.mkdir()
    with gzip.open(folder / "en_own.csv.gz", "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "lang", *classifier.LABELS])
        for number in range(count):
            abuse = number % 2
            text = f"you stupid fool number {number}" if abuse else f"a fine report about the harbour, part {number}"
            writer.writerow([text, "en", *([str(abuse)] * len(classifier.LABELS))])


def test_an_evaluation_is_printed_and_drawn(tmp_path: Path) -> None:
    write_examples(tmp_path / "examples", count=240)
    page = tmp_path / "drawn" / "page.html"
    told = command(tmp_path / "data", "evaluate", str(tmp_path / "examples"), "--json", "--html", str(page))
    assert told.returncode == 0, told.stderr
    figures = json.loads(told.stdout)
    assert figures["version"] == shipped().version
    assert {each["label"] for each in figures["details"]} == set(classifier.LABELS)
    assert {each["attack"] for each in figures["attacks"]} >= {"leet", "dotted", "zero_width"}
    assert [each["language"] for each in figures["decided_alone"]] == ["en"]
    assert all(words in told.stderr for words in ("240 of 240 comments", "intervals: 1 of 1", f"{page} written"))
    drawn = page.read_text(encoding="utf-8")
    assert "<h2" in drawn
    assert "harbour" not in drawn + told.stderr, "no comment is shown"
    plain = command(tmp_path / "data", "evaluate", str(tmp_path / "examples"))
    assert (plain.returncode, "en_own" in plain.stdout, "published" in plain.stdout) == (0, True, True)
    nowhere = command(tmp_path / "data", "evaluate", str(tmp_path / "examples"), "--html", "/proc/none/page.html")
    assert (nowhere.returncode, "Traceback" in nowhere.stderr, "/proc/none" in nowhere.stderr) == (1, False, True)


@pytest.mark.timeout(180)
def test_a_training_killed_in_the_middle_leaves_the_model_in_use(tmp_path: Path) -> None:
    write_examples(tmp_path / "train", count=400)
    data_dir = tmp_path / "data"
    process = subprocess.Popen(
        [sys.executable, "-m", "moderation", "train", str(tmp_path / "train")],
        env={**os.environ, "BAITHAK_DATA_DIR": str(data_dir)},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr is not None
    with process.stderr as progress:
        for line in progress:
            if "learning" in line:
                break
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert f"* {shipped().version}" in command(data_dir, "model", "list").stdout
    screened = command(data_dir, "screen", given='{"id": 1, "text": "A fine report, thank you"}\n')
    assert json.loads(screened.stdout)["model"] == shipped().version
