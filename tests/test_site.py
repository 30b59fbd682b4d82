"""The pages as a site: no dead link, none forgotten, nothing from other hosts."""

from __future__ import annotations

import importlib
import re
import shutil
import sys
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = {page.name for page in DOCS.glob("*.md")}
REPOSITORY = re.compile(r"https://github\.com/intona/intona/(blob|tree)/main/([^)\s#\"'`]+)")


class Addresses(HTMLParser):
    """What a page links to, what it loads, and the places in it that can be linked to."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.places: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.places.update(filter(None, (given.get("id"), given.get("name"))))
        if tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")
        if tag == "link" and given.get("rel") not in ("prev", "next", "canonical"):
            self.loaded.append(given.get("href") or "")
        if tag in ("script", "img", "iframe", "source", "video", "audio") and given.get("src"):
            self.loaded.append(given["src"] or "")


def _read(page: Path) -> Addresses:
    found = Addresses()
    found.feed(page.read_text("utf-8"))
    return found


def _entries(entry: object) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
    elif isinstance(entry, dict):
        for value in entry.values():
            yield from _entries(value)
    elif isinstance(entry, list):
        for value in entry:
            yield from _entries(value)


def test_every_page_is_in_the_menu_and_in_the_index():
    settings = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]
    assert sorted(_entries(settings["nav"])) == sorted(PAGES)
    linked = re.findall(r"\]\(([\w-]+\.md)[#)]", (DOCS / "index.md").read_text("utf-8"))
    assert set(linked) == PAGES - {"index.md"}
    assert "(docs/index.md)" in (ROOT / "README.md").read_text("utf-8")


def test_what_leaves_the_pages_is_in_the_repository():
    texts = [page.read_text("utf-8") for page in (*DOCS.glob("*.md"), ROOT / "README.md")]
    texts += [page.read_text("utf-8") for page in (ROOT / "src").rglob("*.py")]
    for text in texts:
        for kind, path in REPOSITORY.findall(text):
            target = ROOT / path.rstrip(".")
            assert target.is_dir() if kind == "tree" else target.is_file(), path
    for page in DOCS.glob("*.md"):  # the site knows no folder above its own
        assert "](../" not in page.read_text("utf-8"), page.name


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("zensical", reason="the site is built with the extra docs")
    here = tmp_path_factory.mktemp("site")
    for name in ("docs", "src"):
        shutil.copytree(
            ROOT / name,
            here / name,
            ignore=shutil.ignore_patterns("*.onnx", "__pycache__", "node_modules"),
        )
    shutil.copy(ROOT / "zensical.toml", here)
    return _website().pages(here)


def _website() -> ModuleType:
    """Return ``scripts/website.py``, which imports another script."""
    scripts = str(ROOT / "scripts")
    sys.path.insert(0, scripts)
    try:
        return importlib.import_module("website")
    finally:
        sys.path.remove(scripts)


def test_every_link_of_the_site_leads_somewhere(site: Path):
    pages = {page: _read(page) for page in site.glob("*.html") if page.name != "404.html"}
    assert {f"{page.stem}.md" for page in pages} == PAGES
    for page, found in pages.items():
        for link in found.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            target = target / "index.html" if target.is_dir() else target
            assert target.is_file(), f"{page.name}: {link}"
            if parts.fragment and target in pages and not parts.fragment.startswith("__"):
                assert unquote(parts.fragment) in pages[target].places, f"{page.name}: {link}"


def test_the_site_loads_nothing_from_other_hosts(site: Path):
    for page in site.rglob("*.html"):
        for address in _read(page).loaded:
            assert not urlsplit(address).netloc, f"{page.name}: {address}"
        # What the theme's script would fetch from elsewhere to draw it.
        assert 'class="mermaid"' not in page.read_text("utf-8"), page.name


@pytest.mark.skipif(
    not (ROOT / "js" / "node_modules" / "onnxruntime-web").is_dir(),
    reason="needs onnxruntime-web: npm install --prefix js --ignore-scripts",
)
def test_the_page_that_answers_on_the_device_is_a_part_of_the_site(site: Path, tmp_path: Path):
    whole = shutil.copytree(site, tmp_path / "site")
    assert "Not built yet" in (whole / "demo" / "index.html").read_text("utf-8")
    assert _website().add_demo(whole) < 40e6
    assert "demo/index.html" in _read(whole / "index.html").links
    found = _read(whole / "demo" / "index.html")
    assert "static/demo.js" in found.loaded
    for address in found.loaded:
        assert (whole / "demo" / address).is_file(), address


def test_the_reference_names_what_the_package_exports(site: Path):
    import intona

    places = _read(site / "reference.html").places
    for name in set(intona.__all__) - {"__version__"}:
        assert any(place.split(".")[-1] == name for place in places), name
