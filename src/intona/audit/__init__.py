"""Audit: behaviour tests of speech emotion recognisers (correct, fair, robust?).

:func:`run` lets models predict a dataset as it is and under changed conditions, and holds metrics
of the predictions against thresholds; :func:`write` makes the report. The tests follow audEERING's
ser-tests, with tests of what users meet added.
"""

from __future__ import annotations

from intona.audit.dataset import Dataset
from intona.audit.model import AuditedModel
from intona.audit.outcome import Outcome
from intona.audit.report import WRITTEN, Context, summary, write
from intona.audit.run import TESTS, AuditOptions, AuditResult, run
from intona.corpora.speakers import choose_speakers

__all__ = [
    "TESTS",
    "WRITTEN",
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
