"""What is wrong with a corpus: one sentence each, of a kind, and how each kind is mended."""

from __future__ import annotations

from collections.abc import Mapping

from intona.files import spelled

ROW = "row"
"""The kind of what makes a row useless: it is left out, or stops the work."""

FIXES: Mapping[str, str] = {
    "missing": "correct the paths, or fetch the files",
    ROW: "correct these rows, or leave them out with --skip-bad",
    "incomplete": "fill in the column, or say which it is with --columns NAME=COLUMN",
    "label": "correct the label, or join two labels with --merge OLD=NEW",
    "speaker": "if they are one person, give them one name: else the same voice may be in training "
    "and test",
    "unread": "unpack it, or name it on the command line too",
    "extra": "move what does not belong to the corpus, or name it as the others are",
    "unreadable": "record or export it again, or leave it out with --skip-bad",
    "damaged": "export it again from the original, or leave it out with --skip-bad",
    "channels": "write each channel to a file of its own, with its own speaker",
    "duplicate": "keep one of them: a copy in training and test makes a result too good",
    "silent": "remove it, or leave it out with --skip-bad",
    "clipped": "lower the level of the recording if the original is at hand",
    "odd rate": "see that it was not converted or telephone speech among studio recordings",
    "odd length": "listen to it: it may be cut off, or hold more than one utterance",
    "label doubtful": "listen to it, and correct the label where it is wrong",
}
"""How the findings of each kind are mended."""


class Problem(str):
    """One sentence about what is wrong, which knows its kind.

    Attributes:
        kind: one of :data:`FIXES`.

    Examples:
        >>> problem = Problem("row 3: it ends before it starts", ROW)
        >>> print(problem, problem.kind)
        row 3: it ends before it starts row
    """

    kind: str

    def __new__(cls, text: str, kind: str = "extra") -> Problem:
        """Make one; what is no Unicode in it is spelled out."""
        problem = super().__new__(cls, spelled(text))
        problem.kind = kind
        return problem


def kind_of(problem: str) -> str:
    """Return the kind of a problem; plain sentences of loaders are judged by their words."""
    if isinstance(problem, Problem):
        return problem.kind
    if "no such file" in problem:
        return "missing"
    return "incomplete" if problem.startswith(("no speaker", "no emotion")) else "extra"


def examples(found: list[str], most: int = 3) -> str:
    """Join the first few in words.

    Examples:
        >>> examples(["a", "b", "c", "d", "e"])
        'a, b, c and 2 more'
    """
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return f"{', '.join(found[:most])}{more}"
