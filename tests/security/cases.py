"""The attacks this project is held against: what each is, what must happen, and the tests that try it.

`docs/security.md` shows them; `python -m tests.security.page` writes it. A test is named by file and function, or by
the file alone where every test in it is about the attack.
"""

from __future__ import annotations

from dataclasses import dataclass

CHAT = "tests/integration/chat"


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of attack. `missing` says what of it can't be tried because it is not built."""

    number: int
    attack: str
    expected: str
    tests: tuple[str, ...]
    missing: str = ""


def of(file: str, *names: str) -> tuple[str, ...]:
    """Tests of one file."""
    return tuple(f"tests/{file}.py::test_{name}" for name in names)


CASES = (
    Case(
        1,
        "A webhook call without the secret, with a wrong, shortened, longer, doubled or non-ASCII one.",
        "403 after a comparison that takes the same time for each; not a byte of the body is read.",
        (
            *of(
                "integration/test_web_pages",
                "an_update_with_the_right_secret_is_stored",
                "an_update_without_the_one_right_secret_is_refused_and_its_body_not_read",
                "a_body_that_is_no_update_is_refused",
                "without_a_secret_there_is_no_webhook",
            ),
            *of("integration/test_sandbox_webhooks", "updates_are_pushed_with_the_secret_and_forgotten_once_taken"),
        ),
    ),
    Case(
        2,
        "A forged, altered, old or replayed proof that somebody came from Telegram: Mini App data, the login widget, "
        "Telegram login.",
        "Refused. Today the only way in is a one-time link that the bot sends in private.",
        (
            *of("integration/test_login", "a_link_works_once", "what_is_no_link_opens_nothing"),
            *of("integration/test_web_review", "a_link_opens_the_door_once"),
        ),
        missing="Mini App data, the login widget and Telegram login: no such way in is built.",
    ),
    Case(
        3,
        "Telegram's HTML and Markdown in a reader's name, a story's title or a comment; texts so long that they are "
        "cut in the middle of a tag.",
        "The letters as they were written; no call is refused; no cut splits a tag or an entity.",
        (
            "tests/security/test_telegram_words.py",
            *of("unit/test_messages", "words_of_others_are_literal_in_every_message"),
            *of("unit/test_messages", "a_cut_text_fits_and_no_letter_loses_its_marks"),
            *of("unit/test_cards", "the_longest_card_fits_and_no_markup_is_split"),
            f"{CHAT}/test_bad_input.py::test_markup_in_a_comment_is_shown_as_it_was_written",
            "tests/contract/test_sandbox_tdlib.py",
        ),
    ),
    Case(
        4,
        "Scripts in comments, answers, readers' and moderators' names, story titles, summaries, sections and pictures.",
        "Text on every page, in the widget, in Atom and in JSON: also in a browser told to ignore the pages' policy. "
        "The policy allows no inline script, and would stop one.",
        (
            "tests/security/test_stored_xss.py",
            *of("security/test_forgeries", "a_script_that_got_into_a_page_is_not_run"),
            *of("e2e/test_widget", "hostile_words_stay_words_in_the_widget"),
            *of("e2e/test_dashboard", "hostile_words_stay_words_on_the_dashboard"),
            *of("e2e/test_sandbox_page", "markup_in_what_anybody_writes_stays_text"),
            *of("integration/test_web_pages", "a_hostile_story_stays_text"),
        ),
        missing="Moderators' notes and tables for spreadsheets: neither is built.",
    ),
    Case(
        5,
        "Bytes of one type sent as another, for a browser to guess.",
        "Every answer forbids guessing; nothing of other sites is handed on by us.",
        of(
            "security/test_public_answers",
            "every_address_there_is_answers_with_a_type_that_browsers_must_not_guess",
        )
        + of("integration/test_web_api", "every_answer_is_guarded")
        + of("integration/test_sandbox_control", "the_page_is_served_under_a_strict_policy_and_nothing_beside_it"),
    ),
    Case(
        6,
        "Another site's forms and scripts in a moderator's browser: plain text that reads as JSON, no word on where "
        "from, a login as somebody else.",
        "403 before anything else, and nothing is used up. A request with the cookie that says neither `Origin` nor "
        "`Sec-Fetch-Site` is refused too.",
        (
            *of(
                "security/test_forgeries",
                "nobody_is_logged_in_as_somebody_else_by_another_site",
                "what_another_site_has_a_moderators_browser_do_changes_and_shows_nothing",
                "every_address_that_changes_anything_is_a_post",
            ),
            *of(
                "integration/test_web_review",
                "a_forged_request_is_refused_before_anything_else",
                "one_moderators_token_is_no_good_with_anothers_session",
                "with_its_token_a_body_of_another_type_is_told_so",
                "a_form_that_cannot_be_read_opens_nothing_and_is_told_so",
                "a_token_of_bytes_that_are_no_text_is_refused",
            ),
            *of("integration/test_sandbox_control", "pages_of_other_sites_may_not_act_here"),
        ),
    ),
    Case(
        7,
        "A session chosen by the attacker, used after logging out, or after the role was taken away.",
        "A new session at each login; what ended opens nothing; who is no moderator is out within five seconds.",
        (
            *of("security/test_forgeries", "whose_role_is_taken_away_is_out_of_an_open_session_within_five_seconds"),
            *of(
                "integration/test_web_review",
                "login_gives_a_new_session_whatever_cookie_was_brought_along",
                "after_logging_out_the_cookie_opens_nothing",
                "who_is_a_moderator_no_more_can_do_nothing_with_an_old_session",
                "over_https_the_cookie_is_the_hosts_alone",
            ),
            *of(
                "integration/test_login",
                "a_session_ends_with_its_time_or_when_it_is_closed",
                "who_reads_the_database_can_not_walk_in",
            ),
            *of("unit/test_roles", "an_answer_is_believed_for_seconds_and_no_longer"),
        ),
    ),
    Case(
        8,
        "Our pages in another site's frame.",
        "No page of ours is shown in a frame. The widget is a script, and can decide nothing.",
        of("security/test_forgeries", "no_page_of_ours_is_shown_in_another_sites_frame"),
    ),
    Case(
        9,
        "Another site's script reads what only a moderator may, or poses as a site that is allowed.",
        "What is published may be read from anywhere, or from the sites that are named, letter by letter; never with "
        "credentials. The rest from nowhere.",
        of(
            "integration/test_web_api",
            "other_sites_may_read_what_the_settings_allow_and_never_with_credentials",
        )
        + of(
            "security/test_forgeries",
            "what_another_site_has_a_moderators_browser_do_changes_and_shows_nothing",
        ),
    ),
    Case(
        10,
        "A feed's address that leads inward: other schemes, ports, numbers written oddly, addresses within addresses, "
        "redirects, names that change their mind.",
        "What is connected to is what was checked, at each hop; only public addresses, ports 80 and 443.",
        of(
            "integration/test_feed_fetching",
            "an_address_inside_or_odd_is_refused",
            "a_redirect_inward_is_refused",
            "each_of_many_hops_is_checked",
            "a_name_leads_to_the_address_that_was_checked_or_nowhere",
            "redirects_end",
        )
        + of("unit/test_feed_guarding", "a_feed_that_is_the_name_of_a_file_does_not_open_it"),
    ),
    Case(
        11,
        "A feed with a document type: entities that grow, that fetch, or that hide in another encoding.",
        "Refused, or read without it; nothing is expanded, opened or fetched.",
        of(
            "unit/test_feed_guarding",
            "no_entity_is_expanded_in_whatever_disguise_it_is_declared",
            "what_is_told_apart_above_would_be_read_without_its_declaration",
        )
        + of("unit/test_feed_reading", "bombs_and_what_is_no_feed_are_refused")
        + ("tests/fuzz/test_feed.py", "tests/fuzz/test_guided.py"),
    ),
    Case(
        12,
        "A feed that is packed small and large unpacked, packed twice, without end, a byte now and then, of a "
        "million items or tags, or with addresses of thousands of bytes.",
        "Bounded bytes, seconds, items and tags; the other feeds keep their time. A story whose address no key has "
        "room for is left out, and one that the database refuses costs the others nothing.",
        (
            *of(
                "faults/test_hostile_feeds",
                "the_good_feeds_stories_come_on_time_beside_twenty_hostile_ones",
            ),
            *of(
                "integration/test_feed_fetching",
                "a_bomb_or_an_endless_body_is_cut",
                "nested_or_broken_compression_gives_no_feed",
                "a_dripping_server_costs_a_bounded_time",
            ),
            *of(
                "unit/test_feed_guarding",
                "words_made_of_tags_are_cleaned_in_bounded_time",
                "a_tag_with_attributes_without_number_is_refused",
            ),
            *of(
                "unit/test_feed_reading",
                "what_takes_longer_or_more_memory_than_a_feed_may_is_refused_and_no_process_stays",
                "an_endless_feed_is_read_up_to_a_bound_and_says_so",
                "a_maze_of_tags_is_refused_before_it_costs_seconds",
                "an_item_whose_address_is_too_long_is_no_story_and_is_named",
            ),
            *of(
                "integration/test_schedule",
                "a_refused_feed_counts_its_failures_and_recovers",
                "among_good_stories_one_at_an_endless_address_is_left_out",
                "a_look_that_the_database_ends_counts_as_a_failure_of_the_feed",
            ),
            *of("integration/test_bot_store", "a_story_that_the_database_refuses_costs_the_others_nothing"),
            f"{CHAT}/test_commenting.py::test_under_a_story_that_can_take_no_comment_nobody_is_told_to_send_it_again",
        ),
    ),
    Case(
        13,
        "A regular expression, or a text, that takes for ever.",
        "The policy holds words and numbers, never a pattern; each of our own patterns ends on every text.",
        (
            "tests/security/test_patterns.py",
            *of("unit/test_rules", "no_text_makes_a_rule_slow"),
            *of("unit/test_feed_guarding", "no_piece_however_often_repeated_takes_for_ever"),
            *of("unit/test_sandbox_markup", "long_hostile_text_is_looked_through_at_once"),
            *of(
                "unit/test_classifier_normalise",
                "a_text_made_to_grow_does_not",
                "a_long_text_that_grows_without_a_blank_takes_no_longer_than_another",
            ),
            *of("unit/test_classifier_slugs", "no_text_is_read_for_long"),
        ),
    ),
    Case(
        14,
        "A model file that runs code, holds a type of no model, was altered, or has a name that leads elsewhere.",
        "Refused before it is read: by its hash, then by its types; nothing is ever unpickled.",
        of(
            "unit/test_classifier_files",
            "a_pickle_is_never_unpickled",
            "a_type_that_no_model_holds_is_refused",
            "a_spoilt_file_is_refused_before_it_is_parsed",
            "a_spoilt_file_is_refused_even_under_its_own_hash",
            "a_model_of_another_shape_is_refused",
            "a_hostile_archive_is_refused",
            "a_version_that_does_not_ship_is_refused_by_name",
        )
        + of("integration/test_learning", "a_version_nobody_knows_is_refused"),
    ),
    Case(
        15,
        "Words in disguise: invisible signs, letters of another script, wide letters, turned direction, stacked marks, "
        "letters that fold into many.",
        "The text is kept as written, scored by what it reads as, and shown so that it disturbs nothing around it.",
        (
            *of(
                "security/test_public_answers",
                "an_odd_text_is_kept_as_written_and_shown_so_that_it_disturbs_nobody",
            ),
            *of("unit/test_classifier_normalise", "what_hides_a_word_is_undone"),
            *of("model/test_fixed_lines", "another_spelling_is_decided_like_the_plain_one"),
            *of("integration/test_threads", "what_is_shown_can_not_disturb_the_page_around_it"),
            *of("e2e/test_sandbox_page", "an_override_of_direction_does_not_leave_its_bubble"),
            f"{CHAT}/test_bad_input.py::test_strange_words_pass_through_every_message_unharmed",
        ),
    ),
    Case(
        16,
        "Nothing, only signs that nobody sees, one character too many, and emoji that count twice.",
        "One unit, UTF-16, everywhere; a clear refusal; what is taken still fits every message.",
        (
            *of(
                "integration/test_intake",
                "what_a_reader_may_write_comes_back_as_it_was_written",
                "what_can_not_be_a_comment_is_refused_and_leaves_nothing_behind",
            ),
            f"{CHAT}/test_bad_input.py::test_what_is_no_comment_is_refused_at_once",
        ),
    ),
    Case(
        17,
        "A NUL in a text, a name, an address or a line.",
        "Left out of texts, refused elsewhere; both databases agree.",
        (
            *of("integration/test_intake", "a_nul_is_left_out", "a_key_that_no_database_could_keep_is_refused"),
            *of("contract/test_http_api", "what_cannot_be_answered_is_told_as_a_problem_with_its_code"),
            "tests/fuzz/test_screen.py",
            "tests/fuzz/test_http_api.py",
            "tests/fuzz/test_guided.py",
        ),
    ),
    Case(
        18,
        "Half a character (a lone surrogate) in JSON or in an address.",
        "Refused by name; it never reaches a database, a queue or the classifier.",
        (
            *of("integration/test_screen_command", "what_is_no_comment_is_refused_by_name"),
            f"{CHAT}/test_bad_input.py::test_what_is_no_comment_is_refused_at_once",
            f"{CHAT}/test_bad_input.py::test_a_press_that_cannot_be_read_is_answered_like_an_old_one",
            "tests/fuzz/test_updates.py",
            "tests/fuzz/test_http_api.py",
            "tests/fuzz/test_guided.py",
        ),
    ),
    Case(
        19,
        "One reader writes without pause, many write the same, one edits without end.",
        "Each has an allowance; floods and repeats are held for a person; nobody else waits for them.",
        (
            *of(
                "unit/test_middlewares",
                "commands_and_words_have_allowances_of_their_own_and_so_has_each_person",
                "who_is_too_fast_is_told_so_but_not_each_time",
            ),
            *of(
                "unit/test_rules",
                "more_comments_than_the_window_takes_are_a_flood",
                "the_same_text_again_is_a_repeat_unless_everybody_says_it",
            ),
            *of("integration/test_intake", "many_edits_at_once_become_one_revision_each_and_leave_one_to_screen"),
            f"{CHAT}/test_pacing.py::test_who_writes_much_keeps_nobody_else_waiting",
            f"{CHAT}/test_pacing.py::test_who_edits_much_is_told_of_what_stands_in_the_end",
            f"{CHAT}/test_bad_input.py::test_no_more_drafts_are_kept_than_are_promised",
        ),
    ),
    Case(
        20,
        "Button data that no button had: another comment's, of a moderator by a reader, old, too long, malformed.",
        "It names and never authorises: who presses is asked for their role at each press. Always answered; refusals "
        "are logged.",
        (
            f"{CHAT}/test_bad_input.py::test_a_forged_press_is_answered_and_changes_nothing",
            f"{CHAT}/test_moderators.py::test_who_left_the_group_can_decide_nothing",
            f"{CHAT}/test_moderators.py::test_only_who_decided_may_undo",
            f"{CHAT}/test_moderators.py::test_an_edit_closes_the_card_and_the_old_text_cannot_be_decided",
            *of(
                "unit/test_keyboards",
                "data_this_bot_never_wrote_is_nothing",
                "a_number_in_a_press_is_one_a_database_takes",
            ),
            "tests/fuzz/test_updates.py",
            "tests/fuzz/test_guided.py",
        ),
    ),
    Case(
        21,
        "Start links that were altered, are too long, or try to grant something; a login link used twice, late, or "
        "by somebody it was not meant for.",
        "A start link names a story and nothing else. A login link is random, works once, expires, and opens only the "
        "session of who asked for it.",
        (
            f"{CHAT}/test_first_story.py::test_a_tampered_link_is_a_kind_word_and_an_ordinary_start",
            f"{CHAT}/test_moderators.py::test_the_dashboards_link_works_once_and_for_who_asked",
            *of(
                "unit/test_keyboards",
                "a_shared_link_opens_the_story_and_grants_nothing",
            ),
            *of("unit/test_story", "a_tampered_payload_names_no_story"),
            *of("integration/test_login", "a_link_is_good_for_its_time_alone"),
        ),
    ),
    Case(
        22,
        "Tokens, secrets, links and readers' words in logs, metrics, error answers and tracebacks, while Telegram, "
        "Redis, the database and the parts fail.",
        "None in any of them.",
        (
            *of("security/test_canaries", "no_secret_and_no_readers_word_comes_out_whatever_goes_wrong"),
            *of("integration/test_supervisor", "no_log_holds_readers_words_or_tokens"),
            *of(
                "unit/test_telegram_session",
                "of_a_refusal_only_telegrams_own_words_are_repeated",
                "a_connection_that_fails_is_told_without_the_token",
            ),
            *of(
                "integration/test_web_api",
                "metrics_tell_numbers_and_nobodys_words",
                "a_request_that_is_none_leaves_no_byte_of_it_in_the_log",
                "an_error_of_ours_is_told_without_its_words",
            ),
            *of("integration/test_web_connections", "what_is_no_request_again_and_again_is_one_line"),
            *of("integration/test_database", "an_error_does_not_quote_what_was_to_be_written"),
            *of(
                "unit/test_database_address",
                "an_address_that_can_not_be_used_is_told_with_how_one_is_written",
            ),
            *of("unit/test_redis_address", "an_address_that_can_not_be_used_is_told_with_how_one_is_written"),
            *of("architecture/test_logs", "no_line_carries_what_people_wrote_or_what_opens_doors"),
        ),
    ),
    Case(
        23,
        "The API asked without pause, under forged addresses, for impossible pages, with altered cursors, or so that a "
        "cache would hand a lie to others; connections that are opened and say half a request, a byte now and then, or "
        "nothing.",
        "429 with the seconds to wait; only trusted proxies name another's address; a page has 1 to 100 items; a "
        "cursor is ours or refused; no header of one asker changes another's answer. A half request ends after ten "
        "seconds, or as soon as its place is needed; one address has half of the places at most.",
        (
            "tests/integration/test_web_connections.py",
            "tests/unit/test_web_connections.py",
            *of("integration/test_web_api", "an_address_that_asks_too_often_is_told_when_to_come_back"),
            "tests/unit/test_web_limits.py",
            *of(
                "integration/test_threads",
                "a_tampered_cursor_is_refused",
                "a_forged_cursor_that_is_well_formed_only_moves_the_page",
                "a_page_has_one_to_a_hundred_comments",
            ),
            *of("contract/test_http_api", "what_cannot_be_answered_is_told_as_a_problem_with_its_code"),
            *of(
                "security/test_public_answers",
                "no_header_of_one_who_asks_changes_what_a_cache_would_give_to_others",
                "a_parameter_that_is_none_of_ours_changes_nothing",
                "nobody_but_who_is_asked_by_the_desk_sees_what_is_not_published",
            ),
            "tests/fuzz/test_http_api.py",
            "tests/fuzz/test_guided.py",
        ),
    ),
    Case(
        24,
        "Another's data asked for or erased; words that come back after they were erased.",
        "Only one's own, by who sends the update and never by what a button says; gone everywhere, and whatever is "
        "replayed or restored brings nothing back.",
        (
            *of(
                "integration/chat/test_own_data",
                "nobody_gets_what_is_kept_of_somebody_else",
                "nobody_else_can_erase_a_reader",
                "an_erased_reader_is_found_nowhere_and_the_cards_lose_their_words",
                "whatever_is_replayed_brings_nothing_back",
            ),
            *of("integration/test_erased_on_the_web", "pages_api_counts_feed_and_stream_follow_an_erasure_at_once"),
            *of("integration/test_backup", "a_reader_erased_since_the_backup_stays_erased"),
            *of("integration/test_privacy", "an_erased_reader_is_found_nowhere"),
        ),
    ),
    Case(
        25,
        "A row of the audit changed or removed: by the application, by who has its password, by the database's own "
        "administrator; a reader erased from it.",
        "No code does it; triggers refuse it on both databases; on PostgreSQL grants do as well. What an administrator "
        "changes no longer fits the seals; seals that were all written anew no longer fit a head kept elsewhere. An "
        "erasure leaves them right.",
        (
            "tests/security/test_audit.py",
            *of("integration/test_enforcement", "the_audit_can_not_be_rewritten"),
            "tests/integration/test_sealer.py",
            "tests/integration/test_audit_command.py",
            "tests/unit/test_seals.py",
            *of(
                "integration/test_backup",
                "the_seals_on_the_audit_come_along_and_hold_for_who_is_erased_again",
            ),
        ),
    ),
    Case(
        26,
        "Somebody between the parts and PostgreSQL who answers in its place; an address whose wish for TLS is written "
        "wrongly.",
        "With sslmode=verify-full the certificate must be the host's and signed by who was named; a server without TLS "
        "gets no password. An option that is unknown, empty or given twice ends the start.",
        (
            "tests/integration/test_postgresql_tls.py",
            *of(
                "unit/test_database_address",
                "an_address_that_can_not_be_used_is_told_with_how_one_is_written",
            ),
        ),
    ),
)
"""In the order in which they are spoken of."""
