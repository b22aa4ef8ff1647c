"""The lock files say what is installed and never from where: whose index they came from is nobody's business."""

from __future__ import annotations

import re

import pytest

from benchmarks.queue.peers import PEERS
from tests.architecture.sources import PROJECT

OF_PEERS = PROJECT / "benchmarks" / "queue" / "requirements"
FILES = sorted(str(path.relative_to(PROJECT)) for path in (*PROJECT.glob("requirements*.txt"), *OF_PEERS.glob("*.txt")))
FORBIDDEN = ("://", "--index-url", "--extra-index-url", "--find-links", "--trusted-host", "file:", "@ ")


def test_there_are_lock_files_for_running_and_for_testing() -> None:
    assert {"requirements.txt", "requirements-dev.txt", "requirements-embedded.txt"} <= set(FILES)


def test_each_queue_that_ours_is_measured_beside_has_a_lock_file_for_just_what_is_wanted_of_it() -> None:
    assert {peer.lock() for peer in PEERS} == set(OF_PEERS.glob("*.txt"))
    for peer in PEERS:
        pinned = peer.lock().read_text(encoding="utf-8")
        wanted = [re.sub(r"\[.*\]", "", each) for each in peer.wanted]
        assert [each for each in wanted if f"{each} \\" not in pinned] == []


@pytest.mark.parametrize("name", FILES)
def test_a_lock_file_names_no_place(name: str) -> None:
    text = (PROJECT / name).read_text(encoding="utf-8")
    assert [word for word in FORBIDDEN if word in text] == []


@pytest.mark.parametrize("name", FILES)
def test_every_package_of_a_lock_file_has_an_exact_version_and_a_hash(name: str) -> None:
    entries = re.sub(r"\\\n", " ", (PROJECT / name).read_text(encoding="utf-8"))
    packages = [line for line in entries.splitlines() if re.match(r"[A-Za-z0-9]", line)]
    assert packages
    assert [line.split(" ")[0] for line in packages if "==" not in line or "--hash=sha256:" not in line] == []
