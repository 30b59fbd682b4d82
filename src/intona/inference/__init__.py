"""Inference: a model file applied to clips, long recordings, live audio, folders."""
