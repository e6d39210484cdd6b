"""A study's rows as plain values: what an export is made from, however they were stored."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar

T = TypeVar("T")
Part = Literal["text", "dates"]
"""What tells much of a person, and is in an export only if somebody asked for it."""


@dataclass(frozen=True, slots=True)
class DatasetStudy:
    """The study that the rows belong to."""

    id: int
    slug: str
    trial_run: bool


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """One version of the study's protocol."""

    id: int
    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class DatasetParticipant:
    """One participant who consented.

    ``stratum_actual`` is what the stratum should have been, where it was entered wrongly.
    ``arm`` and ``crossover_at`` are None in a blinded dataset, whatever is stored.
    """

    id: int
    public_id: str
    site: str
    language: str
    zone: str
    stage: str
    follow_up: str
    messages: str
    stratum: str | None
    consented_at: datetime | None
    enrolled_at: datetime | None
    randomised_at: datetime | None
    withdrawn_at: datetime | None
    stratum_actual: str | None = None
    randomised_in_error: bool = False
    erased: bool = False
    cluster: str | None = None
    crossover_at: datetime | None = None
    arm: str | None = None


@dataclass(frozen=True, slots=True)
class DatasetAssessment:
    """One planned occurrence of a wave.

    ``closing_reason`` is the rule by which it closed, if one did; ``zone`` is that of its times.
    ``item_orders`` holds, by instrument, the orders of items that chance decided.
    """

    id: int
    participant_id: int
    version_id: int
    wave: str
    occurrence: int
    status: str
    mode: str
    opens_at: datetime
    due_at: datetime
    closes_at: datetime
    opened_at: datetime | None
    started_at: datetime | None
    submitted_at: datetime | None
    closed_at: datetime | None
    closing_reason: str | None = None
    zone: str | None = None
    item_orders: Mapping[str, Sequence[str]] | None = None

    @property
    def ended_at(self) -> datetime:
        """When it closed by a rule of expiry; otherwise the end of its window."""
        if self.closing_reason is None or self.closed_at is None:
            return self.closes_at
        return self.closed_at


@dataclass(frozen=True, slots=True)
class DatasetInvitation:
    """What became of one invitation or reminder to an assessment, and when.

    ``bounced_at`` is when it came back for good, though it had been sent.
    """

    assessment_id: int
    state: str
    settled_at: datetime
    bounced_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DatasetPause:
    """A participant wanted no messages from this instant on, or wanted them again."""

    participant_id: int
    at: datetime
    paused: bool


@dataclass(frozen=True, slots=True)
class DatasetReach:
    """From this instant on a participant's address was known to be dead, or was another one."""

    participant_id: int
    at: datetime
    dead: bool


@dataclass(frozen=True, slots=True)
class DatasetDose:
    """One session of a course or day's practice; ``facilitator`` is a number, never a name."""

    participant_id: int
    programme: str
    session: int
    group: str | None
    facilitator: int | None
    format: str | None
    planned_at: datetime
    done_at: datetime | None
    minutes: float | None


@dataclass(frozen=True, slots=True)
class DatasetAlert:
    """A safety rule that the answers of an assessment set off."""

    participant_id: int
    wave: str
    occurrence: int
    rule: str
    raised_at: datetime
    acknowledged_at: datetime | None


@dataclass(slots=True)
class AnswerColumns:
    """Every answer, by column and as codes, since a study may hold tens of millions.

    ``item[i]`` is an index into ``items``, whose members are (instrument, item);
    ``value[i]``, ``reason[i]`` and ``other[i]`` are indices into ``values``, ``reasons`` and
    ``others``, or -1; ``milliseconds[i]`` is -1 where nobody measured.
    """

    items: list[tuple[str, str]] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    assessment: array[int] = field(default_factory=lambda: array("q"))
    item: array[int] = field(default_factory=lambda: array("i"))
    value: array[int] = field(default_factory=lambda: array("i"))
    reason: array[int] = field(default_factory=lambda: array("i"))
    other: array[int] = field(default_factory=lambda: array("i"))
    milliseconds: array[int] = field(default_factory=lambda: array("i"))

    def __len__(self) -> int:
        return len(self.assessment)


class AnswerEncoder:
    """Fills `AnswerColumns` from batches of rows.

    A row is (assessment, instrument, item, value, reason, other, milliseconds); the last two may
    be left out of all rows.
    """

    def __init__(self) -> None:
        self.columns = AnswerColumns()
        self._items: dict[tuple[str, str], int] = {}
        self._values: dict[str, int] = {}
        self._reasons: dict[str, int] = {}
        self._others: dict[str, int] = {}

    def add(self, batch: Iterable[Sequence[Any]]) -> None:
        """Append a batch of int, str, str, str or None, str or None, str or None, int or None."""
        columns_of_batch = tuple(zip(*batch, strict=True))
        if not columns_of_batch:
            return
        assessment, instrument, item, value, reason, *more = columns_of_batch
        other, milliseconds = more or ([None] * len(assessment),) * 2
        columns = self.columns
        columns.assessment.extend(assessment)
        pairs = list(zip(instrument, item, strict=True))
        _encode(pairs, self._items, columns.items, columns.item)
        _encode(value, self._values, columns.values, columns.value)
        _encode(reason, self._reasons, columns.reasons, columns.reason)
        _encode(other, self._others, columns.others, columns.other)
        columns.milliseconds.extend([-1 if told is None else told for told in milliseconds])


def _encode(
    found: Sequence[T | None], known: dict[T, int], names: list[T], codes: array[int]
) -> None:
    for name in dict.fromkeys(found):
        if name is not None and name not in known:
            known[name] = len(names)
            names.append(name)
    codes.extend([-1 if name is None else known[name] for name in found])


@dataclass(frozen=True, slots=True)
class TrailHead:
    """The head of the last sealed block of the audit trail.

    ``number`` and ``last_event`` are None in a blinded dataset: counted from one export to the
    next, they would tell of events that the blinded do not hear of.
    """

    number: int | None
    last_event: int | None
    head: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """Everything that an export of one study shows, up to ``cut_off``.

    ``left_out`` counts those who are not in it since they never consented, by stage. ``doses`` is
    empty in a blinded dataset. ``parts`` are those that were asked for; without them, the values
    of written texts and dates are not in ``answers``, whose reason is then ``withheld``.
    """

    study: DatasetStudy
    versions: tuple[DatasetVersion, ...]
    participants: tuple[DatasetParticipant, ...]
    assessments: tuple[DatasetAssessment, ...]
    invitations: tuple[DatasetInvitation, ...]
    pauses: tuple[DatasetPause, ...]
    answers: AnswerColumns
    cut_off: datetime
    left_out: dict[str, int]
    blinded: bool
    trail: TrailHead | None = None
    doses: tuple[DatasetDose, ...] = ()
    reach: tuple[DatasetReach, ...] = ()
    alerts: tuple[DatasetAlert, ...] = ()
    parts: tuple[Part, ...] = ()
