"""Training: known labels only, the same file each time, whole or not at all; and what evaluation makes of it."""

from __future__ import annotations

import gzip
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from moderation.classifier import LABELS, Adapter, Classifier, compare, evaluate, load, shipped
from moderation.classifier import train as train_stages
from moderation.classifier.calibration import CLEAN_ENOUGH, calibrate, measure
from moderation.classifier.data import Example, read_examples
from moderation.classifier.encoder import WIDTH
from moderation.classifier.examples import own_examples
from moderation.classifier.features import NgramCounter
from moderation.classifier.labels import LANGUAGES
from moderation.classifier.ngrams import grams
from moderation.classifier.second import Heads
from moderation.classifier.weights import balance, imply, known_matrix
from tests import labelled
from tests.model_files import additions, opened

train = partial(train_stages, stages="fast")
"""What the second stage learns has a test of its own: reading each example takes it minutes."""


def quiet(line: str) -> None:
    """Progress nobody reads."""


@pytest.fixture(scope="module", autouse=True)
def few_of_ours() -> Iterator[None]:
    """Each fifth example of ours: what a training is like shows with few, and in a fraction of the time."""
    with pytest.MonkeyPatch.context() as patch:
        few = {side: own_examples(held_out=side)[::5] for side in (False, True)}
        patch.setattr("moderation.classifier.training.own_examples", lambda *, held_out=False: few[held_out])
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "made_up"
    labelled.write(folder, "en_made_up", labelled.comments())
    return folder


@pytest.fixture(scope="module")
def trained(folder: Path) -> Classifier:
    model = train(folder, out=folder.parent / "model.skops", version="test.1", progress=quiet)
    return load(model.path, sha256=model.sha256)


def test_a_tiny_training_learns_a_word_it_has_never_seen_before(trained: Classifier) -> None:
    rude, kind = trained.classify(["a zorg is what you are", "thank you, a good report"])
    assert rude.scores["toxic"] > 0.5 > kind.scores["toxic"]
    assert any("zorg" in "a zorg is what you are"[begin:end] for begin, end in rude.spans["toxic"])


def test_the_same_files_give_the_same_model(folder: Path, tmp_path: Path) -> None:
    models = [train(folder, out=tmp_path / name, version="test.1", progress=quiet) for name in ("a.skops", "b.skops")]
    assert models[0].sha256 == models[1].sha256


RUDE_OF_OURS = frozenset(
    example.text for side in (False, True) for example in own_examples(held_out=side) if example.known[0]
)


class Told:
    """Vectors of an encoder that knows which comments are rude, and nothing else."""

    def __init__(self, encoder: Path, folder: Path | None, adapter: Adapter | None) -> None:
        self.adapter = adapter

    def of(self, texts: Sequence[str], *, progress: Callable[[str], None]) -> np.ndarray[Any, Any]:
        noise = np.random.default_rng(0).standard_normal((len(texts), WIDTH))
        noise[:, 0] += [4 * ("zorg" in text or text in RUDE_OF_OURS) for text in texts]
        return noise.astype(np.float32)


def test_the_second_stage_learns_what_its_encoder_knows_and_the_same_each_time(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moderation.classifier.training.encoder_file", lambda: tmp_path)
    monkeypatch.setattr("moderation.classifier.training.encoder_hash", lambda path: "0" * 64)
    monkeypatch.setattr("moderation.classifier.training.Vectors", Told)
    adapter = Adapter(additions(size=0.01))
    models = [
        train_stages(folder, out=tmp_path / name, version="test.1", progress=quiet, adapter=adapter)
        for name in ("a.skops", "b.skops")
    ]
    assert models[0].sha256 == models[1].sha256
    assert Adapter(opened(models[0].path)["second"]["adapter"]) == adapter
    heads = Heads.read(opened(models[0].path)["second"])
    known, unknown = np.zeros((2, 1, WIDTH), np.float32)
    known[0, 0] = 4
    toxic = LABELS.index("toxic")
    assert heads.own_margins(known)[0, toxic] > heads.own_margins(unknown)[0, toxic] + 1
    assert heads.share[:, toxic].max() > 0
    assert (heads.share[:, LABELS.index("severe")] == 0).all()
    fast = load(models[0].path, sha256=models[0].sha256, stages="fast")
    assert (heads.slope[heads.share == 0] == fast.calibration[0][heads.share == 0]).all()


def test_a_folder_without_comments_is_refused_and_the_model_in_place_stays(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    out = tmp_path / "model.skops"
    out.write_bytes(b"the one in use")
    with pytest.raises(ValueError, match="labelled comments"):
        train(tmp_path / "empty", out=out, version="test.1", progress=quiet)
    assert out.read_bytes() == b"the one in use"


def test_files_for_measuring_only_are_never_learned_from(folder: Path, tmp_path: Path) -> None:
    mixed = tmp_path / "mixed"
    labelled.write(mixed, "en_made_up", labelled.comments())
    labelled.write(mixed, "en_only_to_measure_NC", [(f"florp {n}", "en", {"toxic": 1}) for n in range(200)])
    model = train(mixed, out=tmp_path / "model.skops", version="test.1", progress=quiet)
    assert not any(source.endswith("_NC") for source in model.figures["examples"])


def test_hindi_is_learned_from_once_more_in_latin_and_in_urdu_letters_and_no_held_out_comment_is(
    tmp_path: Path,
) -> None:
    rows = [(f"यह खबर {turn} अच्छी है", "hi", {"toxic": 0}) for turn in range(40)]
    rows += [(f"तुम {turn} ज़ोर्ग हो", "hi", {"toxic": 1}) for turn in range(40)]
    labelled.write(tmp_path / "train", "hi_made_up", rows)
    labelled.write(tmp_path / "dev", "hi_made_up", rows[:2])
    model = train(tmp_path / "train", out=tmp_path / "model.skops", version="test.1", progress=quiet)
    counts = model.figures["examples"]
    assert (counts["hi_made_up"], counts["hi_made_up_respelt"]) == (80, 160)
    loaded = load(model.path, sha256=model.sha256, stages="fast")
    kind, rude = loaded.scores(["yeh khabar acchi hai", "tum zorg ho"])[0][:, LABELS.index("toxic")]
    assert rude > kind


def test_an_empty_cell_is_not_known_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    labelled.write(tmp_path, "en_one", [("hello", "en", {"toxic": 0})])
    example = next(iter(read_examples(tmp_path)))
    assert example.known == (False, *[None] * (len(LABELS) - 1))
    labelled.write(tmp_path, "en_two", [("hello", "en", {"toxic": 2})])
    with pytest.raises(ValueError, match=r"en_two\.csv\.gz, line 2"):
        list(read_examples(tmp_path))


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    path = labelled.write(tmp_path, "en_one", labelled.comments(3))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match=r"en_one\.csv\.gz can't be read"):
        list(read_examples(tmp_path))


def test_a_word_list_is_no_file_of_comments(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "words.csv.gz", "wt", encoding="utf-8") as file:
        file.write("word,lang\nzorg,en\n")
    assert list(read_examples(tmp_path)) == []


def example(*, toxic: bool | None, source: str = "made_up", language: str = "en") -> Example:
    return Example("text", language, source, (toxic, *[None] * (len(LABELS) - 1)))


def test_a_long_file_does_not_drown_a_short_one() -> None:
    examples = [example(toxic=bool(n % 2), source="long") for n in range(1000)]
    examples += [example(toxic=bool(n % 2), source="short") for n in range(100)]
    asked = known_matrix(examples)
    weights = balance(examples, asked, asked)[:, 0]
    assert weights[:1000].sum() < 6 * weights[1000:].sum()
    assert np.isclose(weights.mean(), 1.0)


def test_what_is_not_known_of_a_comment_rated_clean_counts_less_than_an_answer() -> None:
    examples = [example(toxic=False), example(toxic=True)] * 50
    asked = known_matrix(examples)
    known = imply(asked)
    assert known[0].tolist() == [0.0] * len(LABELS)
    assert np.isnan(known[1, 1:]).all()
    assert balance(examples, known, asked).shape == known.shape


def test_what_we_wrote_ourselves_does_not_say_where_a_language_has_its_zero() -> None:
    spread = np.linspace(0, 1, CLEAN_ENOUGH)

    def zero(*begins: tuple[str, float]) -> float:
        """The margin that scores 0.5 where each set's clean comments begin at its own, and abuse is two higher."""
        clean = np.concatenate([spread + begin for _, begin in begins])
        margins = np.concatenate([clean, clean + 2])[:, None].repeat(len(LABELS), axis=1)
        known = np.repeat([0.0, 1.0], len(clean))[:, None].repeat(len(LABELS), axis=1)
        sources = [source for source, _ in begins for _ in spread] * 2
        slope, shift = calibrate(measure(margins, known, ["en"] * len(sources), sources))
        return float(-shift[0, 0] / slope[0, 0])

    read = ("read_once", 1.0), ("read_twice", 2.0)
    assert zero(*read, ("ours_en", -1.0), ("ours_blank", -1.0)) == pytest.approx(zero(*read))
    assert zero(("ours_en", -1.0)) < zero(*read)


def test_a_set_of_another_language_does_not_say_where_this_one_has_its_zero() -> None:
    spread = np.linspace(0, 1, CLEAN_ENOUGH)

    def zero(taken_for_urdu: int) -> float:
        """Urdu's zero, with so many of a set in English taken for it, whose clean comments begin three higher."""
        urdu, english = spread, np.linspace(3, 4, 20 * CLEAN_ENOUGH)
        clean = np.concatenate([urdu, english])
        margins = np.concatenate([clean, clean + 2])[:, None].repeat(len(LABELS), axis=1)
        known = np.repeat([0.0, 1.0], len(clean))[:, None].repeat(len(LABELS), axis=1)
        sources = [*["theirs_ur"] * len(urdu), *["theirs_en"] * len(english)] * 2
        languages = ["ur"] * (len(urdu) + taken_for_urdu) + ["en"] * (len(english) - taken_for_urdu)
        slope, shift = calibrate(measure(margins, known, languages * 2, sources))
        place = LANGUAGES.index("ur")
        return float(-shift[place, 0] / slope[place, 0])

    assert zero(CLEAN_ENOUGH + 1) == pytest.approx(zero(0))
    assert zero(3 * CLEAN_ENOUGH) > zero(0) + 1


@pytest.mark.parametrize("language", ["und", "ur"])
def test_what_only_we_told_the_clean_of_is_held_as_rarely_as_any_language(language: str) -> None:
    def zeros(margin: float) -> tuple[float, float]:
        """The margins that score 0.5 in English and in this language, where 200 of ours have this one."""
        rows = 400
        margins = np.zeros((rows + 200, len(LABELS)))
        margins[:rows, 0] = np.where(np.arange(rows) % 2, 2.0, -2.0) + np.linspace(-1, 1, rows)
        margins[rows:, 0] = margin
        known = np.full_like(margins, np.nan)
        known[:rows, 0] = np.arange(rows) % 2
        known[rows:, 0] = 0
        languages, sources = ["en"] * rows + [language] * 200, ["theirs"] * rows + ["ours_blank"] * 200
        slope, shift = calibrate(measure(margins, known, languages, sources))
        zero = -shift[:, 0] / slope[:, 0]
        return zero[LANGUAGES.index("en")], zero[LANGUAGES.index(language)]

    english, alone = zeros(3.0)
    assert alone == pytest.approx(3.0)
    assert alone > english
    english, alone = zeros(-9.0)
    assert alone == pytest.approx(english)


def test_each_ngram_found_is_where_it_says() -> None:
    texts = ["you are an idiot", "", "ok", "तू गधा है"]
    found = grams(texts)
    shown = {
        texts[document][begin:end]
        for document, begin, end in zip(found.documents, found.begins, found.ends, strict=True)
    }
    assert {"idiot", "an idiot", "idi", "diot", "गधा", "तू गधा"} <= shown
    assert 1 not in found.documents


def test_a_word_has_the_same_ngrams_wherever_it_stands() -> None:
    alone = set(grams(["idiot"]).places.tolist())
    assert alone <= set(grams(["ok", "what an idiot says"]).places.tolist())


def test_rare_ngrams_are_left_out() -> None:
    counter = NgramCounter(min_documents=2).fit(["same word", "same thing"])
    assert counter.transform(["same"]).sum() > 0
    assert counter.transform(["thing"]).sum() < counter.transform(["same"]).sum()


def test_names_stand_in_kind_and_in_unkind_examples_of_ours() -> None:
    examples = own_examples()
    for name in ("Muslims", "Hindus", "यहूदी", "ہندو", "دلت", "मुस्लिम", "الشيعة", "shia"):
        sides = {example.known[0] for example in examples if name in example.text}
        assert {True, False} <= sides, name


def test_no_phrase_of_ours_is_both_learned_and_measured_with() -> None:
    learned = {example.text for example in own_examples()}
    held_out = {example.text for example in own_examples(held_out=True)}
    assert len(held_out) > 300
    assert len(learned & held_out) < 10
    assert own_examples() == own_examples()


def test_evaluation_tells_good_from_bad(trained: Classifier, folder: Path) -> None:
    evaluation = evaluate(trained, folder, progress=quiet)
    figure = next(figure for figure in evaluation.labels if figure.label == "toxic")
    assert figure.auc > 0.95
    assert {outcome.side for outcome in evaluation.outcomes} == {"clean", "abuse"}
    for outcome in evaluation.outcomes:
        assert outcome.published + outcome.held + outcome.rejected == pytest.approx(1, abs=0.001)
    assert "en_made_up" in evaluation.table()
    assert evaluation.to_json()["languages"]["en"]["auc"]["toxic"] == round(figure.auc, 3)


def test_a_candidate_as_good_is_promoted_and_a_worse_one_refused_with_reasons(
    trained: Classifier, folder: Path
) -> None:
    current = evaluate(trained, folder, progress=quiet)
    assert compare(current, current) == []
    worse = replace(current, labels=tuple(replace(figure, auc=figure.auc - 0.05) for figure in current.labels))
    assert any("AUC" in reason for reason in compare(worse, current))
    strict = replace(
        current,
        outcomes=tuple(
            replace(outcome, published=outcome.published - 0.1, held=outcome.held + 0.1)
            if outcome.side == "clean"
            else replace(outcome, published=outcome.published + 0.1)
            for outcome in current.outcomes
        ),
    )
    assert len(compare(strict, current)) == 2


def test_evaluation_refuses_a_folder_without_comments(trained: Classifier, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="labelled comments"):
        evaluate(trained, tmp_path, progress=quiet)


SCREENING = """
import sys
from moderation.classifier import shipped
from moderation.config import load_policy
from moderation.screening import Screener, Subject, load_checked
import moderation.cli.screen, moderation.worker
screener = Screener(load_policy(), load_checked(shipped(), "fast"))
screening, = screener.screen([Subject("you are a stupid idiot")])
print(screening.scores["insult"] > 0.5, sorted({"sklearn", "scipy", "skops"} & set(sys.modules)))
"""


def test_screening_loads_neither_scikit_learn_nor_what_it_stands_on() -> None:
    shown = subprocess.run([sys.executable, "-c", SCREENING], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "True []"


def test_scoring_is_what_scikit_learn_makes_of_the_same_pipeline() -> None:
    pipeline: Any = opened(shipped().path)["pipeline"]
    texts = ["you are an idiot idiot idiot", "", "well said, thank you", "तू गधा है", "\u06a9\u062a\u0627 " * 40]
    heads = pipeline.named_steps["heads"]
    expected = pipeline[:-1].transform(texts) @ heads.coef_ + heads.intercept_
    weights = load(shipped().path, sha256=shipped().sha256)._weights
    assert weights.margins(weights.weigh(texts)) == pytest.approx(expected, abs=1e-4)


@pytest.mark.filterwarnings("ignore:Can't test estimator")
@parametrize_with_checks([NgramCounter()])
def test_scikit_learn_takes_the_counter_for_an_estimator(estimator: Any, check: Callable[[Any], None]) -> None:
    """As of its own vectorizers of text, it checks what needs no numbers; the next tests say the rest for texts."""
    check(estimator)


def test_the_counter_is_an_estimator_of_texts() -> None:
    texts = ["same word", "same thing", ""]
    counter = NgramCounter(min_documents=2)
    with pytest.raises(NotFittedError):
        counter.transform(texts)
    fitted = counter.fit(texts)
    assert fitted is counter
    assert counter.get_params() == {"min_documents": 2}
    assert clone(counter).get_params() == counter.get_params()
    assert not hasattr(clone(counter), "kept_")
    counted = counter.transform(texts)
    assert counted.shape == (3, len(counter.kept_))
    assert (clone(counter).fit_transform(texts) != counted).nnz == 0
    assert (counter.transform(texts[::-1])[::-1] != counted).nnz == 0
    assert counter.transform([]).shape == (0, len(counter.kept_))
    assert counted[2].nnz == 0
    again = pickle.loads(pickle.dumps(counter))
    assert (again.transform(texts) != counted).nnz == 0
