"""EmoDB: the Berlin Database of Emotional Speech.

Layout
    ``wav/03a01Fa.wav``: speaker (two digits), text (a or b and two digits), emotion (one German
    initial), version (a letter).
Labels
    W (Wut) angry, L (Langeweile) bored, E (Ekel) disgust, A (Angst) fearful, F (Freude) happy,
    T (Trauer) sad, N neutral.
Speakers
    10 actors: 03, 10, 11, 12, 15 male; 08, 09, 13, 14, 16 female.
Listeners
    ``erkennung.txt``, where present, gives the percentage of listeners who recognised the emotion
    (column ``recognised``) and who found it natural (``natural``).
"""

from __future__ import annotations

from pathlib import Path

from intona.corpora.loading import Info, Loader, Rows, Tree, plain_names, reader, share_of
from intona.licences import UNSTATED

INFO = Info(
    name="emodb",
    title="EmoDB",
    language="deu",
    licence="free to use, no formal licence text",
    terms=UNSTATED,
    citation="Burkhardt, Paeschke, Rolfes, Sendlmeier, Weiss (2005): A database of German "
    "emotional speech, Interspeech, 1517-1520",
    url="http://emodb.bilderbar.info/",
    example="wav/03a01Fa.wav",
    labels={
        "W": "angry",
        "L": "bored",
        "E": "disgust",
        "A": "fearful",
        "F": "happy",
        "T": "sad",
        "N": "neutral",
    },
    get="download.zip at http://emodb.bilderbar.info/",
    speakers=10,
    files=535,
)
_MEN = ("03", "10", "11", "12", "15")
_fields = reader(
    INFO,
    r"(?P<speaker>03|08|09|1[0-6])(?P<statement>[ab]\d\d)(?P<emotion>[WLEAFTN])(?P<version>[a-z])",
    sex=lambda groups: "male" if groups["speaker"] in _MEN else "female",
)


def rows(tree: Tree) -> Rows:
    """Read an EmoDB folder, with the listeners' judgements where ``erkennung.txt`` is there."""
    found, problems = plain_names(tree, _fields, INFO.example)
    judged: dict[str, tuple[float, float]] = {}
    for path in tree.named("erkennung.txt"):
        judged.update(_judgements(tree.root / path))
    if judged:
        for row in found:
            row["recognised"], row["natural"] = judged.get(row["file"].stem, (None, None))
    return found, problems


def _judgements(path: Path) -> dict[str, tuple[float, float]]:
    """Read ``erkennung.txt``: number, file, recognised and natural in percent, comma decimals."""
    judged = {}
    for line in path.read_text(encoding="latin-1").splitlines():
        cells = line.replace("\xa0", " ").replace(",", ".").split()
        if len(cells) == 4 and cells[1].endswith(".wav"):
            judged[cells[1].removesuffix(".wav")] = (float(cells[2]), float(cells[3]))
    return judged


LOADER = Loader(INFO, rows, share_of(_fields))
