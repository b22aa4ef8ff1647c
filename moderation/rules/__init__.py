"""Checks without a model: pure, their facts handed in, their findings stretches of the comment's own text.

links           links to places the policy does not name
personal_data   telephone numbers, e-mail and home addresses
banned_words    words the site does not print, however they are spelt
habits          flooding and repeating
"""

from moderation.rules.banned_words import BannedWords, Folded
from moderation.rules.habits import Facts, floods, repeats
from moderation.rules.links import Link, links_elsewhere, links_in
from moderation.rules.personal_data import home_addresses, mail_addresses, phone_numbers

__all__ = [
    "BannedWords",
    "Facts",
    "Folded",
    "Link",
    "floods",
    "home_addresses",
    "links_elsewhere",
    "links_in",
    "mail_addresses",
    "phone_numbers",
    "repeats",
]
