"""A corpus: what must be known of it, and the pattern of its file names."""

from intona.corpora.loading import Info, by_pattern

INFO = Info(
    name="theatre",
    title="Recordings of a theatre",
    language="eng",
    licence="CC0-1.0",
    citation="none",
    url="https://example.org/theatre",
    example="anna_angry_01.wav",
    labels={"angry": "angry", "glad": "happy", "plain": "neutral", "low": "sad"},
)
LOADER = by_pattern(INFO, r"(?P<speaker>[a-z]+)_(?P<emotion>angry|glad|plain|low)_\d\d")
