"""Who was asked what, when: every wave of every participant, planned or not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from longwave.domain.dataset import Dataset, DatasetAssessment, DatasetParticipant
from longwave.domain.lifecycle import AssessmentStatus
from longwave.domain.missingness import (
    BOUNCED,
    AssessmentFacts,
    AssessmentGap,
    PersonFacts,
    assessment_gap,
)
from longwave.domain.protocol.model import Protocol, Wave

Protocols = Mapping[int, Protocol]
"""Every version of the study's protocol, by the id of the version, in order."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """One wave of one participant. ``assessment`` is None if it was never planned.

    ``participant`` is a position in ``Dataset.participants``.
    """

    participant: int
    wave: str
    wave_order: int
    occurrence: int
    assessment: DatasetAssessment | None
    status: str | None
    gap: AssessmentGap | None

    @property
    def was_begun(self) -> bool:
        """Whether there can be answers."""
        return self.gap is None


def all_waves(protocols: Protocols) -> dict[str, Wave]:
    """Return the waves of all versions in order, each as the newest version has it."""
    newest = {wave.id: wave for protocol in protocols.values() for wave in protocol.waves}
    return dict(sorted(newest.items(), key=lambda pair: (pair[1].order, pair[0])))


def occurrences_of(protocols: Protocols) -> dict[str, int]:
    """Return how often each wave can come by any version, so that it is the same for all data."""
    most: dict[str, int] = {}
    for protocol in protocols.values():
        for wave in protocol.waves:
            most[wave.id] = max(wave.occurrences, most.get(wave.id, 1))
    return most


def list_occasions(dataset: Dataset, protocols: Protocols) -> list[Occasion]:
    """Return every occurrence of every wave for every participant, planned or not, in order."""
    waves = all_waves(protocols)
    most = occurrences_of(protocols)
    planned = _by_participant_and_wave(dataset.assessments)
    persons = _person_facts(dataset)
    invitations = _invitation_states(dataset)
    found = []
    for place, participant in enumerate(dataset.participants):
        for wave, planned_wave in waves.items():
            of_wave = planned.get((participant.id, wave), {})
            for occurrence in range(1, most[wave] + 1):
                assessment = of_wave.get(occurrence)
                states = invitations.get(assessment.id, frozenset()) if assessment else frozenset()
                found.append(
                    Occasion(
                        participant=place,
                        wave=wave,
                        wave_order=planned_wave.order,
                        occurrence=occurrence,
                        assessment=assessment,
                        status=_status(assessment, dataset.cut_off),
                        gap=assessment_gap(
                            persons[participant.id],
                            _facts(assessment, states),
                            dataset.cut_off,
                        ),
                    )
                )
    return found


def _by_participant_and_wave(
    assessments: Iterable[DatasetAssessment],
) -> dict[tuple[int, str], dict[int, DatasetAssessment]]:
    grouped: dict[tuple[int, str], dict[int, DatasetAssessment]] = defaultdict(dict)
    for found in assessments:
        grouped[found.participant_id, found.wave][found.occurrence] = found
    return grouped


def _person_facts(dataset: Dataset) -> dict[int, PersonFacts]:
    pauses: dict[int, list[tuple[datetime, bool]]] = defaultdict(list)
    for pause in dataset.pauses:
        pauses[pause.participant_id].append((pause.at, pause.paused))

    dead: dict[int, list[tuple[datetime, bool]]] = defaultdict(list)
    for change in dataset.reach:
        dead[change.participant_id].append((change.at, change.dead))

    def facts(who: DatasetParticipant) -> PersonFacts:
        return PersonFacts(
            follow_up=who.follow_up,
            withdrawn_at=who.withdrawn_at,
            pauses=tuple(pauses[who.id]),
            erased=who.erased,
            dead_addresses=tuple(dead[who.id]),
        )

    return {who.id: facts(who) for who in dataset.participants}


def _invitation_states(dataset: Dataset) -> dict[int, frozenset[str]]:
    closes = {found.id: found.ended_at for found in dataset.assessments}
    states: dict[int, set[str]] = defaultdict(set)
    for invitation in dataset.invitations:
        over_at = closes[invitation.assessment_id]
        came_back = invitation.bounced_at is not None and invitation.bounced_at <= over_at
        if invitation.settled_at <= over_at:
            states[invitation.assessment_id].add(BOUNCED if came_back else invitation.state)
    return {assessment: frozenset(found) for assessment, found in states.items()}


def _facts(assessment: DatasetAssessment | None, states: frozenset[str]) -> AssessmentFacts | None:
    if assessment is None:
        return None
    return AssessmentFacts(
        status=assessment.status,
        opens_at=assessment.opens_at,
        closes_at=assessment.ended_at,
        opened_at=assessment.opened_at,
        started_at=assessment.started_at,
        invitations=states,
    )


def _status(assessment: DatasetAssessment | None, cut_off: datetime) -> str | None:
    """Return the status at the cut-off.

    That an assessment opens is no data: whether the clockwork had come round to it yet must
    not change an export.
    """
    if assessment is None:
        return None
    if assessment.status not in (AssessmentStatus.SCHEDULED, AssessmentStatus.OPEN):
        return assessment.status
    opened = assessment.opens_at <= cut_off
    return AssessmentStatus.OPEN if opened else AssessmentStatus.SCHEDULED
