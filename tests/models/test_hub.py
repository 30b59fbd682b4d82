"""Models on the Hugging Face hub: pushed, fetched, checked; against a stand-in for the hub."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import onnx
import pytest

from fake_hub import FakeHub
from intona.errors import ModelError, UsageError
from intona.evaluation.model_card import model_card
from intona.models import hub
from intona.models.artefact import read_model, write_model

huggingface_hub = pytest.importorskip("huggingface_hub", reason="the [hub] extra")

TOKEN = "hf_not_a_real_token"


@pytest.fixture
def place(tmp_path):
    found = FakeHub(TOKEN)
    yield found
    found.close()


@pytest.fixture
def shell(intona, place, tmp_path, monkeypatch):
    """The command line, with the stand-in as the hub and a cache of its own."""
    from huggingface_hub import constants

    # It reads HF_ENDPOINT once, when it is imported; see the test marked slow for that.
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, place.url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "ENDPOINT", place.url)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "home"))
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    return intona


@pytest.fixture
def clip(voices):
    return sorted(voices.rglob("*.wav"))[0]


def test_a_model_goes_there_and_comes_back(place, shell, tiny_model, clip, tmp_path):
    pushed = shell("push", "org/calls", "--model", tiny_model, "--private")
    assert (pushed.code, pushed.err) == (0, "")
    assert "--model hf:org/calls" in pushed.out
    assert TOKEN not in pushed.out
    assert sorted(place.repositories["org/calls"]) == ["README.md", "intona.onnx"]
    assert place.repositories["org/calls"]["intona.onnx"] == tiny_model.read_bytes()
    assert "org/calls" in place.private

    here = shell("predict", clip, "--model", tiny_model, "--format", "json")
    for name in ("hf:org/calls", f"hf:org/calls@{place.revision('org/calls')}"):
        there = shell("predict", clip, "--model", name, "--format", "json")
        assert (there.code, there.err) == (0, "")
        assert there.out == here.out
    told = shell("info", "hf:org/calls")
    assert "classic-svm" in told.out

    place.faults["intona.onnx"] = "down"  # what is kept here is taken, and its digest is known
    assert shell("predict", clip, "--model", "hf:org/calls", "--format", "json").out == here.out
    kept = next((tmp_path / "home").rglob("snapshots/*/intona.onnx"))
    kept.resolve().write_bytes(tiny_model.read_bytes()[:-1] + b"x")
    assert "not what the hub says it is" in shell("info", "hf:org/calls").err
    assert "does not answer" in shell("info", "hf:org/calls").err


def test_a_closed_repository_needs_the_token(place, shell, tiny_model, monkeypatch):
    place.repositories["org/calls"] = {"intona.onnx": tiny_model.read_bytes()}
    place.private.add("org/calls")
    monkeypatch.delenv("HF_TOKEN")
    refused = shell("info", "hf:org/calls")
    assert refused.code == 1
    assert "hf:org/calls cannot be read" in refused.err
    assert set(place.tokens) == {None}
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert shell("info", "hf:org/calls").code == 0


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("huge", "at most"),
        ("damaged", "not what the hub says it is"),
        ("no digest", "gives no digest"),
        ("down", "does not answer"),
    ],
)
def test_what_arrives_is_checked(place, shell, tiny_model, tmp_path, fault, said):
    place.repositories["org/calls"] = {"intona.onnx": tiny_model.read_bytes()}
    place.faults["intona.onnx"] = fault
    done = shell("info", "hf:org/calls")
    assert done.code == 1
    assert said in done.err
    assert done.err.count("\n") == 1
    assert not list((tmp_path / "home").rglob("snapshots/*/intona.onnx"))


def test_what_is_no_model_of_ours_is_one_sentence(place, shell, tiny_model, clip):
    place.repositories["org/other"] = {"config.json": b"{}"}
    place.repositories["org/bad"] = {"intona.onnx": b"\x80\x04."}  # a pickle, under our name
    for name, said in [
        ("hf:org/other", "not a model of ours"),
        ("hf:org/none", "cannot be read"),
        ("hf:org/other@v2", "cannot be read"),
        ("hf:org/bad", "is not an intona model"),
        ("hf:../etc", "not a model of ours"),
    ]:
        done = shell("info", name)
        assert (done.code, done.out) == (1, "")
        assert said in done.err
    asked = shell("predict", clip, "--model", "hf:org/other")  # somebody else's may be asked too
    assert "cannot be loaded as a model for audio classification" in asked.err


def test_evaluate_takes_a_folder_of_ours_as_ours(intona, tiny_model, voices, tmp_path):
    done = intona("push", "org/calls", "--model", tiny_model, "--into", tmp_path / "calls")
    assert done.code == 0
    found = intona("evaluate", f"hf:{tmp_path / 'calls'}", voices, "--allow-leaks")
    assert (found.code, "LEAKY" in found.out) == (0, True)


def test_the_card_holds_licence_corpora_numbers_and_protocol(intona, tiny_model, voices, tmp_path):
    report = tmp_path / "report"
    evaluated = intona("evaluate", voices, "--recipe", "classic-svm", "--protocol", "speakers:2",
                       "--report", report)  # fmt: skip
    assert evaluated.code == 0
    card = huggingface_hub.ModelCard(model_card(tiny_model, "org/calls", [report]))
    header = card.data
    assert header.pipeline_tag == "audio-classification"
    assert header.license == "cc-by-nc-sa-4.0"
    assert header.datasets == ["ravdess"]
    measured = json.loads((report / "evaluation.json").read_text())
    recall = next(one for one in header.eval_results if one.metric_type == "recall")
    uar = measured["metrics"]["unweighted_average_recall"]
    assert recall.metric_value == round(uar["value"], 4)
    assert recall.dataset_args["protocol"] == "speakers:2"
    assert recall.dataset_args["command"] == measured["command"]
    assert f"| UAR | {uar['value']:.3f} |" in card.text


def test_a_card_takes_no_number_of_another_model_or_a_leaky_one(
    intona, tiny_model, voices, tmp_path
):
    report, other = tmp_path / "report", tmp_path / "other.onnx"
    assert intona("evaluate", tiny_model, voices, "--allow-leaks", "--report", report).code == 0
    with pytest.raises(UsageError, match="LEAKY"):
        model_card(tiny_model, "org/calls", [report])
    facts = json.loads((report / "evaluation.json").read_text())
    clean = {**facts, "leaky": False, "leaky_reasons": []}
    (report / "evaluation.json").write_text(json.dumps(clean))
    assert "UAR" in model_card(tiny_model, "org/calls", [report])
    shutil.copy(tiny_model, other)
    assert "UAR" in model_card(other, "org/calls", [report])  # the same under another name
    content, metadata = read_model(other)
    write_model(onnx.load_from_string(content), {**metadata, "threshold": 0.99}, other)
    with pytest.raises(UsageError, match=r"about tiny\.onnx, whose content is another"):
        model_card(other, "org/calls", [report])


@pytest.mark.slow
def test_the_settings_of_the_hubs_library_are_heeded(place, tiny_model, clip, tmp_path):
    settings = {**os.environ, **place.environment(tmp_path / "home"), "HF_TOKEN": TOKEN}
    for words in (["push", "org/calls", "--model", tiny_model], ["info", "hf:org/calls"]):
        done = subprocess.run([sys.executable, "-m", "intona", *words], env=settings, timeout=120)
        assert done.returncode == 0
    assert place.revision("org/calls") in {p.name for p in (tmp_path / "home").rglob("snapshots/*")}


def test_what_may_not_be_passed_on_stays_private(place, shell, tiny_model, tmp_path, monkeypatch):
    from intona import corpora
    from intona.licences import RESEARCH

    monkeypatch.setitem(vars(corpora.loader("ravdess").info), "terms", RESEARCH)
    own = tmp_path / "own.onnx"
    content, metadata = read_model(tiny_model)
    write_model(
        onnx.load_from_string(content), {k: v for k, v in metadata.items() if k != "terms"}, own
    )
    done = shell("push", "org/calls", "--model", own)
    assert (done.code, place.repositories) == (2, {})
    assert "made from ravdess (LicenseRef-research-only)" in done.err
    assert shell("push", "org/calls", "--model", own, "--private").code == 0


@pytest.mark.parametrize("name", ["calls", "a/b/c", "../calls", "org/", "org/na me"])
def test_a_repository_has_two_names(name):
    with pytest.raises(UsageError, match="ORG/NAME"):
        hub.require_name(name)


def test_the_token_is_of_the_environment(tiny_model, monkeypatch):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with pytest.raises(UsageError, match="set HF_TOKEN"):
        hub.push(tiny_model, "", "org/calls")


def test_a_wrong_token_is_one_sentence(place, shell, tiny_model, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_another")
    done = shell("push", "org/calls", "--model", tiny_model)
    assert (done.code, done.out) == (2, "")
    assert "may not write there" in done.err
    assert "hf_another" not in done.err


def test_a_folder_without_our_file_is_somebody_elses(tmp_path):
    assert hub.fetch(f"hf:{tmp_path}", 10) is None
    with pytest.raises(ModelError, match=r"no intona\.onnx"):
        hub.require(f"hf:{tmp_path}", 10)
