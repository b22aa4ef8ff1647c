"""Examples written by us: phrases of seven written languages, filled with names, kind and unkind alike.

Each group, place and person stands in clean sentences and in abusive ones, as often in either, so that a name alone
tells nothing. The phrases are in one TOML file a language; this only fills them. No text of anybody else is used.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources

from moderation.classifier.data import Example
from moderation.classifier.labels import LABELS
from moderation.classifier.sources import OURS

FILES: Mapping[str, tuple[str, ...]] = {
    "en": ("en",), "hi": ("hi",), "ur": ("ur",), "mr": ("mr",), "ar": ("ar",), "roman": ("hi-Latn", "ur-Latn"),
}  # fmt: skip

# What a phrase of a kind says for certain. The other labels are not known: an insult may be obscene or not.
CERTAIN: Mapping[str, Mapping[str, bool]] = {
    "clean": dict.fromkeys(LABELS, False),
    "insult": {"toxic": True, "insult": True, "threat": False, "identity_hate": False, "sexual": False, "spam": False},
    # A curse at nobody: whether that is toxic is a matter of taste, that it is no hate is not.
    "profane": {"obscene": True, "threat": False, "identity_hate": False, "sexual": False, "spam": False},
    "obscene": {"toxic": True, "obscene": True, "threat": False, "identity_hate": False, "spam": False},
    "threat": {"toxic": True, "threat": True, "identity_hate": False, "spam": False},
    "hate": {"toxic": True, "identity_hate": True, "sexual": False, "spam": False},
    "severe": {"toxic": True, "severe": True, "spam": False},
    "sexual": {"sexual": True, "identity_hate": False},
    "spam": {"spam": True, "threat": False, "insult": False, "identity_hate": False, "severe": False},
}
# Times a phrase is filled when it has the slot; the most of its slots counts. A phrase without slots is taken once.
FILLINGS = {
    "i": 8,
    "s": 16,
    "g": 5,
    "go": 5,
    "a": 5,
    "h": 5,
    "b": 8,
    "k": 8,
    "v": 12,
    "u": 12,
    "x": 16,
    "y": 16,
    "d": 8,
    "f": 8,
    "c": 10,
    "w": 6,
    "t": 6,
    "p": 5,
    "q": 5,
    "n": 3,
}
HELD_OUT = 20  # one phrase in this many is kept for calibration, with all its fillings
# A text of which no n-gram is known says nothing, and must score low: a model of rare abuse starts too high otherwise.
# So do numbers, signs and the commonest emoji by themselves.
BLANKS = 300
SIGNS = (
    "1 +1 100% 2026 7/10 12.30 5 ! !! !!! ? ?! ?? ... :) :( ;) <3 - $500 "
    "👍 👏 🙏 ❤️ 😂 😭 😢 💔 😡 🔥 😱 🤔 🎉 💯 😍 🌹 😊 🥲 🎂 ✨ 🎁 😎 😄 🥳 🏆 🥇 ⚽ 🏏 ☮️ 🕉️ ✝️ ☪️ ✡️ 🌙 ⭐ 🌟 "
    "💐 🤲 💪 👌 🤝 😔 😞 😥 😓 😴 🤗 😇 🙂 😉 😁 😃 🤣 😅 😆 🥰 😘 🤩 😌 🙄 😐 😑 😒 😕 😟 🥺 😳 😲 😠 💕 💖 💙 "
    "💚 💛 🧡 💜 🖤 🤍 🌸 🌺 🌻 🌷 🍀 ☀️ 🌈 🌧️ ❄️ ⚡ 🕊️ 📚 📰 🎵 ✅ ❌ ❓ ❗ 💣 🕯️ 👀 👋 ✌️ 🤞 🚩 🏅 🥈 🚀 "
    "🇮🇳 🇵🇰 🇵🇸 🇮🇱 🇨🇳 🇸🇦 🇦🇪 🇺🇦 🇮🇷 🇪🇬 🇧🇩 🇦🇫 🇺🇸 🇬🇧 🇷🇺 🇹🇷 🇱🇧 🇸🇾 🇾🇪 🇮🇶 🇲🇦"
)
IN_A_ROW = (1, 1, 1, 2, 3)  # how often a sign stands in each example of it
# Romanised words have no one spelling.
SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "hai": ("hai", "he", "h", "hay"), "hain": ("hain", "hai", "hein", "hn"), "nahi": ("nahi", "nahin", "nhi", "nai"),
    "mein": ("mein", "me", "main", "mai"), "aur": ("aur", "or", "our"), "ko": ("ko", "ku", "ko"), "tum": ("tum", "tm"),
    "kya": ("kya", "kia", "kiya"), "bohat": ("bohat", "bahut", "boht", "bht"), "acha": ("acha", "accha", "achha"),
    "mujhe": ("mujhe", "mujy", "muje"), "ghalat": ("ghalat", "galat"), "bhi": ("bhi", "b"), "ke": ("ke", "kay", "k"),
    "karo": ("karo", "kro"), "kar": ("kar", "kr"), "par": ("par", "pe", "pr"), "ho": ("ho", "hu"),
    "liye": ("liye", "lie"), "tujhe": ("tujhe", "tuje", "tujhy"), "teri": ("teri", "tri"),
    "raha": ("raha", "rha"), "rahe": ("rahe", "rhe"), "tumhe": ("tumhe", "tumhein", "tumhain", "tumhay", "tumko"),
    "dunga": ("dunga", "doonga", "dunga", "doongi", "dungi", "dun ga"), "denge": ("denge", "dengay", "dein ge"),
    "karunga": ("karunga", "karoonga", "karungi", "krunga"), "qatal": ("qatal", "qatl", "katal", "katl"),
    "maar": ("maar", "mar"), "phansi": ("phansi", "fansi", "phaansi"), "hoon": ("hoon", "hun", "hu"),
    "auraton": ("auraton", "aurton", "auratoun"), "auratein": ("auratein", "aurten", "aurtein"),
    "aqal": ("aqal", "akal", "aql"), "yaad": ("yaad", "yad"), "khoon": ("khoon", "khun"), "qatil": ("qatil", "katil"),
    "aap": ("aap", "ap"), "insan": ("insan", "insaan"), "wo": ("wo", "woh", "vo"),
}  # fmt: skip
HASTY = 0.1  # of the longer words in Latin letters have a vowel too few or too many


def own_examples(*, held_out: bool = False) -> list[Example]:
    """The examples to train with, or those held out: no phrase is in both. The same ones each time."""
    return list(_all(held_out))


@cache
def _all(held_out: bool) -> tuple[Example, ...]:
    return (
        *(example for name in FILES for example in _of_file(name, held_out)),
        *(Example(text, "und", f"{OURS}blank", (False,) * len(LABELS)) for text in _alone(held_out)),
    )


def _alone(held_out: bool) -> list[str]:
    """Nothing, and signs by themselves; held out are pairs of them."""
    signs = SIGNS.split(" ")
    if held_out:
        return [f"{one} {other}" for step in (1, 7) for one, other in zip(signs, signs[step:], strict=False)]
    return [*[""] * BLANKS, *(sign * times for times in IN_A_ROW for sign in signs)]


def _of_file(name: str, held_out: bool) -> Iterator[Example]:
    raw = resources.files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
    phrases = tomllib.loads(raw)
    for kind, certain in CERTAIN.items():
        known = tuple(certain.get(label) for label in LABELS)
        for place, phrase in enumerate(phrases[kind]):
            if (place % HELD_OUT == HELD_OUT - 1) != held_out:
                continue
            chance = random.Random(f"{name} {kind} {place}")  # the same examples each time, no secret
            seen: set[str] = set()
            for turn in range(_fillings(phrase)):
                text = _filled(phrase, phrases, chance)
                if name == "roman":
                    text = _respelled(text, chance)
                if text not in seen:
                    seen.add(text)
                    languages = FILES[name]
                    yield Example(text, languages[(place + turn) % len(languages)], f"{OURS}{name}", known)


def _fillings(phrase: str) -> int:
    return max((count for slot, count in FILLINGS.items() if "{" + slot + "}" in phrase), default=1)


def _filled(phrase: str, phrases: Mapping[str, Sequence[str]], chance: random.Random) -> str:
    here, there = chance.sample(phrases["groups"], 2)
    near, far = chance.sample(phrases["places"], 2)
    group, group_other = here.split("|")
    other, other_other = there.split("|")
    # What is said of a group may itself name a place or a matter.
    phrase = phrase.replace("{k}", chance.choice(phrases["good"]))
    return phrase.format(
        b=chance.choice(phrases["bad"]), d=chance.choice(phrases["deeds"]),
        f=chance.choice(phrases["women"]), c=chance.choice(phrases["criminals"]),
        g=group, go=group_other, a=group_other, h=other, ho=other_other, p=near, q=far,
        w=chance.choice(phrases["people"]), t=chance.choice(phrases["matters"]), i=chance.choice(phrases["insults"]),
        s=chance.choice(phrases["slurs"]), v=chance.choice(phrases["virtues"]), u=chance.choice(phrases["vices"]),
        x=chance.choice(phrases["things"]), y=chance.choice(phrases["harsh"]),
        n=chance.randint(2, 99),
    )  # fmt: skip


def _respelled(text: str, chance: random.Random) -> str:
    return " ".join(_typed(chance.choice(SPELLINGS.get(word, (word,))), chance) for word in text.split(" "))


def _typed(word: str, chance: random.Random) -> str:
    vowels = [place for place, letter in enumerate(word) if place and letter in "aeiou"]
    if len(word) < 4 or not word.isalpha() or not vowels or chance.random() > HASTY:
        return word
    place = chance.choice(vowels)
    return word[:place] + word[place] * chance.choice((0, 2)) + word[place + 1 :]
