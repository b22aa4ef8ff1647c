"""Every form of the groups' names, normalised: `python -m moderation.classifier.group_forms` writes them anew.

They are kept as a file because forty thousand forms take half a second to normalise, and a worker starts in less.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from itertools import product
from pathlib import Path

from moderation.classifier.groups import FORMS
from moderation.classifier.normalise import normalise

NAMES = "groups.toml"
AT_ONCE = 150  # forms normalised together: well under the longest text read


def group_forms() -> str:
    """What the file of forms holds."""
    raw = tomllib.loads(resources.files(__package__).joinpath(NAMES).read_text(encoding="utf-8"))
    forms = set(_normal(sorted({form for table in raw["names"] for form in _forms(table)})))
    content = {
        "words": " ".join(sorted(form for form in forms if " " not in form)),
        "phrases": sorted(form for form in forms if " " in form),
        "people": " ".join(sorted(_normal(raw["people"]))),
        "beside": " ".join(sorted(_normal(raw["beside_people"]))),
    }
    return json.dumps(content, ensure_ascii=False, indent=0) + "\n"


def _forms(table: Mapping[str, Sequence[str]]) -> Iterator[str]:
    parts = (table.get("prefixes", ("",)), table["stems"], table.get("endings", ("",)), table.get("cases", ("",)))
    return ("".join(form) for form in product(*parts))


def _normal(forms: Sequence[str]) -> list[str]:
    """The forms normalised, many at a time: one by one, forty thousand take most of a second."""
    several = [normalise(form).text for form in forms if " " in form or "-" in form]
    single = [form for form in forms if " " not in form and "-" not in form]
    chunks = [" ".join(single[first : first + AT_ONCE]) for first in range(0, len(single), AT_ONCE)]
    return [*several, *(form for chunk in chunks for form in normalise(chunk).text.split(" "))]


if __name__ == "__main__":
    Path(__file__).with_name(FORMS).write_text(group_forms(), encoding="utf-8")
