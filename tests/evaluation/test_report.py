from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from intona.audio import read
from intona.errors import UsageError
from intona.evaluation import figures
from intona.evaluation.report import write_report
from intona.evaluation.text import summary
from intona.evaluation.worst import worst
from intona.features.manner import remarks
from intona.files import require_folder


@pytest.fixture(scope="module")
def page(result, tmp_path_factory):
    return write_report(result, tmp_path_factory.mktemp("report"))


def test_the_page_needs_no_network(page):
    text = page.read_text()
    assert not re.search(r'(src|href)="(https?:)?//', text)
    assert "<link" not in text
    assert "<script" not in text


def test_the_page_says_what_a_reader_must_know(page, result):
    text = page.read_text()
    value = f"{100 * result.headline.value:.1f} %"
    for expected in (value, "Leave one speaker out", "intona evaluate ...", "permuted labels",
                     "Limitation", result.facts.corpus_details.sha256):  # fmt: skip
        assert expected in text
    assert "LEAKY" not in text
    assert (page.parent / "confusion.png").read_bytes().startswith(b"\x89PNG")
    assert ElementTree.parse(page.parent / "confusion.svg").getroot().tag.endswith("svg")


def test_the_matrix_shows_per_cent_and_counts(page, result):
    text = page.read_text()
    table = text[text.index('<table class="confusion">') :].split("</table>")[0]
    cells = re.findall(r"(\d+) %<small>(\d+)</small>", table)
    counts = np.asarray([int(count) for _, count in cells]).reshape(len(result.labels), -1)
    assert np.array_equal(counts, result.confusion)
    shares = np.asarray([int(share) for share, _ in cells]).reshape(counts.shape)
    assert np.allclose(shares, 100 * counts / counts.sum(axis=1, keepdims=True), atol=0.51)
    assert text.index('class="headline"') < text.index("confusion.svg") < text.index("All measures")


def test_mistakes_can_be_heard_from_the_folder_of_the_page(page):
    links = re.findall(r'<audio[^>]*src="([^"#]+)', page.read_text())
    assert links
    assert all((page.parent / link).resolve().is_file() for link in links)


def test_mistakes_say_how_they_were_said(result, page):
    rows = worst(result, page.parent)
    assert rows
    wrong = result.predictions[result.predictions["truth"] != result.predictions["emotion"]]
    assert len(rows) == min(12, len(wrong))
    surest = wrong["confidence"].idxmax()[0]
    assert rows[0]["name"] == Path(surest).name
    said = {remark.aspect: remark for remark in remarks(read(surest))}
    words = rows[0]["said"].split(", ")
    assert words
    for text in words:
        aspect = max((name for name in said if text.startswith(name)), key=len)
        assert said[aspect].notable
        assert said[aspect].word in text
    assert rows[0]["said"] in page.read_text()
    assert '<svg class="evidence"' not in page.read_text()


def test_a_model_explains_its_mistakes(result, tmp_path):
    class Loudness:
        labels = result.labels
        numeric = False

        def probabilities(self, signals, rate):
            loud = np.array([[np.sqrt(np.mean(signal**2))] for signal in signals])
            return np.hstack([loud, np.tile((1 - loud) / 3, 3)])

    page = write_report(result, tmp_path, model=Loudness())
    text = page.read_text()
    pictures = re.findall(r'<svg class="evidence".*?</svg>', text, re.DOTALL)
    assert len(pictures) == len(worst(result, tmp_path))
    for picture in pictures:
        assert "data:image/png;base64," in picture
        assert '<rect class="' in picture
    assert not re.search(r'(src|href)="(https?:)?//', text)


def test_a_leaky_page_is_stamped(result, tmp_path):
    leaky = replace(result, facts=replace(result.facts, leaky_reasons=("<b>voices</b> are known",)))
    text = write_report(leaky, tmp_path).read_text()
    assert "<strong>LEAKY</strong>" in text
    assert "&lt;b&gt;voices" in text
    assert summary(leaky).startswith("LEAKY: ")


def test_a_page_of_numbers(result, tmp_path):
    generator = np.random.default_rng(0)
    truth = generator.normal(size=len(result.predictions))
    table = result.predictions.assign(truth=truth, emotion=truth + 0.1)
    text = write_report(
        replace(result, labels=("emotion",), predictions=table), tmp_path
    ).read_text()
    assert "Prediction against truth" in text
    assert "CCC" in text
    assert not list(tmp_path.glob("confusion.*"))


def test_a_folder_that_cannot_be_made(tmp_path, result):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot make the folder"):
        require_folder(tmp_path / "file" / "report")
    with pytest.raises(UsageError, match="cannot make the folder"):
        write_report(result, tmp_path / "file")


def test_a_calibrated_model_lies_on_the_diagonal():
    generator = np.random.default_rng(0)
    confidence = generator.uniform(size=20_000)
    svg = figures.reliability(confidence, generator.uniform(size=20_000) < confidence)
    dots = re.findall(r'class="dot" cx="([\d.]+)" cy="([\d.]+)"', svg)
    across = [(float(x) - figures.LEFT) / figures.SIZE for x, _ in dots]
    up = [1 - (float(y) - figures.TOP) / figures.SIZE for _, y in dots]
    assert len(dots) == 10
    np.testing.assert_allclose(across, up, atol=0.03)
