"""Outcomes in; authors told, and the moderators' cards posted and closed; and administrators told what is wrong.

readers  one notice for each revision, edited into the machine's outcome
desk     review cards and the summary, kept true
progress how far an editor's story is
switchboard  the group told of every switch
watch    alarms to administrators, once each, and once when they are over
"""

from bot.notices.desk import Desk
from bot.notices.progress import Progress
from bot.notices.readers import ReaderNotices
from bot.notices.switchboard import Switchboard
from bot.notices.watch import Rules, Watch

__all__ = ["Desk", "Progress", "ReaderNotices", "Rules", "Switchboard", "Watch"]
