"""The model in the package, with the fast stage alone and with both."""

from __future__ import annotations

import pytest

from moderation.classifier import Classifier, load, shipped
from moderation.classifier.encoder import encoder_file
from moderation.classifier.second import STAGES


@pytest.fixture(scope="module", params=STAGES)
def classifier(request: pytest.FixtureRequest) -> Classifier:
    if request.param == "all" and encoder_file() is None:
        pytest.skip("the second stage's encoder is not installed")
    model = shipped()
    classifier = load(model.path, sha256=model.sha256, stages=request.param)
    assert (classifier.alone is None) == (request.param == "all")
    return classifier
