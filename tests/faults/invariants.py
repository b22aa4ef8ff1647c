"""What must always be so, and the tests that would tell if it were not: one row a promise.

`docs/faults.md` begins with this table. To add a promise: its tests, a row here, then `python -m tests.faults.report`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Invariant:
    """One promise. Tests and controls are named as pytest names them; `missing` says what of it is not built yet."""

    number: int
    promise: str
    tests: tuple[str, ...] = ()
    control: tuple[str, ...] = ()
    missing: str = ""


FAULTS, INTEGRATION = "tests/faults", "tests/integration"
FORGED = f"{INTEGRATION}/test_forged_redis.py"
KILLS = f"{FAULTS}/test_screening_under_kills.py"
WHOLE = f"{FAULTS}/test_whole_system.py"
ONCE = f"{FAULTS}/test_decided_once.py"
FORGETS = f"{FAULTS}/test_redis_forgets.py"
WAIT = f"{FAULTS}/test_bounded_wait.py"
MODELS = f"{FAULTS}/test_broken_models.py"
DATABASE = f"{FAULTS}/test_database_fails.py"
MILLION = f"{FAULTS}/test_a_million_comments.py"
FIRST = f"{FAULTS}/test_first_moderator_wins.py"
CUT_OFF = f"{FAULTS}/test_hosts_cut_off.py"
FAILOVER = f"{FAULTS}/test_database_failover.py"

INVARIANTS = (
    Invariant(
        1,
        "**Accepted means durable.** Nobody is told “received” before the commit; what was accepted is decided, "
        "whoever is killed with -9, at random or at the worst moments, and whichever host is cut off from the others.",
        tests=(
            f"{KILLS}::test_nothing_is_lost_while_several_workers_are_killed_and_redis_starts_empty",
            f"{KILLS}::test_a_submitter_that_dies_at_the_worst_moment_loses_nothing",
            f"{KILLS}::test_a_worker_that_dies_at_the_worst_moment_loses_nothing",
            f"{WHOLE}::test_nothing_is_lost_in_ten_thousand_comments_and_two_hundred_kills",
            f"{WHOLE}::test_nothing_is_lost_on_postgresql_under_the_same_kills",
            f"{WHOLE}::test_nothing_is_lost_or_done_twice_while_every_part_is_killed",
            f"{CUT_OFF}::test_nothing_is_lost_while_one_host_after_the_other_is_cut_off_for_a_minute",
        ),
        control=(
            f"{WHOLE}::test_a_bot_that_confirms_before_it_stores_loses_comments_under_the_same_kills",
            f"{KILLS}::test_the_control_loses_comments_under_the_same_kills",
            f"{KILLS}::test_acknowledging_before_the_work_loses_comments_and_after_it_none",
        ),
        missing="a power cut: a killed process leaves its commits with the kernel, a dead machine does not",
    ),
    Invariant(
        2,
        "**Exactly one decision.** One step out of *received* and one audit row for each revision, with answers "
        "of Redis lost, entries doubled, and workers taken for dead while they screen.",
        tests=(
            f"{ONCE}::test_with_each_tenth_answer_of_redis_lost_ten_thousand_comments_are_decided_once",
            f"{ONCE}::test_workers_that_are_taken_for_dead_while_they_screen_decide_nothing_twice",
            f"{INTEGRATION}/test_enforcement.py::test_twenty_workers_with_the_same_batch_decide_each_comment_once",
        ),
        control=(f"{ONCE}::test_a_client_that_tries_again_by_itself_adds_entries_twice_and_ours_does_not",),
    ),
    Invariant(
        3,
        "**Redis is disposable.** FLUSHALL, an empty restart, an outage, whatever a stranger left in it: nothing is "
        "lost, stops for good or goes unseen. A Redis that would drop the queue when its memory is full is refused at "
        "the start.",
        tests=(
            f"{FORGETS}::test_an_empty_redis_is_filled_again_with_all_that_one_sweep_takes",
            f"{WHOLE}::test_readers_are_told_the_truth_through_a_minute_without_redis",
            f"{INTEGRATION}/test_worker_process.py::test_a_redis_that_would_drop_the_queue_is_refused_at_the_start",
            f"{FORGED}::test_a_stream_that_takes_nothing_more_is_made_anew",
            f"{FORGED}::test_forged_numbers_are_dropped_and_keep_nobody_waiting",
            f"{FORGED}::test_a_turn_that_somebody_took_for_ever_is_taken_over",
            f"{FORGED}::test_a_time_that_nobody_can_have_meant_keeps_nobody_waiting",
            f"{FORGED}::test_a_dead_letter_from_the_future_is_an_alarm_and_hides_no_figure",
        ),
        missing="ten minutes without Redis: one is measured",
    ),
    Invariant(
        4,
        "**No trim loses work.** We never trim the screening queue; whoever else does loses us nothing.",
        tests=(f"{FORGETS}::test_trimming_ten_thousand_loses_nothing",),
        control=(f"{FORGETS}::test_the_control_loses_what_was_trimmed",),
    ),
    Invariant(
        5,
        "**Bounded wait.** A worker that stands still keeps nobody waiting for longer than its takeover, and what it "
        "writes once it wakes is refused.",
        tests=(
            f"{WAIT}::test_while_a_worker_stands_still_for_a_minute_another_does_its_work",
            f"{WAIT}::test_a_zombies_late_decisions_are_refused",
        ),
        missing="on SQLite a process that is suspended in the milliseconds of a commit keeps the one writer there is "
        "until it wakes",
    ),
    Invariant(
        6,
        "**Poison is isolated.** A text that raises, hangs or kills workers is held for a person, its neighbours are "
        "decided.",
        tests=(
            f"{KILLS}::test_a_text_that_stops_workers_is_held_and_all_others_are_decided",
            f"{INTEGRATION}/test_worker.py::test_a_text_that_raises_is_held_and_its_neighbours_are_decided",
        ),
    ),
    Invariant(
        7,
        "**Published once, and alike everywhere.** API, widget and chat show the same text once, though the bot ends "
        "between telling and noting it, or a worker between publishing and saying so.",
        tests=(
            f"{FAULTS}/test_published_once.py::test_told_and_not_noted_a_comment_is_published_once_and_alike_everywhere",
            f"{KILLS}::test_a_worker_that_dies_at_the_worst_moment_loses_nothing",
        ),
        missing="notices exactly once: Telegram has no key for it, so each may be said once more for each crash",
    ),
    Invariant(
        8,
        "**Updates may come again.** Each of Telegram's updates three times, in any order, also under another number: "
        "one comment each.",
        tests=(
            f"{FAULTS}/test_updates_replayed.py::test_ten_thousand_updates_three_times_over_make_ten_thousand_comments",
            f"{FAULTS}/test_updates_replayed.py::"
            "test_updates_that_come_three_times_in_any_order_make_each_comment_once",
        ),
    ),
    Invariant(
        9,
        "**The first moderator wins.** Of fifty who press at once, in the chat and at the page, one decides; the "
        "others are told who did, and what.",
        tests=(
            f"{FIRST}::test_the_first_of_fifty_wins_round_after_round",
            f"{FIRST}::test_the_first_of_fifty_wins_through_telegram_again_and_again",
            f"{FIRST}::test_the_first_of_fifty_wins_and_all_are_told",
            f"{FIRST}::test_the_first_of_fifty_wins_at_the_handlers_and_the_page",
        ),
    ),
    Invariant(
        10,
        "**A story reaches each subscriber at least once** through 429s, errors and blocks.",
        tests=(
            f"{FAULTS}/test_deliveries_under_kills.py::test_everybody_gets_a_story_though_the_bot_is_killed_again_and_again",
            f"{INTEGRATION}/test_delivery.py::test_what_a_dead_sender_took_is_sent_when_its_lease_has_run_out",
            f"{INTEGRATION}/test_delivery.py::"
            "test_a_long_pause_asked_for_by_telegram_is_kept_without_holding_on_to_the_deliveries",
            f"{INTEGRATION}/test_delivery.py::"
            "test_who_blocked_the_bot_is_no_subscriber_any_more_and_the_others_get_theirs",
            f"{INTEGRATION}/test_pushes.py::test_what_a_dead_planner_left_another_finishes_and_nobody_is_planned_twice",
            f"{INTEGRATION}/test_pushes.py::test_new_stories_and_their_pushes_are_stored_together_or_not_at_all",
        ),
        missing="a hundred thousand take an hour at Telegram's rate: `python -m tests.faults.hundred_thousand`",
    ),
    Invariant(
        11,
        "**Fail closed.** By a model that is missing, truncated, altered, another file, without finite scores or with "
        "too few features nothing is published; promoted beside one that works, that one goes on.",
        tests=(
            f"{MODELS}::test_by_a_damaged_model_nothing_is_published",
            f"{MODELS}::test_a_damaged_model_that_is_promoted_leaves_the_one_that_works",
        ),
    ),
    Invariant(
        12,
        "**A database that is locked, full, cuts its connections, falls silent or is replaced by its standby** accepts "
        "nothing that is not in it; whoever was not accepted is told so, or told later.",
        tests=(
            f"{DATABASE}::test_while_the_database_is_locked_for_half_a_minute_nobody_is_told_received",
            f"{DATABASE}::test_a_reader_who_wrote_to_a_locked_database_is_told_later",
            f"{DATABASE}::test_with_a_full_disk_nothing_is_accepted_that_is_not_there",
            f"{DATABASE}::test_with_every_connection_cut_again_and_again_nothing_accepted_is_lost",
            f"{FAILOVER}::test_nothing_accepted_is_lost_with_a_primary_that_is_killed",
            f"{FAILOVER}::test_nothing_accepted_is_lost_with_a_primary_whose_host_is_gone",
            f"{INTEGRATION}/test_postgresql_servers.py::"
            "test_a_connection_whose_other_host_fell_silent_is_given_up_on_both_sides",
        ),
        control=(f"{FAILOVER}::test_the_control_loses_what_its_standby_had_not",),
    ),
    Invariant(
        13,
        "**The clock may jump.** An hour on or back: nobody is taken for dead, nothing is queued twice, no "
        "comment waits for the hour.",
        tests=(f"{FAULTS}/test_clock_jumps.py::test_a_clock_that_jumps_expires_nothing_and_starts_no_storm",),
        missing="leases and times to undo are kept by the clock of the wall: set on by an hour they end early, set "
        "back they last an hour longer",
    ),
    Invariant(
        14,
        "**Ten times the load** is worked off: nothing dropped, the queue no longer than its bound, a worker's memory "
        "bounded.",
        tests=(f"{FAULTS}/test_tenfold_load.py::test_a_minute_of_ten_times_the_load_is_worked_off_within_bounds",),
    ),
    Invariant(
        15,
        "**A graceful stop.** Told to stop in the middle of a batch a worker ends within ten seconds and leaves "
        "nothing to be taken over.",
        tests=(
            f"{WAIT}::test_told_to_stop_in_the_middle_of_a_batch_a_worker_leaves_nothing_to_be_taken_over",
            f"{INTEGRATION}/test_delivery.py::test_what_is_under_way_when_told_to_stop_is_finished_and_remembered",
        ),
    ),
    Invariant(
        16,
        "**Erased stays erased.** Whatever comes again, an update, an entry of the queue, a backup, brings no word of "
        "an erased reader back.",
        tests=(
            f"{INTEGRATION}/chat/test_own_data.py::test_whatever_is_replayed_brings_nothing_back",
            f"{INTEGRATION}/test_backup.py::test_a_reader_erased_since_the_backup_stays_erased",
            f"{INTEGRATION}/test_privacy.py::test_what_was_being_screened_when_its_author_was_erased_stays_gone",
            f"{INTEGRATION}/test_privacy.py::"
            "test_an_erasure_that_died_between_the_two_sides_is_finished_by_another_process",
        ),
        missing="the same with parts killed by the hundred",
    ),
    Invariant(
        17,
        "**Tables are brought forward beside readers and writers.** A million comments of the first form become one of "
        "the newest: pages are read and comments accepted meanwhile, who can't be is told to try again, none is lost.",
        tests=(
            f"{MILLION}::test_a_million_comments_are_brought_forward_while_people_read_and_write",
            f"{INTEGRATION}/test_migrating.py::test_no_migration_reads_a_table_whole_or_keeps_it_while_it_works",
            f"{INTEGRATION}/test_migrating.py::test_nobody_waits_behind_a_migration_that_waits_for_a_long_reader",
        ),
        control=(f"{INTEGRATION}/test_migrating.py::test_a_migration_that_breaks_the_rules_is_found",),
        missing="on SQLite whoever writes waits while one index is built: seconds, with a million comments",
    ),
)
