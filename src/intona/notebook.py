"""How objects look in a notebook: small HTML tables without style sheets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def table(title: str, rows: Iterable[Sequence[object]], notes: Iterable[str] = ()) -> str:
    """Return a table as HTML; everything in it is escaped.

    Args:
        title: the line above it.
        rows: the cells of each row; the first row is the head.
        notes: one line each, between title and table.

    Examples:
        >>> table("a < b", [["emotion"], ["sad"]])
        '<div><b>a &lt; b</b><table><tr><th>emotion</th></tr><tr><td>sad</td></tr></table></div>'
    """
    kinds = iter(["th"])
    lines = []
    for row in rows:
        kind = next(kinds, "td")
        lines.append("".join(f"<{kind}>{escape(str(cell))}</{kind}>" for cell in row))
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    said = "".join(f"<br>{escape(note)}" for note in notes)
    return f"<div><b>{escape(title)}</b>{said}<table>{body}</table></div>"


def percent(share: float) -> str:
    """Return a share as people read it; a dash where there is none.

    Examples:
        >>> percent(0.256), percent(float("nan"))
        ('25.6 %', '-')
    """
    return f"{100 * share:.1f} %" if share == share else "-"
