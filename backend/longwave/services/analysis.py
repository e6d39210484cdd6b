"""The planned analysis of a study, run on an export."""

from __future__ import annotations

from pathlib import Path

from longwave.domain.protocol.model import Protocol
from longwave.report import Analysis, analyse

__all__ = ["Analysis", "run_planned_analysis"]


def run_planned_analysis(export_directory: Path, protocol: Protocol, out: Path) -> Analysis:
    """Run what ``protocol`` planned on an export, and write the report to ``out``.

    See `longwave.report.analyse`; needs no session, since an export is all that it reads.
    """
    return analyse(export_directory, protocol, out)
