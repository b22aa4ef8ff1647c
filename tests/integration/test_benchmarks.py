"""The benchmarks run, each on a few comments, and what they give has its form. No figure is judged."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from benchmarks import accepting, api, decisions, month, planning, screening, stages, stream, updates
from benchmarks.candidates import CANDIDATES, train_peer
from benchmarks.comments import Comments, own_comments
from benchmarks.decisions import WORKER
from benchmarks.delivery import run as delivery
from benchmarks.delivery.cells import Cell, measure
from benchmarks.delivery.drawn import drawn
from benchmarks.delivery.senders import OURS as OUR_SENDERS
from benchmarks.delivery.senders import PEERS as OTHER_SENDERS
from benchmarks.queue import run as queue
from benchmarks.queue import section
from benchmarks.queue.adapters import Kind
from benchmarks.queue.peers import PEERS
from moderation.classifier.encoder import encoder_file
from tests import labelled

FEW = 200
"""Examples for the peer to learn from, where only its being there matters."""

pytestmark = pytest.mark.timeout(300)


OURS = tuple(each for each in CANDIDATES if each.package is None and (each.key != "both" or encoder_file()))


def fifty() -> Comments:
    own = own_comments(50)
    return Comments("labelled comments", own.texts, ("en",) * 50, tuple(n % 2 == 0 for n in range(50)))


def test_every_candidate_of_ours_is_timed_and_judged_on_fifty_comments() -> None:
    comments = fifty()
    found = screening.measure(comments, runs=1, candidates=OURS, peer_examples_at_most=FEW)
    assert set(found) == {each.key for each in OURS}
    for (run,) in found.values():
        assert len(run.scores) == 50
        assert len(set(run.scores)) > 1, "it tells texts apart"
        figures = (run.in_64s_per_s, run.in_64s_per_cpu_s, run.at_once_per_s, run.p50_ms, run.start_s, run.first_mb)
        assert min(figures) > 0
        assert run.p50_ms <= run.p99_ms
        assert run.first_mb <= run.peak_mb
    shown = screening.section(comments, found, load_before=0)
    assert all(each.name in shown for each in CANDIDATES)
    assert shown.count("not installed, or does not run here") == len(CANDIDATES) - len(OURS)


@pytest.mark.skipif(encoder_file() is None, reason="the second stage's encoder is not installed")
def test_the_stages_are_measured_beside_each_other_and_drawn(tmp_path: Path) -> None:
    labelled.write(tmp_path / "dev", "en_made_up", labelled.comments(5))
    page, picture = tmp_path / "page.md", tmp_path / "picture.svg"
    stages.run(tmp_path / "dev", page=page, picture=picture, of_each=25)
    table = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("| ")][1:]
    assert [line.split(" | ")[1] for line in (table[1], table[-1])] == ["0%", "100%"]
    assert picture.read_text(encoding="utf-8").count("<circle") == len(stages.BOUNDS)


def test_a_peer_in_an_environment_of_its_own_is_timed_beside_ours(capsys: pytest.CaptureFixture[str]) -> None:
    plain, peer = (next(each for each in CANDIDATES if each.key == key) for key in ("plain", "better-profanity"))
    found = screening.measure(fifty(), runs=1, candidates=[plain, peer], peer_examples_at_most=FEW)
    if peer.key not in found:
        pytest.skip(f"{peer.name} can't be installed here: {capsys.readouterr().err}")
    (run,) = found[peer.key]
    assert (len(run.scores), set(run.scores)) == (50, {0.0, 1.0})
    assert f"| {peer.name} |" in screening.section(fifty(), found, load_before=0)


def test_a_peer_that_does_not_run_is_left_out_and_why_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screening, "installed", lambda package, folder: Path(sys.executable))
    plain, peer = (next(each for each in CANDIDATES if each.key == key) for key in ("plain", "arabic-toxic"))
    found = screening.measure(fifty(), runs=1, candidates=[plain, peer], peer_examples_at_most=FEW)
    assert set(found) == {plain.key}
    assert "arabic-toxic 0.2.3 is installed and does not run" in capsys.readouterr().err


def test_the_plain_pipeline_learns_from_a_folder_and_never_from_files_for_measuring(tmp_path: Path) -> None:
    learn = tmp_path / "learn"
    labelled.write(learn, "en_made_up", [(f"zorg zorg {number}", "en", {"toxic": 1}) for number in range(40)])
    labelled.write(learn, "en_other_NC", [(f"florp florp {number}", "en", {"toxic": 1}) for number in range(40)])
    train_peer(tmp_path, learn=learn)
    score = next(each for each in CANDIDATES if each.key == "plain").make(tmp_path)
    learned, never_seen = score(["zorg zorg", "florp florp"])
    assert learned > never_seen + 0.2


def test_a_push_to_many_is_planned_and_its_first_deliveries_noted(tmp_path: Path) -> None:
    found = planning.measure(f"sqlite+aiosqlite:///{tmp_path}/baithak.db", 2_500)
    assert (found.subscribers, found.planned) == (2_500, 2_500)
    assert 0 < found.first_s <= found.all_s
    assert "| SQLite, 2,500 | 2,500 |" in planning.section([("SQLite", found)], load_before=0)


async def test_a_month_is_played_with_each_choice_kept_to() -> None:
    found = await month.played(subscribers=14, days=1)
    assert found.stories == month.STORIES_A_DAY
    assert set(found.messages) == set(month.KINDS)
    assert max(found.messages["five a day at most"]) <= 5
    assert max(found.messages["two digests, no alerts"]) <= 2
    assert "| chose nothing |" in month.section(found, subscribers=14, days=1, load_before=0)
    assert month.drawn(found).count("<polyline") == 2 * len(month.KINDS)


def test_lines_streamed_through_screen_are_counted_and_their_order_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "BROKEN_EVERY", 100)
    found = stream.measure(300)
    assert (found.answered, found.refused, found.out_of_order, found.status) == (300, 3, 0, 1)
    assert len(found.memory_mb) == len(stream.LOOKS)
    assert "| answers out of their order | 0 |" in stream.section(found, load_before=0)


def test_answers_that_are_lost_or_out_of_order_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "BROKEN_EVERY", 100)
    program = "import sys; lines = sys.stdin.read().splitlines(); print('\\n'.join(reversed(lines[:-1])))"
    found = stream.measure(50, screen=(sys.executable, "-c", program))
    assert found.answered == 49
    assert found.out_of_order > 40


def test_fifty_comments_are_accepted_one_by_one_and_eight_at_once() -> None:
    found = accepting.measure(own_comments(50).texts, runs=1, at_once=(1, 8))
    assert [set(run) for run in found] == [{1, 8, accepting.BY_HAND}]
    assert min(found[0].values()) > 0
    assert "1.00 ×" in accepting.section(found, count=50, load_before=0)


def test_fifty_comments_at_a_pace_are_all_accepted_and_decided() -> None:
    run = decisions.pace(own_comments(50).texts, per_s=100)
    assert (len(run.accepted_ms), len(run.decided_ms)) == (50, 50)
    assert 0 < min(run.accepted_ms) < max(run.decided_ms)
    assert "due → decided" in decisions.pace_section([run], per_s=100, load_before=0)


def test_readers_of_the_whole_system_write_at_a_pace_and_each_comment_is_timed() -> None:
    (found,) = updates.measure([5], seconds=2, readers=3)
    assert len(found.comments) == 10
    assert all(one.due < one.stored < one.decided < one.committed for one in found.comments)
    dues = sorted(one.due for one in found.comments)
    assert [due - dues[0] for due in dues] == pytest.approx([at / 5 for at in range(10)], abs=1e-4)
    shown = updates.section({"SQLite": [[found]]}, runs=1, load_before=0)
    assert "SQLite, 5 a second: update stored → committed" in shown
    assert "PostgreSQL was not measured" in shown


@pytest.mark.parametrize(("takes_s", "kept"), [(1 / 60, "yes"), (1 / 30, "**does not keep up**")])
def test_a_rate_is_kept_up_with_where_no_backlog_grows(takes_s: float, kept: str) -> None:
    """Fifty comments a second for ten seconds, and one that decides them one after the other."""
    ends, comments = 0.0, []
    for due in (at / 50 for at in range(500)):
        ends = max(ends, due) + takes_s
        comments.append(updates.Timed(due, due, ends, ends))
    found = updates.Paced(50, 10, tuple(comments))
    assert round(found.committed_per_s) == min(50, round(1 / takes_s))
    assert f" {kept} |" in updates.section({"SQLite": [[found]]}, runs=1, load_before=0)


def test_a_story_is_sent_beside_a_loop_and_what_was_answered_of_what_is_allowed_is_told_and_drawn() -> None:
    cell = Cell("sliding_window", 20)
    ours, loop = OUR_SENDERS[0], OTHER_SENDERS[0]
    found = {
        # Other tests have the machine as well: how much of it is ours is judged by nobody here.
        sender: {cell: measure(sender, cell, seconds=3, python=Path(sys.executable))}
        for sender in (ours, loop)
    }
    for of in found.values():
        assert 0 < of[cell].efficiency <= 1.1
        assert of[cell].memory > 10**7
    assert len(found[ours][cell].replies_s) >= 2
    assert found[loop][cell].replies_s == ()
    shown = delivery.section(found, seconds=3, load_before=0)
    assert f"| {ours.title} | {found[ours][cell].efficiency:.1%}" in shown
    assert drawn(found).count("<rect") == 1 + len(found)


def test_a_backlog_is_decided_beside_a_loop_without_a_queue() -> None:
    loop = ("plain", 1)
    # More than two batches: the rate is taken between the first and the last.
    texts = own_comments(140).texts
    found = decisions.backlog(texts, runs=1, loops=[loop], peer_examples_at_most=FEW)
    assert [set(run) for run in found] == [{WORKER, loop}]
    assert min(found[0].values()) > 0
    assert "1.00 ×" in decisions.backlog_section(found, count=len(texts), load_before=0)


@pytest.mark.long
def test_the_whole_system_is_weighed_and_asked_beside_a_bare_handler() -> None:
    found = api.measure(api.FEW, runs=1, seconds=1, load_s=1)
    assert set(found.idle_mb) == set(found.loaded_mb) == set(api.PARTS)
    assert min(found.idle_mb.values()) > 1
    if shutil.which("wrk") is not None:
        assert set(found.asked) == set(found.bare) == set(api.ADDRESSES)
        assert all(run.per_s > 0 for (run,) in found.asked.values())
    shown = api.section([found, found], runs=1, load_before=0)
    assert "embed.js" in shown or "`wrk` is not installed" in shown


@pytest.mark.long
def test_our_queue_and_one_peer_are_measured_side_by_side_and_killed_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    peer = next(peer for peer in PEERS if peer.key == "faststream")
    texts = own_comments(140).texts
    found = queue.measure(texts, runs=1, peers=[peer], kinds=[Kind.TUNED], kill_wait_s=90)
    ours, its = found.row("ours", Kind.TUNED), found.row(peer.key, Kind.TUNED)
    for row in {None, ours, its}:
        (run,) = found.runs[row]
        assert min(run.enqueued_per_s, run.stored_per_s) > 0
        assert run.slow is None or 0 < run.slow.p50_ms <= run.slow.p99_ms
        assert 0 <= found.kills[row].lost < len(texts)
    assert (found.kills[None].lost, found.kills[None].twice) == (0, 0)
    assert found.kills[ours].lost == 0
    shown = section.section(found, count=len(texts), load_before=0)
    assert f"{peer.title}: tuned" in shown if its is not None else "not installed" in shown
    if its is None:
        pytest.skip(f"{peer.title} can't be installed here: {capsys.readouterr().err}")
