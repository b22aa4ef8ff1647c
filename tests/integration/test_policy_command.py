"""`policy check` and `policy simulate`: what is wrong with a policy, and what it would do."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import commands, labelled

CONFIG = Path(__file__).resolve().parent.parent.parent / "config"


def command(tmp_path: Path, *arguments: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "BAITHAK_DATA_DIR": str(tmp_path / "none"), **environment}
    return commands.run_text("moderation", ["policy", *arguments], env=env, given=given)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A copy of the project's own policy and terms, to be spoilt."""
    return Path(shutil.copytree(CONFIG, tmp_path / "config"))


def test_the_projects_own_policy_is_well_formed(tmp_path: Path) -> None:
    done = command(tmp_path, "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert "well formed" in done.stdout


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "3.2"', 'id = "three"', "a clause needs an id"),
        ("hold_at = ", "hold_from = ", "needs hold_at and reject_at"),
        ('version = "2026-11"', "version = 2026", "give the terms a version"),
        ("[[clauses]]", "[[clauses", "not valid TOML"),
    ],
)
def test_a_spoilt_policy_is_refused_with_the_place(old: str, new: str, said: str, tmp_path: Path, config: Path) -> None:
    policy = config / "policy.toml"
    policy.write_text(policy.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    for done in (
        command(tmp_path, "check", BAITHAK_CONFIG_DIR=str(config)),
        command(tmp_path, "check", "--policy", str(policy)),
    ):
        assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (1, True, False), done.stderr


def test_a_clause_that_the_terms_lack_is_named(tmp_path: Path, config: Path) -> None:
    terms = config / "terms.ur.md"
    terms.write_text(terms.read_text(encoding="utf-8").replace("### 3.2 ", "### 9.9 "), encoding="utf-8")
    done = command(tmp_path, "check", BAITHAK_CONFIG_DIR=str(config))
    assert done.returncode == 1
    assert "terms.ur.md lacks clause 3.2" in done.stderr


COMMENTS = "".join(
    json.dumps({"id": n, "text": text}, ensure_ascii=False) + "\n"
    for n, text in enumerate(["A fine report, thank you", "Read more at evil.ru", "Write to me at a.khan@example.com"])
)


def test_a_simulation_counts_what_would_be_decided(tmp_path: Path) -> None:
    done = command(tmp_path, "simulate", given=COMMENTS)
    assert done.returncode == 0
    assert done.stdout.startswith("3 comments\npolicy in force, terms 2026-11:\n")
    assert "33.3%  publish\n" in done.stdout


def test_a_simulation_tells_what_another_policy_would_change(tmp_path: Path, config: Path) -> None:
    policy = config / "policy.toml"
    text = policy.read_text(encoding="utf-8").replace(
        'clause = "2.2"\nthen = "hold"', 'clause = "2.2"\nthen = "reject"'
    )
    policy.write_text(text, encoding="utf-8")
    given = tmp_path / "comments.jsonl"
    given.write_text(COMMENTS + "nope\n", encoding="utf-8")
    done = command(tmp_path, "simulate", str(given), "--policy", str(policy))
    assert done.returncode == 1
    assert "line 4: not JSON" in done.stderr
    assert "reject, clause 2.2" in done.stdout
    assert "would be decided otherwise:\n" in done.stdout


def test_a_simulation_of_nothing_is_nothing(tmp_path: Path) -> None:
    done = command(tmp_path, "simulate")
    assert (done.returncode, done.stdout) == (0, "0 comments\npolicy in force, terms 2026-11:\n")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    done = command(tmp_path, "simulate", str(tmp_path / "none.jsonl"))
    assert (done.returncode, "can't be read" in done.stderr) == (1, True)


def test_without_a_model_the_simulation_says_that_all_would_be_held(tmp_path: Path) -> None:
    done = command(tmp_path, "simulate", given=COMMENTS, BAITHAK_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert done.returncode == 3
    assert "publish" not in done.stdout


def test_thresholds_for_the_budget_are_told_and_nothing_is_changed(tmp_path: Path, config: Path) -> None:
    for number in range(4):
        labelled.write(tmp_path / "mine", f"en_site{number}", labelled.comments(6))
    before = (config / "policy.toml").read_bytes()
    done = command(tmp_path, "thresholds", str(tmp_path / "mine"), BAITHAK_CONFIG_DIR=str(config))
    assert done.returncode == 0, done.stderr
    assert "en_site3" in done.stdout
    assert "of 4 sets exceed it" in done.stdout
    assert re.search(r"write under every label:\nhold_at = [01]\.?\d*\nreject_at = [01]\.\d+\n", done.stdout)
    assert (config / "policy.toml").read_bytes() == before


def test_without_a_budget_or_sets_enough_no_threshold_is_told(tmp_path: Path, config: Path) -> None:
    labelled.write(tmp_path / "mine", "en_one_site", labelled.comments(6))
    done = command(tmp_path, "thresholds", str(tmp_path / "mine"))
    assert (done.returncode, "give 4 or more" in done.stderr) == (1, True)
    policy = config / "policy.toml"
    policy.write_text(re.sub(r"\[budget\](\n\w.*)+", "", policy.read_text(encoding="utf-8")), encoding="utf-8")
    done = command(tmp_path, "thresholds", str(tmp_path / "mine"), BAITHAK_CONFIG_DIR=str(config))
    assert (done.returncode, "has no [budget]" in done.stderr) == (1, True)
