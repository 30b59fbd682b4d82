"""Recognisers of other people: a Python function, a model of the hub, a table of answers."""
