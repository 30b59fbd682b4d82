"""Audit: behaviour tests of recognisers.

:func:`run` asks models about a corpus as it is and as it may sound elsewhere, and holds the
answers against thresholds; :func:`write` makes the report. The tests follow audEERING's
ser-tests, with tests of what users meet added.
"""

from __future__ import annotations

from intona.audit.dataset import Material
from intona.audit.model import Subject
from intona.audit.outcome import Outcome
from intona.audit.report import Context, summary, write
from intona.audit.run import TESTS, AuditOptions, AuditResult, run
from intona.corpora.speakers import choose_speakers

__all__ = [
    "TESTS",
    "AuditOptions",
    "AuditResult",
    "Context",
    "Material",
    "Outcome",
    "Subject",
    "choose_speakers",
    "run",
    "summary",
    "write",
]
