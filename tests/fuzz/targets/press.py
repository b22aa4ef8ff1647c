"""A button's callback data and what stands behind `?start=`: read as what our buttons say, or as nothing."""

from __future__ import annotations

from bot import keyboards
from bot.keyboards import Ask
from bot.story import start_payload, story_of_link, story_of_payload
from moderation.policy import LANGUAGES
from tests.fuzz.test_updates import DATA
from tests.unit.test_keyboards import every_keyboard

WORDS = (*(f"{word}:".encode() for word in Ask), b"s1", b"?start=s", b"https://t.me/desk_bot")


def seeds() -> list[bytes]:
    """All that our keyboards write, what nobody wrote, and links."""
    written = [
        button.callback_data or button.url or ""
        for language in LANGUAGES
        for keyboard in every_keyboard(language)
        for row in keyboard.inline_keyboard
        for button in row
    ]
    links = ["s7", "s" + "9" * 16, "mod_1", "https://t.me/desk_bot?start=s7", "https://t.me/desk_bot?start=s7&start=s8"]
    return [one.encode("utf-8", "replace") for one in (*written, *DATA, *links, "approve:" + "9" * 18 + ":1")]


def check(data: bytes) -> None:
    """Read it in each way there is."""
    try:
        written = data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return
    press = keyboards.read(written)
    if press is not None:
        for place in range(len(press.names) + 1):
            number = press.number(place)
            assert number is None or 0 <= number < 2**63
            assert press.name(place) == (press.names[place] if place < len(press.names) else "")
        if not any("\ud800" <= letter <= "\udfff" for letter in written):
            assert len(data) <= keyboards.DATA_AT_MOST
            assert keyboards.read(keyboards.data(press.ask, *press.names)) == press
    for story in (story_of_payload(written), story_of_link(written)):
        assert story is None or (0 < story < 2**63 and story_of_payload(start_payload(story)) == story)
