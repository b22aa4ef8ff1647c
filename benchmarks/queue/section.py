"""The tables of the queue benchmark as Markdown, losing figures and all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks import report
from benchmarks.queue.adapters import BATCH, RECOVERY_S, Kind
from benchmarks.queue.bench import DRAIN_AT_MOST_S, FAST_PER_S, FAST_S, SLOW_PER_S, SLOW_S, Paced, Run
from benchmarks.queue.kills import COMMENTS as KILL_COMMENTS
from benchmarks.queue.kills import WAIT_S, Killed
from benchmarks.queue.peers import PEERS, Peer
from benchmarks.queue.processes import Row
from benchmarks.report import Spread, rate, small

SHIPPED, REDUCED = "Baithak, as it ships", "our screening queue, the same work as the peers"
NO_PACE = "does not keep up"
NOTHING = "too little to tell"

HOW = {
    "saq": "32 jobs at once instead of 10, uvloop, results not kept; three tries, a time-out and a sweep of 5 s each "
    "(one try, 10 s, 60 s)",
    "dramatiq": "2 threads instead of 8, 64 tasks fetched ahead, of the middleware only the retries; a worker is dead "
    "after 5 s (60 s), looked for at one command in 20 (1,000)",
    "taskiq": "64 tasks at once instead of 100 and 64 fetched ahead, uvloop, parameters not validated; a task is lost "
    "after 5 s (10 minutes), the lock of who looks for it too (never)",
    "arq": "64 jobs at once instead of 10, a look at the queue every 10 ms (500 ms), uvloop, results not kept; a job "
    "times out after 5 s (5 minutes)",
    "faststream": "its own batches of up to 64 messages, no line in the log for each, uvloop, publishing through a "
    "pipeline; a second subscriber that claims what lay for 5 s (without one nothing of a dead worker is ever done)",
    "streaq": "uvloop, results not kept, no line in the log for each, `enqueue_many`; a task is lost after 5 s (60 s)",
}
"""What *tuned* means for each peer, with the default in brackets."""


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that was measured. A row that is not there was not installed; None is ours as it ships."""

    runs: Mapping[Row | None, Sequence[Run]]
    kills: Mapping[Row | None, Killed]

    def row(self, key: str, kind: Kind) -> Row | None:
        """The row of a queue used in one way; None where it is not installed."""
        return next((row for row in self.runs if row is not None and (row.key, row.kind) == (key, kind)), None)


def section(found: Found, *, count: int, load_before: float) -> str:
    """The whole section."""
    ours = found.row("ours", Kind.TUNED)
    lines = [
        report.machine(runs=len(found.runs[ours]), load_before=load_before),
        "",
        _about(count),
        "",
        _table(found),
        "",
        _batching(found),
        "",
        _kills(found),
        "",
        "*Tuned*, from each peer's own documentation (in brackets what it is by default):",
        "",
        *(f"* {peer.title}: {HOW[peer.key]}." for peer in PEERS),
    ]
    return "\n".join(lines)


def _about(count: int) -> str:
    return (
        f"{count:,} comments are queued by their ids, and one worker process on one thread reads each one's text from "
        "SQLite, scores it with our classifier, and inserts its score in a commit as durable as ours (WAL, synchronous "
        "FULL); only then it acknowledges. Every row has a real Redis of its own (its log on disk, flushed every "
        "second) and a database of its own. *Default*: a task for each comment, settings as they ship, one enqueued "
        f"after the other. *Tuned*: a task for each comment, settings as told below, and {BATCH} enqueued at a time: "
        f"by the peer's own call for many where it has one, else {BATCH} calls at once; FastStream, streaQ and we "
        f"pipeline. *By hand*: tuned, with a task for each {BATCH} comments, which whoever enqueues has to gather. "
        "*As it ships* is our worker process with all rules, status, decision, audit row and outcome event of each "
        "comment, several times the work of every other row; comments are queued one by one, as intake does. "
        f"*Stored a second* is from the first commit to the last of a full queue, or of the first {DRAIN_AT_MOST_S:g} "
        "s of it. The open loops send comments at a fixed rate, whatever becomes of those before them, for "
        f"{SLOW_S:g} and {FAST_S:g} s; a comment is timed from the moment it was due until its commit (ours as it "
        "ships: until another process saw it in the database), so tasks made by hand wait for their last comment. "
        "Memory is the worker's peak in MB, most of it the model. The ratio is of our queue with the same work to "
        "the row, run by run: below 1 the row is faster than ours."
    )


def _table(found: Found) -> str:
    head = ["", "enqueued a second", "stored a second", "ours ÷ it"]
    head += [f"{per_s:,.0f} a second: {part} ms" for per_s in (SLOW_PER_S, FAST_PER_S) for part in ("p50", "p99")]
    rows = [_cells(found, SHIPPED, None), _cells(found, REDUCED, found.row("ours", Kind.TUNED))]
    for peer in PEERS:
        rows += _of_peer(found, peer)
    return report.table([*head, "memory"], rows)


def _of_peer(found: Found, peer: Peer) -> list[list[str]]:
    named = {Kind.DEFAULT: "default", Kind.TUNED: "tuned", Kind.BATCH: "by hand"}
    rows = [(found.row(peer.key, kind), f"{peer.title}: {name}") for kind, name in named.items()]
    there = [_cells(found, name, row) for row, name in rows if row is not None]
    return there or [[peer.title, "not installed", *[""] * 7]]


def _cells(found: Found, name: str, row: Row | None) -> list[str]:
    runs, ours = found.runs[row], found.runs[found.row("ours", Kind.TUNED)]
    seen = not any(math.isnan(run.stored_per_s) for run in (*ours, *runs))
    ratios = [mine.stored_per_s / its.stored_per_s for mine, its in zip(ours, runs, strict=True)]
    return [
        name,
        Spread.of(run.enqueued_per_s for run in runs).shown(rate),
        Spread.of(run.stored_per_s for run in runs).shown(rate) if seen else NOTHING,
        f"{Spread.of(ratios).middle:.2f} ×" if seen else "–",
        *_paced([run.slow for run in runs]),
        *_paced([run.fast for run in runs]),
        "–" if math.isnan(runs[0].peak_mb) else Spread.of(run.peak_mb for run in runs).shown(lambda mb: f"{mb:.0f}"),
    ]


def _paced(runs: Sequence[Paced | None]) -> list[str]:
    kept_up = [run for run in runs if run is not None]
    if len(kept_up) * 2 < len(runs):
        return [NO_PACE, NO_PACE]
    return [
        Spread.of(run.p50_ms for run in kept_up).shown(small),
        Spread.of(run.p99_ms for run in kept_up).shown(small),
    ]


def _stored(found: Found, row: Row | None) -> float:
    rates = [run.stored_per_s for run in found.runs[row]]
    return math.nan if any(map(math.isnan, rates)) else Spread.of(rates).middle


def _batching(found: Found) -> str:
    """How much of the distance between a peer's tasks of one comment and our queue is there without our queue."""
    ours = _stored(found, found.row("ours", Kind.TUNED))
    told = []
    for peer in PEERS:
        one = found.row(peer.key, Kind.DEFAULT if peer.batches else Kind.TUNED)
        many = found.row(peer.key, Kind.BATCH)
        if one is not None and many is not None:
            single, batched = _stored(found, one), _stored(found, many)
            if not math.isfinite(single + batched + ours):
                continue
            part = math.log(batched / single) / math.log(ours / single)
            told.append(f"{peer.title} {batched / single:.1f} of {ours / single:.1f} times ({part * 100:.0f} %)")
    if not told:
        return "Without a peer there is nothing to set the batches apart from the queue by."
    return (
        "**How much is the batch, and how much the queue?** How many times faster tasks of 64 made by hand make a "
        "tuned peer than its tasks of one comment, of how many times faster than those our queue is with the same "
        "work; and the first's share of the second by logarithms (over 100 %: with batches made by hand the peer is "
        "faster than ours): "
        + "; ".join(told)
        + ". FastStream, whose tuned row has batches of its own, is set against its default. What is left to a queue "
        "that claims batches by itself is that nobody has to gather them: comments are queued singly and claimed "
        "together, as many as there are, so that the wait at 200 a second is that of one comment."
    )


def _kills(found: Found) -> str:
    def cell(row: Row | None) -> str:
        killed = found.kills[row]
        return f"{killed.lost} / {killed.twice} ({killed.seconds:.0f} s)"

    rows = [[SHIPPED, "", cell(None), ""], [REDUCED, "", cell(found.row("ours", Kind.TUNED)), ""]]
    for peer in PEERS:
        of = [found.row(peer.key, kind) for kind in Kind]
        rows.append([peer.title, *(cell(row) if row is not None else "not installed" for row in of)])
    return "\n".join(
        [
            f"The worker killed once with -9 in the middle of {KILL_COMMENTS:,} comments and started again: *lost / "
            f"stored twice*, and the seconds until the last one was stored. Lost is what was not stored {WAIT_S:g} s "
            "after the new worker was up. By their sources, what the defaults of SAQ (one try) and FastStream (which "
            "claims nothing of others) lose stays lost; arq would come back to it after 310 s, dramatiq by chance, "
            "taskiq after 10 minutes and only once it has read something new. "
            "The inserts have no unique key, so that what is done twice shows; ours as it ships has one, as anybody's "
            f"table would. Tuned peers give a worker up after {RECOVERY_S} s, as ours does. All rows are killed in the "
            "same minutes, side by side: the seconds are no figure of speed.",
            "",
            report.table(["", "default", "tuned", "by hand"], rows),
        ]
    )
