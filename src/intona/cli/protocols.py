"""``intona protocols``: the protocols there are."""

from __future__ import annotations

from intona.cli import lists


def run(as_json: lists.AsJson = False) -> None:
    """List the protocols, how a corpus is divided into training and test.

    They are what `--protocol` of evaluate names.
    """
    from intona.evaluation import protocols

    lists.show(protocols.described(), as_json=as_json)
