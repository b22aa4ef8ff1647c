"""Outcomes in; authors told, and the moderators' cards posted and closed.

readers  one notice for each revision, edited into the machine's outcome
desk     review cards and the summary, kept true
"""

from bot.notices.desk import Desk
from bot.notices.readers import ReaderNotices

__all__ = ["Desk", "ReaderNotices"]
