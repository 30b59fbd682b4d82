"""Build the page that answers on the device: a folder that any static host serves.

It is made of the service's page (``src/intona/server/page``), of ``js/`` and of onnxruntime-web,
which npm fetches once::

    npm install --prefix js --ignore-scripts
    python scripts/demo.py FOLDER            # --model default for the larger model

``FOLDER`` is new, or one that this has made before.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
JS = ROOT / "js"
PAGE = ROOT / "src" / "intona" / "server" / "page"
ASSETS = ROOT / "src" / "intona" / "assets"
RUNTIME = JS / "node_modules" / "onnxruntime-web" / "dist"
RUNTIME_FILES = ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")
OF_SERVICE = {
    *("app.js", "service.js", "token.js", "index.html", "README.md"),
    *("reference.js", "reference.css", "reference.html"),
}
WORKER = "sw.js"

# What the page may do: nothing but to read its own files, and what people give it.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; "
    "connect-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; manifest-src 'self'; base-uri 'none'; form-action 'none'"
)


def build(out: Path, model: str = "small") -> int:
    """Write the page.

    Args:
        out: the folder; another build in it is replaced.
        model: name of a bundled model, or the path of a model file.

    Returns:
        Bytes that a first visit loads.

    Raises:
        SystemExit: onnxruntime-web is not installed, or the folder holds something else.
    """
    if not all((RUNTIME / name).is_file() for name in RUNTIME_FILES):
        sys.exit("onnxruntime-web is missing: npm install --prefix js --ignore-scripts")
    bundled = ASSETS / f"{model}.onnx"
    source = bundled if bundled.is_file() else Path(model)
    if not source.is_file():
        sys.exit(f"there is no model {model}: name small, default or an .onnx file")
    if out.is_dir() and any(out.iterdir()) and not (out / WORKER).is_file():
        sys.exit(f"{out} holds something else: name a new folder")
    shutil.rmtree(out, ignore_errors=True)
    for folder, files in _parts().items():
        (out / folder).mkdir(parents=True, exist_ok=True)
        for file in files:
            shutil.copyfile(file, out / folder / file.name)
    shutil.copyfile(source, out / "model.onnx")
    kept = sorted(path for path in out.rglob("*") if path.is_file() and path.name != WORKER)
    total = sum(path.stat().st_size for path in kept)
    index = out / "index.html"
    index.write_text(_html((PAGE / "index.html").read_text("utf-8"), total), "utf-8")
    kept.append(index)
    _write_worker(out, kept)
    return total + index.stat().st_size + (out / WORKER).stat().st_size


def _parts() -> dict[str, list[Path]]:
    """Return which files lie where."""
    page = [path for path in PAGE.iterdir() if path.is_file() and path.name not in OF_SERVICE]
    demo = [path for path in (JS / "demo").glob("*.js") if path.name != WORKER]
    return {
        ".": [JS / "demo" / WORKER, JS / "demo" / "manifest.webmanifest", JS / "silero.onnx"],
        "static": [*page, *demo],
        "src": sorted((JS / "src").glob("*.js")),
        "ort": [RUNTIME / name for name in RUNTIME_FILES],
        "licences": [ROOT / "LICENSE", ASSETS / "SILERO_LICENSE", ASSETS / "MODEL_CARD.md"],
    }


def _html(text: str, size: int) -> str:
    """Return the service's page without what makes sense beside a service alone."""
    version = json.loads((JS / "package.json").read_text("utf-8"))["version"]
    head = (
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '    <link rel="manifest" href="manifest.webmanifest">\n    <link rel="icon"'
    )
    changes = (
        (r'\s*<(\w+) data-only="service".*?</\1>', ""),
        (r"static/app\.js", "static/demo.js"),
        (
            r'<html lang="en"',
            f'<html lang="en" data-megabytes="{round(size / 1e6)}" data-version="{version}"',
        ),
        (r'<link rel="icon"', head),
    )
    for old, new in changes:
        text, count = re.subn(old, new, text, flags=re.DOTALL)
        if not count:
            sys.exit(f"the page has changed: nothing in it fits {old}")
    return text


def _write_worker(out: Path, kept: list[Path]) -> None:
    """Tell the service worker which files there are, and in which version."""
    digest = hashlib.sha256()
    for path in kept:
        digest.update(path.relative_to(out).as_posix().encode() + b"\0" + path.read_bytes())
    names = ["./", *(path.relative_to(out).as_posix() for path in kept)]
    file = out / WORKER
    text = file.read_text("utf-8")
    for old, new in (
        ('"development"', json.dumps(digest.hexdigest()[:16])),
        ("const FILES = []", f"const FILES = {json.dumps(names)}"),
    ):
        if text.count(old) != 1:
            sys.exit(f"{WORKER} has changed: {old} is not in it once")
        text = text.replace(old, new)
    file.write_text(text, "utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="small", help="small, default or an .onnx file")
    asked = parser.parse_args()
    print(f"{asked.folder}: {build(asked.folder, asked.model) / 1e6:.1f} MB for a first visit")
