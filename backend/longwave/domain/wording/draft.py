"""What a file says of a wording, before it is held against the instrument."""

from __future__ import annotations

from dataclasses import dataclass, field

from longwave.domain.wording.faults import FaultsOfFile


@dataclass(frozen=True, slots=True)
class Label:
    """What one answer is called."""

    row: int
    value: str
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of the file, with the answers that are written for it alone."""

    row: int
    name: str
    text: str
    options: tuple[Label, ...]


@dataclass(slots=True)
class Draft:
    """A wording as a file has it.

    The columns' names and ``faults_of_options``, of the sheet of the answers, serve to say what
    is wrong where. ``shared`` are the answers to all questions that have none of their own.
    """

    faults: FaultsOfFile
    faults_of_options: FaultsOfFile
    name_column: str
    text_column: str
    option_column: str
    asked: list[Asked] = field(default_factory=list)
    shared: tuple[Label, ...] = ()
    title: str = ""
    instruction: str = ""
    signposting: str = ""
    scales: dict[str, str] = field(default_factory=dict)
