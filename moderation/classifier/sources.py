"""What is known of each file of comments that the shipped model may learn from: licence, trust, traps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from moderation.classifier.labels import LABELS

NOT_COMMERCIAL = "_NC"
OURS = "ours_"  # how the source of the examples written by us begins
RESPELT = "_respelt"  # how the source of examples ends that were written again in other letters


@dataclass(frozen=True, slots=True)
class Source:
    """How far a file's labels are believed.

    `weight` scales every example of it; `not_clean` names labels whose 0 there means "not sure" and is forgotten;
    `stated` is False where no licence was found.
    """

    licence: str
    stated: bool = True
    weight: float = 1.0
    not_clean: tuple[str, ...] = ()

    def trusted(self, known: Sequence[bool | None]) -> tuple[bool | None, ...]:
        return tuple(
            None if value is False and label in self.not_clean else value
            for label, value in zip(LABELS, known, strict=True)
        )


RESPELT_WEIGHT = 0.7
"""What an example written again counts beside one that somebody wrote so."""

_OURS = Source("MIT (written for this project)", weight=1.8)
_NOT_STATED = "not stated"
_JIGSAW = "CC0 believed (Jigsaw data); carrier states none"

SOURCES: dict[str, Source] = {
    "ar_alakrot_youtube": Source(_NOT_STATED + " (carrier GPL-3.0)", stated=False),
    "ar_arpufi": Source(_NOT_STATED + " (carrier GPL-3.0)", stated=False),
    "ar_letmi_misogyny": Source(_NOT_STATED + " (carrier GPL-3.0)", stated=False, weight=0.5),
    "ar_lhsab": Source(_NOT_STATED, stated=False),
    "ar_mlma": Source("MIT", weight=0.5),
    "ar_osact4": Source(_NOT_STATED, stated=False),
    "ar_textdetox_toxic_only": Source("OpenRAIL++", weight=0.5),
    "en_abcnews_headlines_clean": Source("CC0 believed; carrier states none", weight=0.5),
    "en_civil_toxic_only": Source("CC0 believed (Jigsaw data); carrier MIT", weight=0.7),
    # Every comment there was chosen as toxic, so its 0 is raters who disagree.
    "en_civil_toxicspans": Source("CC0 1.0", not_clean=("toxic",)),
    "en_davidson": Source("MIT", weight=0.3),
    "en_dynahate": Source("CC BY 4.0 believed; carrier MIT", weight=0.7),
    "en_edos": Source("CC0 1.0"),
    "en_hasoc": Source(_NOT_STATED, stated=False, weight=0.5),
    "en_hatemojibuild": Source("CC BY 4.0", weight=0.7),
    "en_implicit_hate": Source("carrier MIT; original MIT believed", weight=0.7),
    "en_jigsaw_wiki_binary": Source(_JIGSAW),
    "en_jigsaw_wiki_more": Source(_JIGSAW, weight=1.5),
    "en_jigsaw_wiki_small": Source("CC0; carriers Apache-2.0", weight=1.5),
    "en_misogyny_reddit": Source("MIT"),
    "en_paradetox": Source("CC0 1.0", weight=0.7),
    "en_ruddit_reddit": Source(_NOT_STATED, stated=False),
    "en_sbic": Source("CC BY 4.0"),
    "en_stormfront": Source("CC BY-SA 3.0 ES", weight=0.5),
    "en_surge": Source("MIT"),
    "en_toxigen_annotated": Source("CDLA-Permissive 2.0, MIT"),
    "en_toxigen_demonstrations": Source("CDLA-Permissive 2.0, MIT"),
    "en_wiki_context_cat": Source("carrier Apache-2.0; text CC BY-SA", weight=0.7),
    "en_wikitext_violence_identity_clean": Source("CC BY-SA 3.0 believed; carrier states none"),
    "hi-Latn_bohra_hate": Source(_NOT_STATED + " (carrier MIT)", stated=False, weight=0.5),
    "hi_hasoc": Source(_NOT_STATED, stated=False, weight=0.7),
    "hi_macd": Source(_NOT_STATED, stated=False),
    "hi_textdetox_toxic_only": Source("OpenRAIL++", weight=0.5),
    "mr_mold": Source("CC BY 4.0"),
    "mr_tatoeba_clean": Source("CC BY 2.0 FR believed; carrier states none", weight=0.2),
    "spam_ar_sms_synthetic": Source(_NOT_STATED, stated=False, weight=0.5),
    "spam_hi_sms_mt": Source("carrier MIT; CC BY 4.0 believed", weight=0.5),
    "spam_reddit_ads": Source(_NOT_STATED, stated=False, weight=0.7),
    "spam_sms": Source("carrier MIT; the collection's own line not read"),
    "spam_youtube_comments": Source(_NOT_STATED, stated=False),
    "ur-Latn_ruhsold": Source("MIT"),
    "ur_hs_tweets": Source(_NOT_STATED, stated=False, weight=0.5),
    "ur_nuhons_youtube": Source(_NOT_STATED, stated=False),
    # "Threat" is read widely there: wishes of death and talk of war are in it.
    "ur_threat_tweets": Source(_NOT_STATED, stated=False, weight=0.4),
    "ur_uad_youtube": Source(_NOT_STATED, stated=False),
}


def source_named(stem: str) -> Source:
    """A file that is not known here is believed as it stands, and its licence is not stated."""
    if stem.startswith(OURS):
        return _OURS
    if stem.endswith(RESPELT):
        source = source_named(stem.removesuffix(RESPELT))
        return replace(source, weight=source.weight * RESPELT_WEIGHT)
    return SOURCES.get(stem, Source(_NOT_STATED, stated=False))
