"""Recipes: TOML files that say how a model is made."""
