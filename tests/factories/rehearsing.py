"""Small protocols to rehearse, and people who do what can be counted by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from factories.lab import edited
from factories.small_trial import FILES
from longwave.rehearsal.rehearse import Assumptions, Plan, Report, rehearse

START = date(2027, 2, 1)

DUTIFUL = replace(
    Assumptions(),
    zones={},
    dropout=0.0,
    withdrawal=0.0,
    pausing=0.0,
    nonresponse=0.0,
    waits=0.0,
    delay=0.001,
    looks_only=0.0,
    partial=0.0,
    skips=0.0,
    refuses=0.0,
)
"""Everybody lives in the study's zone and answers everything, long before any reminder."""

_W1_END = "    instruments: [rest, load]\nprogrammes:"


def trial(edits: dict[str, str] | None = None) -> dict[str, bytes]:
    """Return the small trial, edited: w0, four weeks later w1, and a reminder after three days."""
    return edited(FILES, edits or {})


def with_wave(wave: str, edits: dict[str, str] | None = None) -> dict[str, bytes]:
    """Return the small trial with a wave more, as a line of YAML."""
    more = {_W1_END: f"    instruments: [rest, load]\n  - {wave}\nprogrammes:"}
    return trial({**(edits or {}), **more})


def rehearsed(
    files: dict[str, bytes] | None = None,
    participants: int = 20,
    *,
    seed: int = 1,
    start: date = START,
    assumed: Assumptions = DUTIFUL,
    **how: Any,
) -> Report:
    """Rehearse a protocol; by default the small trial, with people who answer everything."""
    plan = Plan(files or trial(), participants, seed, start, assumed)
    return rehearse(plan, **how)[0]


def outcomes(report: Report, wave: str, arm: str = "all") -> dict[str, int]:
    """Return what became of a wave in an arm."""
    (found,) = [one for one in report.waves if (one.wave, one.arm) == (wave, arm)]
    return dict(found.outcomes)
