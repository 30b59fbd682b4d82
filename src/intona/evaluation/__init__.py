"""Evaluation: recipe x corpus x protocol, with everything a reader must know."""
