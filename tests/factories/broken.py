"""Protocols with one thing broken, and what must then be told about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from longwave.domain.protocol import Fault, ProtocolFaults, read_protocol

SMALL = Path(__file__).parents[1] / "domain" / "protocol" / "small"
MOOD = "instruments/mood.yaml"
HABITS = "instruments/habits.yaml"
MOOD_TR = "instruments/wordings/mood.tr.yaml"
HABITS_EN = "instruments/wordings/habits.en.yaml"


def small_study() -> dict[str, bytes]:
    """A small study with everything in it, as files."""
    return {
        path.relative_to(SMALL).as_posix(): path.read_bytes()
        for path in sorted(SMALL.rglob("*"))
        if path.is_file()
    }


@dataclass(frozen=True)
class Broken:
    """A change to a good protocol, and the one fault that must follow.

    ``line`` is a text that stands on the line to be named; by default what was written instead.
    """

    field: str
    old: str
    new: str
    message: str
    remedy: str
    line: str | None = None
    file: str = "protocol.yaml"
    everywhere: bool = False


def change(files: dict[str, bytes], case: Broken) -> dict[str, bytes]:
    """Apply the change to a good protocol's files."""
    text = files[case.file].decode()
    assert case.old in text, "the good protocol has changed: mend the test"
    count = -1 if case.everywhere else 1
    return files | {case.file: text.replace(case.old, case.new, count).encode()}


def faults_of(files: dict[str, bytes]) -> tuple[Fault, ...]:
    """Read files that must have faults, and return these."""
    with pytest.raises(ProtocolFaults) as caught:
        read_protocol(files)
    return caught.value.faults


def assert_only_fault(files: dict[str, bytes], case: Broken) -> None:
    """Break a good protocol, and check that the fault is told rightly and alone."""
    files = change(files, case)
    (fault,) = faults_of(files)
    assert (fault.file, fault.field) == (case.file, case.field)
    assert case.message in fault.message
    assert case.remedy in fault.remedy
    written = files[case.file].decode().splitlines()[fault.line - 1]
    assert (case.line or case.new.splitlines()[0]) in written
