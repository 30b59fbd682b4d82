"""``intona front-ends``: the front ends there are."""

from __future__ import annotations

from intona.cli import lists


def run(as_json: lists.AsJson = False) -> None:
    """List the front ends, from sound to numbers, with their parameters.

    They are what `[front_end] name` of a recipe and `intona features --front-end` names.
    """
    from intona import features

    lists.show(features.described(), as_json=as_json)
