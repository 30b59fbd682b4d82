"""Audit: behaviour tests of speech emotion recognisers (correct, fair, robust?).

:func:`run` lets models predict a dataset as it is and under changed conditions, and holds metrics
of the predictions against thresholds; :func:`write` makes the report. The tests follow audEERING's
ser-tests, with tests of what users meet added. The package itself can be
called: ``intona.audit(...)`` is :func:`intona.audit.call.audit`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from intona.audit.call import Audit, audit
from intona.audit.dataset import Dataset
from intona.audit.model import AuditedModel
from intona.audit.outcome import Outcome
from intona.audit.report import WRITTEN, Context, summary, write
from intona.audit.run import TESTS, AuditOptions, AuditResult, run
from intona.corpora.speakers import choose_speakers

__all__ = [
    "TESTS",
    "WRITTEN",
    "Audit",
    "AuditOptions",
    "AuditResult",
    "AuditedModel",
    "Context",
    "Dataset",
    "Outcome",
    "choose_speakers",
    "run",
    "summary",
    "write",
]


class _Callable(ModuleType):
    """A package that can be called: Python puts it where the function ``intona.audit`` belongs."""

    def __call__(self, *given: Any, **options: Any) -> Audit:
        return audit(*given, **options)


sys.modules[__name__].__class__ = _Callable
