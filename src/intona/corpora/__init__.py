"""Corpora: tables of utterances with emotion and speaker."""
