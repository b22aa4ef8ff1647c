"""The lock files say what is installed and never from where: whose index they came from is nobody's business."""

from __future__ import annotations

import importlib.metadata
import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from benchmarks.candidates import LOCKS, PACKAGES
from benchmarks.delivery.senders import PEERS as SENDERS
from benchmarks.queue.peers import PEERS as QUEUES
from tests.architecture.sources import PROJECT

PEERS = (*QUEUES, *SENDERS, *PACKAGES)
LOCKED_ALONE = {*PROJECT.glob("benchmarks/*/requirements/*.txt"), *LOCKS.glob("*.txt")}
FILES = sorted(str(path.relative_to(PROJECT)) for path in (*PROJECT.glob("requirements*.txt"), *LOCKED_ALONE))
FORBIDDEN = ("://", "--index-url", "--extra-index-url", "--find-links", "--trusted-host", "file:", "@ ")


def test_there_are_lock_files_for_running_and_for_testing() -> None:
    assert {"requirements.txt", "requirements-dev.txt", "requirements-embedded.txt"} <= set(FILES)


def test_whatever_ours_is_measured_beside_has_a_lock_file_for_just_what_is_wanted_of_it() -> None:
    assert {peer.lock() for peer in PEERS} == LOCKED_ALONE
    for peer in PEERS:
        pinned = re.sub(r"\[.*\]", "", peer.lock().read_text(encoding="utf-8"))
        wanted = [re.sub(r"\[.*\]", "", each) for each in peer.wanted]
        assert [each for each in wanted if f"{each} \\" not in pinned] == []


def entries_of(name: str) -> list[str]:
    """A lock file's packages, each with its hashes on one line."""
    entries = re.sub(r"\\\n", " ", (PROJECT / name).read_text(encoding="utf-8"))
    return [line for line in entries.splitlines() if re.match(r"[A-Za-z0-9]", line)]


@pytest.mark.parametrize("name", FILES)
def test_a_lock_file_names_no_place(name: str) -> None:
    text = (PROJECT / name).read_text(encoding="utf-8")
    assert [word for word in FORBIDDEN if word in text] == []


@pytest.mark.parametrize("name", FILES)
def test_every_package_of_a_lock_file_has_an_exact_version_and_a_hash(name: str) -> None:
    packages = entries_of(name)
    assert packages
    assert [line.split(" ")[0] for line in packages if "==" not in line or "--hash=sha256:" not in line] == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_what_a_package_wants_with_extras_is_locked_with_them(name: str) -> None:
    """Else pip looks for one that is, in hash mode finds none, and refuses all from the day of a newer release on."""
    locked = [Requirement(line.split(" ")[0]) for line in entries_of(name)]
    extras = {canonicalize_name(each.name): each.extras for each in locked}
    missing = []
    for package in locked:
        if not (package.marker is None or package.marker.evaluate()):
            continue
        for wanted in map(Requirement, installed(package.name)):
            applies = wanted.marker is None or any(wanted.marker.evaluate({"extra": e}) for e in ("", *package.extras))
            if applies and not wanted.extras <= extras.get(canonicalize_name(wanted.name), wanted.extras):
                missing.append(f"{package.name} wants {wanted}")
    assert missing == []


def installed(name: str) -> list[str]:
    """What an installed package wants; nothing of one for another kind of machine."""
    try:
        return importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:
        return []
