"""Nobody gives us a regular expression: what the policy holds is words, and words with signs in them are only words."""

from __future__ import annotations

import pytest

from moderation.classifier import normalise
from moderation.errors import PolicyError
from moderation.policy import RULES, parse_policy
from moderation.rules import BannedWords

EVIL = "(a+)+$"
POLICY = """
version = "2026-11"
[[clauses]]
id = "3.2"
[rules.banned_words]
clause = "3.2"
then = "hold"
words = [{words}]
hold = []
{more}
"""


def test_a_rule_takes_words_and_numbers_and_nothing_else() -> None:
    assert {kind for parameters in RULES.values() for kind in parameters.values()} == {list, int}
    assert not any(
        word in name for parameters in RULES.values() for name in parameters for word in ("pattern", "regex")
    )


@pytest.mark.parametrize("more", ['pattern = "(a+)+$"', 'regex = "x"', 'words_regex = ["x"]'])
def test_a_policy_with_a_pattern_in_it_is_refused(more: str) -> None:
    with pytest.raises(PolicyError, match="needs exactly"):
        parse_policy(POLICY.format(words='"fool"', more=more))


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "word", [EVIL, "(x+x+)+y", "([a-z]+)*$", "a{1,9999}{1,9999}", "(?=(a+))a*b", "^(a|a?)+$", ".*" * 20]
)
def test_a_banned_word_that_reads_like_a_slow_pattern_is_looked_for_as_a_word(word: str) -> None:
    parse_policy(POLICY.format(words=repr(word), more=""))
    banned = BannedWords([word], fold=normalise)
    # As a pattern it would be looked for until the sun is cold; what is left of it without signs may be found.
    for text in ("a" * 4000 + "!", "x" * 4000, "aA" * 2000 + "\n"):
        assert len(banned.find(normalise(text))) <= 1
