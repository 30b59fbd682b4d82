"""A format: a table of results as Markdown; a module (or an object) with ``render``."""

import pandas as pd


def render(table: pd.DataFrame) -> str:
    """Return a line for each row; the index is ``(file, start, end)``, times are timedeltas."""
    lines = ["| file | begin | emotion | confidence |", "|---|---|---|---|"]
    for (file, start, _), row in table.iterrows():
        begin = f"{start.total_seconds():.1f} s"
        lines.append(f"| {file} | {begin} | {row['emotion']} | {row['confidence']:.2f} |")
    return "\n".join(lines) + "\n"
