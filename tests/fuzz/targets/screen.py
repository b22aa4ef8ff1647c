"""Lines for `baithak screen`, and texts in them: each is answered, no check breaks, the normal form keeps its places.

The classifier is the tests' own, so that thousands are tried a second; `classify` tries the one that ships.
"""

from __future__ import annotations

import json

from moderation.classifier.languages import detect_language
from moderation.classifier.normalise import LONGEST_KEPT, LONGEST_READ, normalise
from moderation.cli import screen
from moderation.config import load_policy
from moderation.screening import CHECKS, Screener
from tests.fake_classifier import FakeClassifier
from tests.fuzz.test_screen import check_answer
from tests.security.payloads import ODD_TEXTS, XSS

SCREENER = Screener(load_policy(), FakeClassifier(language=detect_language))
BROKEN = {check.__name__ for check in CHECKS}
"""What a finding is called where its check raised."""

PHRASES = (
    "You are all fools.", "+91 98765 43210", "House No. 12, Gali 4, Karol Bagh", "a@b.example", "see www.a.example/x",
    "y e h g a l a t h a i", "1d10t", "यह गलत है", "یہ غلط ہے", "هذا خطأ", "insult=0.9", "h t t p : / / a . b", "№ 5-б",
    "तू\u093cम", "can't", "i\u0301\u0301", "ﷺ", "http://[", "①②③", "hxxp://x.ru", "flat 3B, 221B Baker Street, London",
)  # fmt: skip
WORDS = tuple(word.encode() for phrase in PHRASES for word in (phrase, *phrase.split()))


def seeds() -> list[bytes]:
    """Texts (after a blank), and whole lines."""
    lines = [
        b'{"id": "7", "text": "You are all fools.", "language": "ur-Latn", "story": "https://n.example/a"}',
        b'{"id": 7, "text": "a", "story": "http://["}', b'{"id": true}', b"[" * 5000, b"\xef\xbb\xbf{}",
        b'{"id": "\\ud800"}',
    ]  # fmt: skip
    texts = [*PHRASES, *(text[:500] for text in (*XSS, *ODD_TEXTS.values()))]
    return [*lines, *(b" " + text.encode() for text in texts)]


def check(data: bytes) -> None:
    """Answer one line: the data themselves, or a line that holds them as its text."""
    line = data
    if data[:1] == b" ":
        line = json.dumps({"id": 1, "text": data[1:].decode("utf-8", "replace")}).encode()
    asked = screen.parse_line(2, line)
    (answer,) = screen._answers([asked], SCREENER)
    if isinstance(asked, screen.Refused):
        assert answer == {"line": 2, "error": asked.error} and asked.error
        return
    text = asked.subject.text
    check_answer(json.loads(json.dumps(answer, ensure_ascii=False).encode()), text)
    assert BROKEN.isdisjoint(finding["check"] for finding in answer["findings"]), answer["findings"]
    keeps_its_places(text)


def keeps_its_places(text: str) -> None:
    """The normal form is bounded, has single spaces, and knows of each letter where it came from."""
    normal = normalise(text)
    assert len(normal.offsets) == len(normal.text) <= LONGEST_KEPT
    assert list(normal.offsets) == sorted(normal.offsets)
    assert all(0 <= place < min(len(text), LONGEST_READ) for place in normal.offsets)
    assert "  " not in normal.text and normal.text == normal.text.strip(" ")
