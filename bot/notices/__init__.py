"""Outcomes in; authors told, and the moderators' cards posted and closed.

readers  one notice for each revision, edited into the machine's outcome
desk     review cards and the summary, kept true
switchboard  the group told of every switch
"""

from bot.notices.desk import Desk
from bot.notices.readers import ReaderNotices
from bot.notices.switchboard import Switchboard

__all__ = ["Desk", "ReaderNotices", "Switchboard"]
