"""Write ``src/intona/server/page/palette.js`` from ``intona.formats.palette``.

Run: ``python scripts/palette.py`` after a colour has changed; a test says when it was forgotten.
"""

from __future__ import annotations

from pathlib import Path

from intona.formats.palette import EMOTIONS, NOTHING

PAGE = Path(__file__).parents[1] / "src" / "intona" / "server" / "page" / "palette.js"


def script() -> str:
    """Return the page's module of colours."""
    rows = "".join(f'  ["{name}", "{colour}"],\n' for name, colour in EMOTIONS.items())
    return (
        "// @ts-check\n"
        "/** Colours of the emotions, made by scripts/palette.py: change them in palette.py. */\n\n"
        f"export const EMOTIONS = new Map([\n{rows}]);\n\n"
        f'export const SILENCE = "{NOTHING}";\n'
    )


if __name__ == "__main__":
    PAGE.write_text(script(), encoding="utf-8")
