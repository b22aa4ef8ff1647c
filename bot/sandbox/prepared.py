"""The people and the group a new sandbox begins with."""

from __future__ import annotations

from bot.sandbox.state import MODERATORS_CHAT, Chat, Json, Person, World

PEOPLE: tuple[Json, ...] = (
    {"id": 1001, "is_bot": False, "first_name": "Emma", "username": "emma_reads", "language_code": "en"},
    {"id": 1002, "is_bot": False, "first_name": "Bilal", "username": "bilal_reads", "language_code": "ur"},
    {"id": 2001, "is_bot": False, "first_name": "Meera", "username": "meera_moderates", "language_code": "en"},
    {"id": 2002, "is_bot": False, "first_name": "Omar", "username": "omar_moderates", "language_code": "en"},
)
MODERATORS = (2001, 2002)


def prepare(world: World) -> None:
    """Put two readers, two moderators and the moderators' group into an empty world."""
    for user in PEOPLE:
        world.keep_person(Person(user=user))
    chat = {"id": MODERATORS_CHAT, "type": "supergroup", "title": "Baithak moderators"}
    members = {MODERATORS[0]: "creator", **dict.fromkeys(MODERATORS[1:], "member"), world.bot_id: "administrator"}
    world.keep_chat(Chat(chat=chat, members=members))
