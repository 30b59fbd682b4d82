from __future__ import annotations

import pytest

from intona.errors import CorpusError, UsageError
from intona.labels import parse_merge, relabel


def test_merge_comes_before_restriction() -> None:
    assert relabel(["calm", "neutral", "sad", None], ["neutral"], {"calm": "neutral"}) == [
        "neutral",
        "neutral",
        None,
        None,
    ]


@pytest.mark.parametrize("call", [{"keep": ["joy"]}, {"merge": {"joy": "happy"}}])
def test_absent_emotions_are_named_with_what_exists(call: dict) -> None:
    with pytest.raises(CorpusError, match=r"joy not in the corpus, which has happy, sad"):
        relabel(["happy", "sad"], **call)


@pytest.mark.parametrize("text", ["calm", "calm=", "=neutral"])
def test_malformed_merges_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="old=new"):
        parse_merge(text)
