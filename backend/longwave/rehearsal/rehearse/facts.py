"""What came of a rehearsal, as plain values: read once, added up, and made into a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce

import numpy as np

from longwave.domain.dataset import Dataset, DatasetParticipant
from longwave.domain.lifecycle import AssessmentStatus, MessageState
from longwave.domain.protocol.anchors import PROGRAMME, RANDOMISATION, WAVE, planned_at
from longwave.domain.protocol.model import Protocol
from longwave.domain.rules import compile_rule
from longwave.domain.safety import names_in, variables_of
from longwave.export.cells import AnswerCells
from longwave.export.content import all_scales
from longwave.export.occasions import Occasion, list_occasions
from longwave.export.scores import scores_frame
from longwave.rehearsal.rehearse.people import Virtual
from longwave.rehearsal.rehearse.scratch import DIRECTOR, Scratch
from longwave.services.export import read_study, record_unblinding
from longwave.storage import rehearsed
from longwave.storage.rehearsed import RehearsedMessage, RehearsedWindow

Numbers = Mapping[int, int]
"""The number of each participant, by the id of the row."""

_REASON = "rehearsal in a scratch database"
COMPLETE = "complete"
PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class PersonFact:
    """Somebody who enrolled. ``number`` is the person's place among all who came."""

    number: int
    site: str
    zone: str
    follow_up: str
    arm: str | None
    stratum: str | None
    enrolled_at: datetime
    randomised_at: datetime | None
    crossover_at: datetime | None


@dataclass(frozen=True, slots=True)
class WindowFact:
    """One assessment of a person; ``planned_at`` is the instant that it was counted from.

    ``outcome`` is complete, partial, or the reason why it was not begun.
    """

    person: int
    wave: str
    occurrence: int
    zone: str
    due_wall: str
    planned_at: datetime
    opens_at: datetime
    due_at: datetime
    closes_at: datetime
    ended_at: datetime
    outcome: str


@dataclass(frozen=True, slots=True)
class MessageFact:
    """One message to a person, or to staff (``person`` is None)."""

    person: int | None
    wave: str | None
    kind: str
    state: str
    reason: str | None
    at_once: bool
    planned_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class AlertFact:
    """A safety rule that fires on the answers of one assessment."""

    rule: str
    person: int
    wave: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a report is made of. ``not_planned`` has persons by wave."""

    came: int
    turned_away: Mapping[str, int]
    pauses: int
    silent: int
    people: tuple[PersonFact, ...]
    windows: tuple[WindowFact, ...]
    not_planned: Mapping[str, tuple[int, ...]]
    messages: tuple[MessageFact, ...]
    alerts: tuple[AlertFact, ...]
    undecided: Mapping[str, int]
    tasks: Mapping[str, int]
    rows: Mapping[str, int]
    database_bytes: int
    ticks: int
    ended_at: datetime


def add_up(parts: Iterable[Facts]) -> Facts:
    """Return the facts of all parts of a cohort as those of the whole."""
    return reduce(_both, parts)


def _both(one: Facts, other: Facts) -> Facts:
    waves = {**one.not_planned, **other.not_planned}
    return Facts(
        came=one.came + other.came,
        turned_away=_sum(one.turned_away, other.turned_away),
        pauses=one.pauses + other.pauses,
        silent=one.silent + other.silent,
        people=tuple(sorted(one.people + other.people, key=lambda found: found.number)),
        windows=tuple(sorted(one.windows + other.windows, key=_place)),
        not_planned={
            wave: tuple(sorted(one.not_planned.get(wave, ()) + other.not_planned.get(wave, ())))
            for wave in waves
        },
        messages=one.messages + other.messages,
        alerts=one.alerts + other.alerts,
        undecided=_sum(one.undecided, other.undecided),
        tasks=_sum(one.tasks, other.tasks),
        rows=_sum(one.rows, other.rows),
        database_bytes=one.database_bytes + other.database_bytes,
        ticks=one.ticks + other.ticks,
        ended_at=max(one.ended_at, other.ended_at),
    )


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return dict(Counter(one) + Counter(other))


def _place(window: WindowFact) -> tuple[int, str, int]:
    return window.person, window.wave, window.occurrence


def gather(
    scratch: Scratch, people: Sequence[Virtual], *, pauses: int, ticks: int, now: datetime
) -> Facts:
    """Read what a scratch study holds when nothing more is due."""
    numbers: Numbers = {
        person.participant_id: person.number
        for person in people
        if person.participant_id is not None
    }
    study_id = scratch.study.id or 0
    with scratch.database.writing() as session:
        rows = rehearsed.row_counts(session)
        database_bytes = rehearsed.database_bytes(session)
        slug = scratch.protocol.study.slug
        unblinding = record_unblinding(session, slug, viewer=DIRECTOR, reason=_REASON, now=now)
        data = read_study(session, slug, unblinding=unblinding)
        dataset = replace(data.dataset, cut_off=now)
        occasions = list_occasions(dataset, data.protocols)
        planned = {window.id: window for window in rehearsed.windows(session, study_id)}
        alerts, undecided = _alerts(dataset, data.protocols, occasions, scratch.protocol, numbers)
        return Facts(
            came=len(people),
            turned_away=rehearsed.turned_away(session, study_id),
            pauses=pauses,
            silent=sum(
                person.silent_from is not None and person.participant_id is not None
                for person in people
            ),
            people=tuple(_person(who, numbers) for who in dataset.participants),
            windows=_windows(dataset, occasions, planned, scratch.protocol, numbers),
            not_planned=_not_planned(dataset, occasions, numbers),
            messages=tuple(
                _message(found, planned, numbers) for found in rehearsed.messages(session, study_id)
            ),
            alerts=alerts,
            undecided=undecided,
            tasks=rehearsed.tasks(session, study_id),
            rows=rows,
            database_bytes=database_bytes,
            ticks=ticks,
            ended_at=now,
        )


def _person(who: DatasetParticipant, numbers: Numbers) -> PersonFact:
    assert who.enrolled_at is not None
    return PersonFact(
        number=numbers[who.id],
        site=who.site,
        zone=who.zone,
        follow_up=who.follow_up,
        arm=who.arm,
        stratum=who.stratum,
        enrolled_at=who.enrolled_at,
        randomised_at=who.randomised_at,
        crossover_at=who.crossover_at,
    )


def _windows(
    dataset: Dataset,
    occasions: Iterable[Occasion],
    planned: Mapping[int, RehearsedWindow],
    protocol: Protocol,
    numbers: Numbers,
) -> tuple[WindowFact, ...]:
    since = _Since(protocol, dataset)
    found = []
    for occasion in occasions:
        if occasion.assessment is None:
            continue
        who = dataset.participants[occasion.participant]
        window = planned[occasion.assessment.id]
        found.append(
            WindowFact(
                person=numbers[who.id],
                wave=window.wave,
                occurrence=window.occurrence,
                zone=window.zone,
                due_wall=window.due_wall,
                planned_at=since(who, window),
                opens_at=window.opens_at,
                due_at=window.due_at,
                closes_at=window.closes_at,
                ended_at=min(window.closed_at or window.closes_at, window.closes_at),
                outcome=occasion.gap or _outcome(window.status),
            )
        )
    return tuple(sorted(found, key=_place))


def _outcome(status: str) -> str:
    return COMPLETE if status == AssessmentStatus.COMPLETED else PARTIAL


class _Since:
    """When the waves of a person were planned: at the event that each counts from."""

    def __init__(self, protocol: Protocol, dataset: Dataset) -> None:
        self._events = {wave.id: planned_at(protocol, wave) for wave in protocol.waves}
        self._programmes = {name: arm.programme for name, arm in protocol.arms.items()}
        self._ends = {
            (found.participant_id, found.wave): found.closed_at for found in dataset.assessments
        }

    def __call__(self, who: DatasetParticipant, window: RehearsedWindow) -> datetime:
        event = self._events[window.wave]
        found: datetime | None = who.enrolled_at
        if event is None:
            found = window.opens_at
        elif event == RANDOMISATION:
            found = who.randomised_at
        elif event == PROGRAMME:
            at_once = self._programmes.get(who.arm or "") is not None
            found = who.randomised_at if at_once else who.crossover_at
        elif event.startswith(WAVE):
            found = self._ends.get((who.id, event.removeprefix(WAVE)))
        return found or window.opens_at


def _not_planned(
    dataset: Dataset, occasions: Iterable[Occasion], numbers: Numbers
) -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {}
    for occasion in occasions:
        if occasion.assessment is None:
            number = numbers[dataset.participants[occasion.participant].id]
            found.setdefault(occasion.wave, []).append(number)
    return {wave: tuple(sorted(people)) for wave, people in found.items()}


def _message(
    found: RehearsedMessage, planned: Mapping[int, RehearsedWindow], numbers: Numbers
) -> MessageFact:
    about = None if found.assessment_id is None else planned[found.assessment_id]
    return MessageFact(
        person=None if found.participant_id is None else numbers[found.participant_id],
        wave=about and about.wave,
        kind=found.kind,
        state=found.state,
        reason=found.reason,
        at_once=found.at_once,
        planned_at=found.planned_at,
        sent_at=found.settled_at if found.state == MessageState.SENT else None,
    )


def _alerts(
    dataset: Dataset,
    protocols: Mapping[int, Protocol],
    occasions: list[Occasion],
    protocol: Protocol,
    numbers: Numbers,
) -> tuple[tuple[AlertFact, ...], dict[str, int]]:
    """Evaluate every safety rule on the answers and scores of every assessment that was begun."""
    if not protocol.safety:
        return (), {}
    variables = variables_of(protocol.instruments.values())
    rules = [(rule, compile_rule(rule.when, variables)) for rule in protocol.safety]
    fired: list[AlertFact] = []
    undecided: Counter[str] = Counter()
    for place, values in _values(dataset, protocols, occasions, protocol).items():
        occasion = occasions[place]
        if occasion.assessment is None or not occasion.was_begun:
            continue
        who = dataset.participants[occasion.participant]
        at = occasion.assessment.submitted_at or occasion.assessment.closes_at
        for rule, compiled in rules:
            if not rule.holds_at(occasion.wave):
                continue
            outcome = compiled.outcome(values)
            if outcome:
                fired.append(AlertFact(rule.id, numbers[who.id], occasion.wave, at))
            elif outcome is None and any(name in values for name in names_in(rule.when)):
                undecided[rule.id] += 1
    return tuple(fired), dict(undecided)


def _values(
    dataset: Dataset,
    protocols: Mapping[int, Protocol],
    occasions: list[Occasion],
    protocol: Protocol,
) -> dict[int, dict[str, str | float | None]]:
    """Return what rules name, for each occasion; None where it was asked and is not known."""
    cells = AnswerCells(dataset, protocols, occasions)
    found = _scores(cells, len(occasions))
    wanted = {name for rule in protocol.safety for name in names_in(rule.when)}
    types = dict(variables_of(protocol.instruments.values()))
    scales = {f"{instrument}.{scale}" for instrument, scale in all_scales(protocols)}
    places = {id(occasion): place for place, occasion in enumerate(occasions)}
    for wave in cells.waves:
        for column, (instrument, item) in enumerate(wave.items):
            name = f"{instrument}.{item}"
            if name not in wanted or name in scales:
                continue
            for row, code in zip(wave.rows, wave.value[:, column], strict=True):
                value = None if code < 0 else cells.values[code]
                is_number = value is not None and types[name] == "number"
                known = found.setdefault(places[id(cells.begun[row])], {})
                known[name] = float(value) if value is not None and is_number else value
    return found


def _scores(cells: AnswerCells, places: int) -> dict[int, dict[str, str | float | None]]:
    """Return the scores of each occasion, by ``instrument.scale``; None for too few items."""
    frame = scores_frame(cells, {"place": np.arange(places)})
    columns = (frame[name] for name in ("place", "instrument", "scale", "value"))
    found: dict[int, dict[str, str | float | None]] = {}
    for place, instrument, scale, value in zip(*columns, strict=True):
        number = float(value)
        known = found.setdefault(int(place), {})
        known[f"{instrument}.{scale}"] = None if np.isnan(number) else number
    return found
