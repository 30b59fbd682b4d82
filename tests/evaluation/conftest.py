from __future__ import annotations

import pytest

from intona import corpora
from intona.evaluation import Options, evaluate
from intona.evaluation.protocols import parse
from intona.models import recipes


@pytest.fixture(scope="session")
def corpus(voices):
    """Four synthetic emotions by four synthetic speakers."""
    return corpora.load(voices)


@pytest.fixture(scope="session")
def svm():
    return recipes.load("classic-svm")


@pytest.fixture(scope="session")
def result(corpus, svm, tmp_path_factory):
    """One honest evaluation, with controls, that several tests look at."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INTONA_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        return evaluate(
            svm, corpus, parse("loso"), Options(controls=True, command="intona evaluate ...")
        )
