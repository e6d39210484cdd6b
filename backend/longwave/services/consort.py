"""The flow of participants after CONSORT: counted from events alone, reconciled with the tables.

References
----------
Schulz, Altman and Moher (2010), CONSORT 2010 Statement, doi:10.1136/bmj.c332.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from sqlmodel import Session

from longwave.domain.blinding import Viewer, waves_that_tell
from longwave.domain.errors import LongwaveError
from longwave.domain.lifecycle import (
    FollowUp,
    ProgrammeState,
    ScreeningOutcome,
    Stage,
    StudyMode,
)
from longwave.domain.permissions import Action
from longwave.domain.protocol.model import Protocol, TreatmentAnalysis
from longwave.domain.replay import PersonState, StudyRecord, person, study
from longwave.domain.trail import Happened, read_payload
from longwave.services.study import current_protocol, get_study
from longwave.storage import consort as storage
from longwave.storage.consort import Facts, Sites
from longwave.storage.export import begin_snapshot
from longwave.storage.tables.base import key
from longwave.storage.trail import StoredEvent

Line = tuple[str, str]
"""A line of the flow, and its detail: a reason, an arm, or nothing."""

_ANSWERED = ("completed", "partial")
_AWAITING = "awaiting randomisation"
_FORMER_REASONS = {"eligibility rule": "rule", "takes part already": "duplicate", None: "rule"}
_VERIFY = "Run `longwave audit verify`, which says where trail and tables part."


@dataclass(frozen=True, slots=True)
class ArmFlow:
    """One arm's part of the flow. ``clusters`` is None unless clusters are allocated."""

    arm: str
    allocated: int
    clusters: int | None
    received: int
    stopped: int
    crossed_over: int
    lost: int
    deceased: int
    withdrew: int
    completed: int
    analysed: int


@dataclass(frozen=True, slots=True)
class Flow:
    """The flow of a study's participants. ``arms`` is None for a blinded viewer.

    So is ``completed`` where waves count from the programme: who waited completes later.

    ``wave`` is that of the primary outcome, or the last one: who answered it is analysed.
    ``sites`` names those that were counted, None for all.
    """

    slug: str
    trial_run: bool
    sites: tuple[str, ...] | None
    wave: str
    approached: int
    declined: int
    assessed: int
    excluded: int
    excluded_by_reason: Mapping[str, int]
    undecided: int
    enrolled: int
    not_randomised: int
    not_randomised_by_reason: Mapping[str, int]
    randomised: int
    randomised_in_error: int
    lost: int
    deceased: int
    withdrew: int
    completed: int | None
    analysed: int
    arms: tuple[ArmFlow, ...] | None


def consort(session: Session, slug: str, viewer: Viewer) -> Flow:
    """Count the flow of a study's participants from its events.

    Somebody who was granted some sites gets the counts of those.

    Raises
    ------
    NotAllowedError
        If the viewer may not see counts.
    LongwaveError
        If the tables give another number than the events; it names the line and both.
    """
    viewer.require(Action.SEE_COUNTS)
    begin_snapshot(session)
    found = get_study(session, slug)
    protocol = current_protocol(session, found)
    hidden = waves_that_tell(protocol) if viewer.blinded else frozenset()
    sites, wave = viewer.sites_for(Action.SEE_COUNTS), primary_wave(protocol, hidden)
    arms = viewer.sees_arms
    told = _from_events(session, key(found), protocol, wave, sites, arms=arms)
    _reconcile(told, _from_tables(session, key(found), wave, sites, arms=arms))
    flow = _flow(slug, found.mode == StudyMode.TRIAL_RUN, protocol, wave, sites, told, arms=arms)
    return replace(flow, completed=None) if hidden else flow


def primary_wave(protocol: Protocol, hidden: Collection[str] = ()) -> str:
    """Return the wave of the first planned contrast between arms, or the last not hidden."""
    planned = (found for found in protocol.analysis if isinstance(found, TreatmentAnalysis))
    first = next(planned, None)
    shown = [wave.id for wave in protocol.waves if wave.id not in hidden]
    return first.wave if first else shown[-1]


# --- from events ---------------------------------------------------------------------------------


def _from_events(
    session: Session, study_id: int, protocol: Protocol, wave: str, sites: Sites, *, arms: bool
) -> Counter[Line]:
    told: Counter[Line] = Counter()
    for _, events in groupby(
        storage.events_of_people(session, study_id, person.KINDS),
        lambda event: event.participant_id,
    ):
        state = PersonState()
        for event in events:
            _take(person.apply, state, event)
        if sites is None or state.site in sites:
            told.update(_lines(_facts(state, protocol, wave), arms=arms))
    record = StudyRecord()
    for event in storage.events_of_study(session, study_id, study.KINDS):
        _take(study.apply, record, event)
    for (outcome, site, reason), lines in record.register.items():
        if sites is None or site in sites:
            _add_register(told, outcome, reason, lines)
    if arms and sites is None:
        told.update(("clusters", allocated.arm) for allocated in record.clusters.values())
    return told


def _take(step: Callable[[Any, Happened], object], state: object, event: StoredEvent) -> None:
    happened = Happened(event.id, event.kind, event.actor, event.at, read_payload(event.payload))
    try:
        step(state, happened)
    except ValueError as error:
        raise LongwaveError(f"The flow cannot be counted: {error}.", _VERIFY) from None


def _facts(state: PersonState, protocol: Protocol, wave: str) -> Facts:
    arm = state.allocations[0].arm if state.allocations else None
    received = bool(state.started)
    if arm is not None and not state.tells_programmes:  # version 0.1 told no beginning
        meant = protocol.arms.get(arm)
        begins = meant is not None and meant.programme is not None
        received = begins or state.crossover_at is not None
    answered = any(
        name == wave and ended.status in _ANSWERED for (name, _), ended in state.assessments.items()
    )
    return Facts(
        stage=str(state.stage),
        reason=state.ineligible_reason,
        is_duplicate=state.is_duplicate,
        follow_up=state.follow_up,
        arm=arm,
        in_error=state.randomised_in_error_at is not None,
        received=received,
        stopped=state.programme is ProgrammeState.STOPPED,
        crossed_over=state.crossover_at is not None,
        analysed=arm is not None and state.erased_at is None and answered,
    )


# --- from tables ---------------------------------------------------------------------------------


def _from_tables(
    session: Session, study_id: int, wave: str, sites: Sites, *, arms: bool
) -> Counter[Line]:
    counted: Counter[Line] = Counter()
    for facts, people in storage.count_people(session, study_id, wave, sites):
        for line in _lines(facts, arms=arms):
            counted[line] += people
    for outcome, reason, lines in storage.count_register(session, study_id, sites):
        _add_register(counted, outcome, reason, lines)
    if arms and sites is None:
        for arm, clusters in storage.count_clusters(session, study_id):
            counted["clusters", arm] += clusters
    return counted


def _reconcile(told: Counter[Line], counted: Counter[Line]) -> None:
    for line in sorted(told.keys() | counted.keys()):
        if told[line] != counted[line]:
            name = " ".join(
                filter(None, (line[0].replace("_", " "), f"({line[1]})" * bool(line[1])))
            )
            raise LongwaveError(
                f"The flow of participants does not hold: {name} is {told[line]} by the audit "
                f"trail, and {counted[line]} by the tables.",
                _VERIFY,
            )


# --- lines ---------------------------------------------------------------------------------------

_ENDS = {
    FollowUp.LOST: "lost",
    FollowUp.DECEASED: "deceased",
    FollowUp.WITHDRAWN: "withdrew",
    FollowUp.COMPLETED: "completed",
}


def _lines(facts: Facts, *, arms: bool) -> Iterator[Line]:
    """Give the lines in which somebody counts; those of an arm only where arms are told."""
    yield "assessed", ""
    if facts.stage == Stage.INELIGIBLE:
        reason = "duplicate" if facts.is_duplicate else facts.reason
        yield "excluded", ""
        yield "excluded", _FORMER_REASONS.get(reason, reason or "")
        return
    if facts.stage == Stage.SCREENED:
        yield "undecided", ""
        return
    yield "enrolled", ""
    end = _ENDS.get(FollowUp(facts.follow_up))
    if facts.arm is None or facts.stage != Stage.RANDOMISED:
        yield "not_randomised", ""
        yield "not_randomised", end or _AWAITING
        return
    for name in _lines_after_randomisation(facts, end):
        yield name, ""
    if arms:
        yield "allocated", facts.arm
        for name in (*_lines_after_randomisation(facts, end), *_lines_of_programme(facts)):
            yield name, facts.arm


def _lines_after_randomisation(facts: Facts, end: str | None) -> Iterator[str]:
    yield "randomised"
    if facts.in_error:
        yield "randomised_in_error"
    if end is not None:
        yield end
    if facts.analysed:
        yield "analysed"


def _lines_of_programme(facts: Facts) -> Iterator[str]:
    if facts.received:
        yield "received"
    if facts.stopped:
        yield "stopped"
    if facts.crossed_over:
        yield "crossed_over"


def _add_register(counted: Counter[Line], outcome: str, reason: str | None, lines: int) -> None:
    if outcome == ScreeningOutcome.INELIGIBLE:
        counted["assessed", ""] += lines
        counted["excluded", ""] += lines
        counted["excluded", reason or "no reason given"] += lines
    else:
        counted[outcome, ""] += lines


def _flow(
    slug: str,
    trial_run: bool,
    protocol: Protocol,
    wave: str,
    sites: Sites,
    told: Counter[Line],
    *,
    arms: bool,
) -> Flow:
    def by_detail(name: str) -> dict[str, int]:
        return {
            detail: count
            for (line, detail), count in sorted(told.items())
            if line == name and detail
        }

    return Flow(
        slug=slug,
        trial_run=trial_run,
        sites=None if sites is None else tuple(sorted(sites)),
        wave=wave,
        excluded_by_reason=by_detail("excluded"),
        not_randomised_by_reason=by_detail("not_randomised"),
        arms=tuple(_arm(arm, protocol, told, sites) for arm in protocol.arms) if arms else None,
        **{name: told[name, ""] for name in _TOTALS},
    )


_TOTALS = (
    "approached",
    "declined",
    "assessed",
    "excluded",
    "undecided",
    "enrolled",
    "not_randomised",
    "randomised",
    "randomised_in_error",
    "lost",
    "deceased",
    "withdrew",
    "completed",
    "analysed",
)
_OF_AN_ARM = (
    "allocated",
    "received",
    "stopped",
    "crossed_over",
    "lost",
    "deceased",
    "withdrew",
    "completed",
    "analysed",
)


def _arm(arm: str, protocol: Protocol, told: Counter[Line], sites: Sites) -> ArmFlow:
    plan = protocol.randomisation
    by_cluster = plan is not None and plan.cluster is not None and sites is None
    return ArmFlow(
        arm=arm,
        clusters=told["clusters", arm] if by_cluster else None,
        **{name: told[name, arm] for name in _OF_AN_ARM},
    )
