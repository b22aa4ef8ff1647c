"""What the classifier knows: its labels and its languages."""

from __future__ import annotations

LABELS: tuple[str, ...] = ("toxic", "severe", "insult", "threat", "obscene", "identity_hate", "sexual", "spam")

# Written languages; "und" is any other, or none. The last one's calibration serves what has none.
LANGUAGES: tuple[str, ...] = ("en", "hi", "hi-Latn", "ur", "ur-Latn", "mr", "ar", "und")
