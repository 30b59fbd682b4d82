"""What a model and what it stands on were trained on."""

from __future__ import annotations

import pytest

from intona.models.lineage import Training, base_of, behind


def test_names_of_both_are_joined():
    own = {"a": {"speakers": ["a-1"], "utterances": 1}, "b": {"speakers": ["b-1"]}}
    base = {"a": {"speakers": ["a-2"]}, "b": {}, "c": {"speakers": ["c-1"]}}
    facts = {"corpora": own, "base": {"corpora": base}, "version": "0", "licence": "none"}
    found = Training.of(facts).corpora
    assert found["a"]["speakers"] == ["a-1", "a-2"]
    assert found["b"]["speakers"] == []  # of one of them it is not known
    assert found["c"]["speakers"] == ["c-1"]


@pytest.mark.parametrize("joined", [False, True])
def test_the_front_end_of_a_finished_model_is_known(joined, tiny_adaptable):
    from intona.features import front_end

    part = {"name": "default", "model": str(tiny_adaptable)}
    front = front_end("joined", parts=[part]) if joined else front_end(**part)
    (training,) = behind(front)
    assert set(training.corpora) == {"one", "two"}
    assert training.heard is None
    assert behind(front_end("classic")) == []
    assert base_of(front_end("classic")) == {}
    assert set(base_of(front)["base"]["corpora"]) == {"one", "two"}
