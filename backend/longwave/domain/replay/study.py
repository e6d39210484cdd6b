"""The state of a study as it follows from the events of the audit trail, and from them alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from longwave.domain.lifecycle import StudyMode, StudyState
from longwave.domain.trail import Allocated, Happened, take


class Approved(NamedTuple):
    """An approval, as somebody recorded it."""

    hash: str
    reference: str
    approver: str
    approved_on: str
    registry_id: str | None
    exemption: str | None
    recorded_by: str
    recorded_at: str


@dataclass(slots=True)
class StudyRecord:
    """What follows from a study's events.

    ``versions`` holds the protocols' hashes by number; ``register`` counts the lines of the
    screening register by outcome, site and reason.
    """

    added_at: str | None = None
    mode: StudyMode = StudyMode.LIVE
    state: StudyState | None = None
    commitment: str | None = None
    opened_at: str | None = None
    closed_at: str | None = None
    locked_at: str | None = None
    archived_at: str | None = None
    versions: dict[int, str] = field(default_factory=dict)
    approvals: list[Approved] = field(default_factory=list)
    clusters: dict[str, Allocated] = field(default_factory=dict)
    register: Counter[tuple[str, str, str | None]] = field(default_factory=Counter)


def apply(state: StudyRecord, event: Happened) -> None:
    """Take one further event into ``state``; kinds that change nothing pass.

    Raises
    ------
    ValueError
        If the event does not hold what one of its kind holds.
    """
    take(_STEPS, state, event)


def _added(state: StudyRecord, event: Happened) -> None:
    state.state, state.added_at = StudyState.DRAFT, event.at
    state.versions[1] = event.payload["hash"]


def _approved(state: StudyRecord, event: Happened) -> None:
    told = event.payload
    if state.state is StudyState.DRAFT:  # later versions are approved while the study runs
        state.state = StudyState.APPROVED
    state.commitment = told.get("commitment")
    state.approvals.append(
        Approved(
            told["hash"],
            told["reference"],
            told["approver"],
            told["approved_on"],
            told.get("registry"),
            told.get("exemption"),
            event.actor,
            event.at,
        )
    )


def _amended(state: StudyRecord, event: Happened) -> None:
    state.versions[event.payload["number"]] = event.payload["hash"]


def _opened(state: StudyRecord, event: Happened) -> None:
    state.state, state.opened_at = StudyState.OPEN, event.at
    state.mode = StudyMode(event.payload["mode"])
    state.commitment = event.payload["commitment"]


def _closed(state: StudyRecord, event: Happened) -> None:
    state.state, state.closed_at = StudyState.CLOSED, event.at


def _locked(state: StudyRecord, event: Happened) -> None:
    state.state, state.locked_at = StudyState.LOCKED, event.at


def _archived(state: StudyRecord, event: Happened) -> None:
    state.state, state.archived_at = StudyState.ARCHIVED, event.at


def _entered(state: StudyRecord, event: Happened) -> None:
    told = event.payload
    state.register[told["outcome"], told["site"], told.get("reason")] += 1


def _cluster(state: StudyRecord, event: Happened) -> None:
    state.clusters.setdefault(event.payload["cluster"], Allocated.of(event))  # the first stands


_STEPS: Mapping[str, Callable[[StudyRecord, Happened], None]] = {
    "study.added": _added,
    "study.approved": _approved,
    "study.amended": _amended,
    "study.opened": _opened,
    "study.closed": _closed,
    "study.locked": _locked,
    "study.archived": _archived,
    "screening.entered": _entered,
    "cluster.allocated": _cluster,
}

KINDS = frozenset(_STEPS)
"""The kinds of events from which something follows for a study."""
