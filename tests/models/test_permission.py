"""What may be done with a model follows from what it was made from."""

from __future__ import annotations

import pandas as pd
import pytest

from intona import corpora
from intona.errors import UsageError
from intona.features import front_end
from intona.licences import (
    CC0,
    CC_BY,
    CC_BY_NC_ND,
    CC_BY_NC_SA,
    KNOWN,
    MIT,
    ODBL,
    OPENSMILE,
    OWN,
    UNSTATED,
    known,
    of_own_data,
)
from intona.models import recipes
from intona.models.artefact import read_model
from intona.models.permission import Permission

CLASSIC = front_end("classic")


@pytest.mark.parametrize("loader", list(corpora.loaders()), ids=lambda one: one.info.name)
def test_every_corpus_states_its_terms(loader):
    terms = loader.info.terms
    assert terms.licence.lower() in KNOWN or terms.licence.startswith("LicenseRef-")
    words = loader.info.licence.lower()
    if "non-commercial" in words or "research" in words or "academic" in words:
        assert terms.commercial is False
    assert (terms.licence == "CC-BY-4.0") == (words == "cc by 4.0")


@pytest.mark.parametrize(
    ("of", "licence", "commercial", "redistribute", "share_alike"),
    [
        ({"a": CC_BY, "b": MIT}, "CC-BY-4.0 AND MIT", True, True, ()),
        ({"a": CC_BY, "b": CC_BY_NC_SA}, "CC-BY-4.0 AND CC-BY-NC-SA-4.0", False, True, ("b",)),
        ({"a": ODBL, "b": CC0}, "CC0-1.0 AND ODbL-1.0", True, True, ("a",)),
        ({"a": CC_BY_NC_ND}, "CC-BY-NC-ND-4.0", False, False, ()),
        ({"a": CC0, "b": UNSTATED}, "CC0-1.0 AND LicenseRef-none-stated", None, None, ()),
        ({"a": UNSTATED, "b": CC_BY_NC_SA}, None, False, None, ("b",)),
        ({"a": OWN}, "LicenseRef-own", True, None, ()),
    ],
)
def test_all_terms_hold_at_once(of, licence, commercial, redistribute, share_alike):
    found = Permission(of)
    assert licence in (None, found.licence)
    assert (found.commercial, found.redistribute) == (commercial, redistribute)
    assert found.share_alike == share_alike
    assert Permission.from_dict(found.to_dict()) == found


def test_commercial_use_is_refused_by_name():
    with pytest.raises(UsageError, match=r"ravdess \(CC-BY-NC-SA-4\.0\) forbids it") as refused:
        Permission.reckoned(["cremad", "ravdess"], CLASSIC, licence="commercial")
    assert "cremad" not in str(refused.value)
    with pytest.raises(UsageError, match="nothing says that emodb allows it"):
        Permission.reckoned(["emodb", "mesd"], CLASSIC, licence="commercial")
    with pytest.raises(UsageError, match=r"openSMILE \(LicenseRef-openSMILE\) forbids it"):
        Permission({"openSMILE": OPENSMILE}).require_commercial()
    assert Permission.reckoned(["cremad", "mine"], CLASSIC, licence="Commercial").commercial


def test_what_a_model_stands_on_counts():
    head = Permission.reckoned(["mine"], front_end("default"), licence="CC0-1.0")
    assert head.commercial is False
    whispers = {"openai/whisper-tiny.en", "openai/whisper-base"}
    assert {"ravdess", "nemo", "emodb", "mine"} | whispers == set(head.of)
    with pytest.raises(UsageError, match="ravdess"):
        Permission.reckoned(["mine"], front_end("default"), licence="commercial")
    whisper = Permission.reckoned(["mesd"], front_end("encoder"))
    assert whisper.commercial is None  # whatever INTONA_ENCODER names
    named = front_end("encoder", model="openai/whisper-tiny.en")
    assert Permission.reckoned(["mesd"], named, licence="commercial").licence == "CC-BY-4.0 AND MIT"
    other = front_end("encoder", model="microsoft/wavlm-base")
    assert Permission.reckoned(["mesd"], other).commercial is None


def test_ones_own_data_take_a_licence():
    assert Permission.reckoned(["mine"], CLASSIC).of["mine"] == UNSTATED
    assert Permission.reckoned(["mine"], CLASSIC, stated="CC BY 4.0").of["mine"] == CC_BY
    assert Permission.reckoned(["mine"], CLASSIC, licence="odbl-1.0").of["mine"] == ODBL
    assert of_own_data("LicenseRef-ACME").commercial is None
    for wrong in ("", "mine", "LicenseRef-", "LicenseRef-a b"):
        with pytest.raises(UsageError, match="write commercial, one of"):
            of_own_data(wrong)
    with pytest.raises(UsageError, match="--licence is for data of your own"):
        Permission.reckoned(["ravdess"], CLASSIC, licence="MIT")


@pytest.mark.parametrize("written", ["CC BY-NC-SA 4.0", "cc_by_nc_sa_4.0", "CC-BY-NC-SA-4.0 (x)"])
def test_a_licence_is_known_however_it_is_written(written):
    assert known(written) == CC_BY_NC_SA


def test_the_recipe_open_may_be_used_commercially():
    plan = recipes.load("open").front_end
    front = front_end(plan["name"], **{k: v for k, v in plan.items() if k != "name"})
    free = [one.info.name for one in corpora.loaders() if one.info.terms.commercial]
    assert {"cremad", "emozionalmente", "subesco", "mesd", "jlcorpus"} <= set(free)
    found = Permission.reckoned(free, front, licence="commercial")
    assert found.licence == "CC-BY-4.0 AND CC0-1.0 AND MIT AND ODbL-1.0"
    assert found.share_alike == ("cremad",)
    with pytest.raises(UsageError, match="ravdess"):
        Permission.reckoned([*free, "ravdess"], front, licence="commercial")


def test_what_info_says_of_older_files(intona):
    told = intona("info", "small").out
    assert "not allowed: nemo, ravdess forbids it; emodb does not say" in told
    assert "on the terms of nemo, ravdess" in told


def test_train_writes_what_it_reckons(intona, voices, tmp_path):
    words = ["train", voices, "--recipe", "classic-svm", "--out", tmp_path / "m.onnx"]
    refused = intona(*words, "--licence", "commercial")
    assert (refused.code, (tmp_path / "m.onnx").exists()) == (2, False)
    assert "ravdess (CC-BY-NC-SA-4.0) forbids it" in refused.err
    own = corpora.load(voices).table.reset_index()[["file", "emotion", "speaker"]]
    own["file"] = own["file"].astype(str)
    table = tmp_path / "mine.csv"
    pd.DataFrame(own).to_csv(table, index=False)
    done = intona("train", table, *words[2:], "--licence", "commercial")
    assert done.code == 0, done.err
    _, metadata = read_model(tmp_path / "m.onnx")
    assert metadata["licence"] == "LicenseRef-own"
    assert Permission.from_dict(metadata["terms"]).commercial is True
    assert "commercial use:  allowed" in intona("info", tmp_path / "m.onnx").out
