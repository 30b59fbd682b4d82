"""``intona recipes``: the recipes there are."""

from __future__ import annotations

from intona.cli import lists


def run(as_json: lists.AsJson = False) -> None:
    """List the built-in recipes, how a model is made.

    They are what `--recipe` of train and evaluate names.
    """
    from intona.models import recipes

    lists.show(recipes.described(), as_json=as_json)
