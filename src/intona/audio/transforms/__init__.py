"""Transforms: small pure functions ``(samples, rate, rng) -> samples``.

They are the conditions of the audit and the augmentation of training alike. Each is a
function of one of the modules here, reached by name through :func:`transform`.
"""

from __future__ import annotations

from intona.audio.transforms.bank import Bank
from intona.audio.transforms.registry import Chain, Named, Transform, names, transform

__all__ = ["Bank", "Chain", "Named", "Transform", "names", "transform"]
